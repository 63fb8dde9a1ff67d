"""The price fields of LiteLLM: the rate of each, and the fields that are left out, with the reason.

A field's name has the thing sold, then, in any order, a tier bound ("_above_200k_tokens": more than 200,000 tokens of
input) and a service ("_batches").
"""

import re
from collections.abc import Mapping

from pricing_data.price import STANDARD
from pricing_data.refresh.tariff_values import RatePlace

RATES: Mapping[str, str] = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cached_input",
    "cache_creation_input_token_cost": "cache_write",
    # Kept for the provider's longer time: an hour at Anthropic, twelve hours at OpenAI. No entry has both.
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "cache_creation_input_token_cost_above_12hr": "cache_write_1h",
    "input_cost_per_audio_token": "input_audio",
    "cache_read_input_audio_token_cost": "cached_audio",
    "input_cost_per_image_token": "input_image",
    "cache_read_input_image_token_cost": "cached_image",
    "input_cost_per_video_token": "input_video",
    "output_cost_per_reasoning_token": "reasoning",
    "output_cost_per_audio_token": "output_audio",
    "output_cost_per_image_token": "output_image",
    "input_cost_per_request": "per_call",
    "ocr_cost_per_page": "page",
}
# Other names of a field, used if the field itself is missing.
ALIASES: Mapping[str, str] = {
    "input_cost_per_token_cache_hit": "cache_read_input_token_cost",
    "cache_read_input_token_cost_per_audio_token": "cache_read_input_audio_token_cost",
}
SERVICES: Mapping[str, str] = {
    "batches": "batch",
    "batch_requests": "batch",
    "flex": "flex",
    "priority": "priority",
    "ultrafast": "ultrafast",
}
# Services that calls here cannot name, with the reason.
OTHER_SERVICES: Mapping[str, str] = {
    "balanced": "a plan of one host",
    "decisions": "an endpoint that gives back no tokens",
}
# Factors on all token rates, by the region that they are for.
REGIONS: Mapping[str, str] = {
    "regional_processing_uplift_multiplier_us": "us",
    "regional_processing_uplift_multiplier_eu": "eu",
    "regional_endpoint_uplift_multiplier": "regional",
    "fedramp_uplift_multiplier": "fedramp",
}
# Fields with a structure of their own, which `litellm` reads.
STRUCTURES = frozenset(
    {"search_context_cost_per_query", "tiered_pricing", "off_peak_pricing", "provider_specific_entry"}
)
# Fields without a rate here, with the reason.
LEFT_OUT: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("a cache that is made by a call of its own", ("explicit_cache_read_input_token_cost",)),
    ("no usage counts audio that is written to a cache apart", ("cache_creation_input_audio_token_cost",)),
    ("a usage has no count of citations", ("citation_cost_per_token",)),
    ("a usage has no video output", ("output_cost_per_video_token",)),
    (
        "another way to state a price by the token, or of a model that is not sold by the token",
        (
            "input_cost_per_image",
            "output_cost_per_image",
            "input_cost_per_pixel",
            "output_cost_per_pixel",
            "input_cost_per_character",
            "output_cost_per_character",
            "cost_per_second",
            "input_cost_per_second",
            "output_cost_per_second",
            "input_cost_per_audio_per_second",
            "input_cost_per_video_per_second",
            "output_cost_per_video_per_second",
            "output_cost_per_audio_per_second",
            "input_cost_per_text_message",
        ),
    ),
    (
        "by the size of a picture or the length of a video",
        (
            *(f"output_cost_per_image_{size}" for size in ("0.5K", "512", "1024", "1536", "1K", "2K", "4K")),
            *(f"output_cost_per_second_{size}" for size in ("480p", "720p", "768p", "1080p", "2k", "4k")),
            *(f"input_cost_per_video_per_second_above_{length}_interval" for length in ("8s", "15s")),
        ),
    ),
    ("a usage has no count of annotated pages", ("annotation_cost_per_page",)),
    ("of endpoints that search or rank documents", ("input_cost_per_query",)),
    ("a usage has no such count", ("google_maps_grounding_cost_per_query", "code_interpreter_cost_per_session")),
    ("a host's own unit", ("input_dbu_cost_per_token", "output_dbu_cost_per_token", "ocr_cost_per_credit")),
    ("no model", ("guardrail_cost_per_unit",)),
)
# The fields of a provider_specific_entry: factors of regions, factors of services, and fields that are not prices.
SPECIFIC_REGIONS = frozenset({"us", "eu"})
SPECIFIC_SERVICES = frozenset({"fast"})
SPECIFIC_OTHERS = frozenset(
    {
        "bedrock_invocation_schema",
        "dashscope_video_reference_input",
        "minimax_free_input_images",
        "realtime_ga_only",
        "transcription_json_or_text_only",
        "transcription_usage_duration",
        "volcengine_video_frames",
    }
)
# The time zones in which the weekdays of off-peak hours are given, in minutes from UTC; neither has summer time.
ZONES_MINUTES: Mapping[str, int] = {"UTC": 0, "Asia/Shanghai": 480}
NOT_A_RATE = frozenset(name for _, names in LEFT_OUT for name in names)
PRICE_LIKE = re.compile(r"cost|pric|multiplier|uplift|surcharge", re.ASCII)
_BOUND = re.compile(r"_above_(\d+)k_tokens(?![a-z])", re.ASCII)
_SERVICE = re.compile(rf"_({'|'.join((*SERVICES, *OTHER_SERVICES))})$", re.ASCII)


def place_of_field(field: str) -> RatePlace | None:
    """Return where a field's amount belongs in a tariff, None for a field without a rate."""
    name, above, service = _parts(field)
    if name not in RATES or service in OTHER_SERVICES:
        return None
    return RatePlace(SERVICES.get(service, STANDARD), RATES[name], above)


def is_known(field: str) -> bool:
    """Return whether a field is read, is left out on purpose, or has nothing to do with prices."""
    name, _, _ = _parts(field)
    mapped = name in RATES or name in ALIASES or field in REGIONS or field in STRUCTURES
    return mapped or name in NOT_A_RATE or not PRICE_LIKE.search(field)


def _parts(field: str) -> tuple[str, int, str]:
    """Return a field's name without bound and service, the bound in tokens, and the service."""
    bound = _BOUND.search(field)
    name = _BOUND.sub("", field)
    way = _SERVICE.search(name)
    return name.removesuffix(way[0]) if way else name, int(bound[1]) * 1000 if bound else 0, way[1] if way else ""

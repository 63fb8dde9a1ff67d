"""The price keys of genai-prices: which rate each of them is here, and which are left out and why."""

import re
from collections.abc import Mapping

TOKENS, KCOUNT, HOUR_SECONDS = 1_000_000, 1_000, 3_600
# A rate, and for how many of its unit a price is. Of two keys for one rate the first that an entry has is taken.
UNITS: dict[str, tuple[str, int]] = {
    "input_mtok": ("input", TOKENS),
    "output_mtok": ("output", TOKENS),
    "cache_read_mtok": ("cached_input", TOKENS),
    "cache_write_5m_mtok": ("cache_write", TOKENS),
    "cache_write_mtok": ("cache_write", TOKENS),
    "cache_write_1h_mtok": ("cache_write_1h", TOKENS),
    "input_audio_mtok": ("input_audio", TOKENS),
    "cache_audio_read_mtok": ("cached_audio", TOKENS),
    "output_audio_mtok": ("output_audio", TOKENS),
    "input_image_mtok": ("input_image", TOKENS),
    "cache_image_read_mtok": ("cached_image", TOKENS),
    "output_image_mtok": ("output_image", TOKENS),
    "input_video_mtok": ("input_video", TOKENS),
    "output_reasoning_mtok": ("reasoning", TOKENS),
    "requests_kcount": ("per_call", KCOUNT),
    "web_searches_kcount": ("web_search", KCOUNT),
    "storage_searches_kcount": ("file_search", KCOUNT),
    "input_audio_hours": ("second", HOUR_SECONDS),
    "audio_hours": ("second", HOUR_SECONDS),
    "input_document_kpages": ("page", KCOUNT),
}
# Price keys that no rate here stands for, as patterns, and why.
LEFT_OUT: tuple[tuple[str, str], ...] = (
    (r"(input|output)_text_mtok|cache_text_(read|write|write_5m|write_1h)_mtok", "text is what is no other kind"),
    (r"cache_(audio|image|video)_write(_5m|_1h)?_mtok|cache_video_read_mtok", "no usage counts them apart"),
    (r"output_video_mtok|output_audio_hours", "a usage has no such count"),
    (r"input(_text|_audio|_image|_video)?_tool_mtok", "tokens of tools are among the input"),
    (r"output_(text|audio|image|video)_reasoning_mtok", "reasoning is counted as one"),
    (r"output(_text|_audio|_image|_video)?_citation_mtok", "a usage has no count of citations"),
    (r"input_mchars|input_gpixels|input_text_messages_kcount", "sold by the character, the pixel or the message"),
    (r"input_annotated_document_kpages", "a usage has no count of annotated pages"),
    (r"rerank_searches_kcount|social_searches_kcount|code_executions_kcount", "a usage has no such count"),
)
# What a variant is asked for with, and which service that is here.
SERVICES: Mapping[tuple[str, str], str] = {
    ("processing", "batch"): "batch",
    ("service_tier", "default"): "standard",
    ("service_tier", "flex"): "flex",
    ("service_tier", "priority"): "priority",
    ("service_tier", "fast"): "fast",
    ("speed", "fast"): "fast",
}
# Conditions of variants that are no service, and why they are left out.
OTHER_CONDITIONS: Mapping[str, str] = {
    "route": "it names the host that a reseller sends a call to, which no term of a call does",
    "search_type": "a usage has no count by kind of search: what a search costs depends on it, so it is not known",
}


def is_left_out(price_key: str) -> bool:
    """Return whether a price key is one of those that are left out on purpose."""
    return any(re.fullmatch(pattern, price_key) for pattern, _ in LEFT_OUT)

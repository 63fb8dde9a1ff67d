"""Layouts of the exports of OpenRouter and LiteLLM."""

import json
from typing import Any

from pricing_data.usage_files import values
from pricing_data.usage_files.layout import CellValues, ExportLayout
from pricing_data.usage_files.row import SkippedRow, UnreadableRow

# Whose own price holds at which of OpenRouter's providers; another one asks what it likes.
OPENROUTER_PROVIDERS = {
    "openai": {"openai", "azure"},
    "anthropic": {"anthropic", "amazon bedrock", "google", "google vertex"},
    "google": {"google", "google ai studio", "google vertex"},
    "deepseek": {"deepseek"},
    "mistralai": {"mistral"},
    "x-ai": {"xai"},
    "cohere": {"cohere"},
    "moonshotai": {"moonshot ai"},
    "qwen": {"alibaba", "alibaba cloud int."},
    "z-ai": {"z.ai"},
}
# Providers of LiteLLM that ask a model's own price.
LITELLM_PROVIDERS = frozenset(
    [
        "openai",
        "azure",
        "anthropic",
        "bedrock",
        "vertex_ai",
        "gemini",
        "deepseek",
        "mistral",
        "xai",
        "cohere",
        "moonshot",
        "dashscope",
    ]
)
CLAUDE_OF_OPENROUTER = ("opus", "sonnet", "haiku")


def _openrouter(cells: CellValues) -> CellValues:
    author, _, name = str(cells.get("model") or "").strip().partition("/")
    if not name:
        return cells
    name, _, variant = name.partition(":")
    variant = variant or str(cells.get("variant") or "").strip().lower()
    if variant not in ("", "standard"):
        raise UnreadableRow(f"variant {variant!r} has prices of its own")
    provider = str(cells.get("provider") or "").strip()
    if provider and provider.lower() not in OPENROUTER_PROVIDERS.get(author, set()):
        raise UnreadableRow(f"provider_name {provider!r} asks prices of its own for {author}/{name}")
    cells["model"] = _claude(name) if author == "anthropic" else name
    if not values.is_zero(cells.get("byok")):
        cells["bill_fault"] = f"byok_usage_inference {values.shown(cells['byok'])} is charged by the provider"
    return cells


def _claude(name: str) -> str:
    """Anthropic writes versions with dashes, and after the family since version 4."""
    parts = name.replace(".", "-").split("-")
    family = next((part for part in parts if part in CLAUDE_OF_OPENROUTER), None)
    place = parts.index(family) if family else 0
    version = parts[1:place]
    if family is None or not version or not version[0].isdecimal() or int(version[0]) < 4:
        return "-".join(parts)
    return "-".join(["claude", family, *version, *parts[place + 1 :]])


def _litellm(cells: CellValues) -> CellValues:
    if str(cells.get("cache_hit") or "").strip().lower() == "true":
        raise SkippedRow("calls that LiteLLM answered from its own cache")
    provider = str(cells.get("provider") or "").strip()
    if provider and provider not in LITELLM_PROVIDERS:
        raise UnreadableRow(f"custom_llm_provider {provider!r} asks prices of its own")
    cells["model"] = str(cells.get("model") or "").strip().removeprefix(f"{provider}/" if provider else "")
    usage = _usage_of(cells.get("metadata"))
    cells["cache_is_known"] = usage is not None or cells.get("cached_input_tokens") is not None
    if usage:
        cells.update(_details(usage, cells))
    return cells


def _usage_of(metadata: object) -> dict[str, Any] | None:
    """What LiteLLM keeps of the provider's own usage."""
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata) if metadata.strip() else None
        except ValueError:
            raise UnreadableRow(f"metadata {values.shown(metadata)} is not JSON") from None
    if not isinstance(metadata, dict):
        return None
    kept = [
        metadata[name] for name in ("usage_object", "additional_usage_values") if isinstance(metadata.get(name), dict)
    ]
    return (
        {key: value for usage in reversed(kept) for key, value in usage.items() if value is not None} if kept else None
    )


def _details(usage: dict[str, Any], cells: CellValues) -> CellValues:
    prompt, completion = _part(usage, "prompt_tokens_details"), _part(usage, "completion_tokens_details")
    writes = _part(prompt, "cache_creation_token_details") or _part(usage, "cache_creation")
    written_1h = writes.get("ephemeral_1h_input_tokens") or 0
    written = usage.get("cache_creation_input_tokens") or prompt.get("cache_creation_tokens") or 0
    read = usage.get("cache_read_input_tokens")
    found = {
        "cached_input_tokens": prompt.get("cached_tokens") if read is None else read,
        "cache_write_tokens": written - written_1h if written else writes.get("ephemeral_5m_input_tokens"),
        "cache_write_1h_tokens": written_1h,
        "input_audio_tokens": prompt.get("audio_tokens"),
        "input_image_tokens": prompt.get("image_tokens"),
        "input_video_tokens": prompt.get("video_tokens"),
        "reasoning_tokens": completion.get("reasoning_tokens"),
        "output_audio_tokens": completion.get("audio_tokens"),
        "output_image_tokens": completion.get("image_tokens"),
        "web_searches": _part(usage, "server_tool_use").get("web_search_requests") or prompt.get("web_search_requests"),
        "service_tier": usage.get("service_tier"),
        "speed": usage.get("speed"),
        "region": usage.get("inference_geo"),
    }
    return {name: value for name, value in found.items() if value is not None and values.is_nothing(cells.get(name))}


def _part(usage: dict[str, Any], name: str) -> dict[str, Any]:
    part = usage.get(name)
    return part if isinstance(part, dict) else {}


OPENROUTER_ACTIVITY = ExportLayout(
    "OpenRouter activity",
    {
        "date": ("created_at",),
        "model": ("model_permaslug",),
        "input_tokens": ("tokens_prompt",),
        "output_tokens": ("tokens_completion",),
        "cached_input_tokens": ("tokens_cached",),
        "reasoning_tokens": ("tokens_reasoning",),
        "cost_usd": ("cost_total",),
        "variant": ("variant",),
        "provider": ("provider_name",),
        "byok": ("byok_usage_inference",),
    },
    needed=("date", "model", "input_tokens", "output_tokens"),
    without_effect={
        "cost_cache": "in cost_total",
        "cost_file_processing": "in cost_total",
        "cancelled": "what was generated is charged",
        "generation_id": "a name",
    },
    prepare=_openrouter,
)
OPENROUTER_DAYS = ExportLayout(
    "OpenRouter activity by day",
    {
        "date": ("date",),
        "model": ("model_permaslug", "model"),
        "input_tokens": ("prompt_tokens",),
        "output_tokens": ("completion_tokens",),
        "reasoning_tokens": ("reasoning_tokens",),
        "requests": ("requests",),
        "cost_usd": ("usage",),
        "provider": ("provider_name",),
        "byok": ("byok_usage_inference",),
    },
    needed=("date", "model", "input_tokens", "output_tokens"),
    marks=(("model_permaslug",), ("requests",)),
    without_effect={"byok_requests": "among requests"},
    prepare=_openrouter,
    sums_calls=True,
    cache_is_known=False,
)
LITELLM_LOGS = ExportLayout(
    "LiteLLM spend logs",
    {
        "date": ("start_time",),
        "model": ("model",),
        "input_tokens": ("prompt_tokens",),
        "output_tokens": ("completion_tokens",),
        "cached_input_tokens": ("cache_read_input_tokens",),
        "cache_write_tokens": ("cache_creation_input_tokens",),
        "total_tokens": ("total_tokens",),
        "cost_usd": ("spend",),
        "provider": ("custom_llm_provider",),
        "cache_hit": ("cache_hit",),
        "metadata": ("metadata",),
    },
    needed=("date", "model", "input_tokens", "output_tokens"),
    marks=(("request_id",), ("spend",), ("start_time",)),
    without_effect={"cache_key": "a name", "cached_tokens": "in metadata"},
    prepare=_litellm,
)
LITELLM_DAYS = ExportLayout(
    "LiteLLM spend by day",
    {
        "date": ("date",),
        "model": ("model",),
        "input_tokens": ("prompt_tokens",),
        "output_tokens": ("completion_tokens",),
        "cached_input_tokens": ("cache_read_input_tokens", "cache_read_tokens"),
        "cache_write_tokens": ("cache_creation_input_tokens", "cache_creation_tokens", "cache_write_tokens"),
        "total_tokens": ("total_tokens",),
        "requests": ("api_requests", "requests"),
        "cost_usd": ("spend",),
        "provider": ("custom_llm_provider",),
    },
    needed=("date", "model"),
    marks=(("spend",), ("api_requests", "successful_requests", "successful"), ("prompt_tokens", "total_tokens")),
    without_effect={"successful_requests": "among api_requests", "failed_requests": "among api_requests"},
    prepare=_litellm,
    sums_calls=True,
)

"""Layouts of the exports of OpenAI and Anthropic: usage and costs, of their pages (CSV) and of their APIs (JSON)."""

from pricing_data.usage_files import values
from pricing_data.usage_files.layout import CellValues, ExportLayout
from pricing_data.usage_files.row import UnreadableRow

MODALITIES = ("audio", "image")
SUM_OF_OTHERS = "the sum of other columns"


def _openai_usage(cells: CellValues) -> CellValues:
    """Say which tokens are audio and images; without all its columns an export leaves open what includes what."""
    if all(
        values.is_zero(cells.get(f"{side}_{modality}_tokens"))
        for side in ("input", "output")
        for modality in MODALITIES
    ):
        return cells
    for modality in MODALITIES:
        _place_modality(cells, modality)
    _check_output(cells)
    return cells


def _place_modality(cells: CellValues, modality: str) -> None:
    name, cached_name = f"input_{modality}_tokens", f"cached_{modality}_tokens"
    if values.is_zero(cells.get(name)) and values.is_zero(cells.get(cached_name)):
        return
    whole, cached = _count(cells, "input_tokens"), _count(cells, "cached_input_tokens")
    parts = sum(_count(cells, f"{of}_tokens") for of in ("input_text", "input_audio", "input_image"))
    if cells.get("input_text_tokens") is None or parts not in (whole, whole - cached):
        raise UnreadableRow(f"whether {name} {values.shown(cells.get(name))} are among input_tokens is not known")
    if cells.get(cached_name) is None and cached:
        raise UnreadableRow(f"how many of {name} {values.shown(cells.get(name))} were cached is not known")
    if parts != whole:
        cells[name] = _count(cells, name) + _count(cells, cached_name)


def _check_output(cells: CellValues) -> None:
    parts = {f"output_{modality}_tokens": _count(cells, f"output_{modality}_tokens") for modality in MODALITIES}
    if not any(parts.values()):
        return
    if cells.get("output_text_tokens") is None or (
        _count(cells, "output_text_tokens") + sum(parts.values()) != _count(cells, "output_tokens")
    ):
        named = next(name for name, tokens in parts.items() if tokens)
        raise UnreadableRow(f"whether {named} {parts[named]} are among output_tokens is not known")


def _count(cells: CellValues, name: str) -> int:
    cell = cells.get(name)
    return 0 if values.is_nothing(cell) else values.count(name, cell)


def _first_part(cells: CellValues) -> CellValues:
    """A line item is "gpt-4o-2024-08-06, cached input"."""
    cells["model"] = str(cells.get("model") or "").partition(",")[0].strip()
    return cells


def _cents(cells: CellValues) -> CellValues:
    """The cost report of Anthropic's API has amounts in cents."""
    if not values.is_nothing(cells.get("cost_usd")):
        cells["cost_usd"] = values.amount("amount", cells["cost_usd"]).scaleb(-2)
    if values.is_nothing(cells.get("model")):
        cells["model"] = cells.get("description")
    return cells


def _anthropic_costs(cells: CellValues) -> CellValues:
    if not str(cells.get("model") or "").strip():
        cells["model"] = cells.get("cost_type")
    return cells


OPENAI_USAGE = ExportLayout(
    "OpenAI usage",
    {
        "date": ("start_time_iso", "start_time"),
        "ends": ("end_time_iso", "end_time"),
        "model": ("model",),
        "input_tokens": ("input_tokens",),
        "output_tokens": ("output_tokens",),
        "cached_input_tokens": ("input_cached_tokens",),
        "cache_write_tokens": ("input_cache_write_tokens",),
        "uncached_input_tokens": ("input_uncached_tokens",),
        "input_audio_tokens": ("input_audio_tokens",),
        "cached_audio_tokens": ("input_cached_audio_tokens",),
        "input_image_tokens": ("input_image_tokens",),
        "cached_image_tokens": ("input_cached_image_tokens",),
        "input_text_tokens": ("input_text_tokens",),
        "output_audio_tokens": ("output_audio_tokens",),
        "output_image_tokens": ("output_image_tokens",),
        "output_text_tokens": ("output_text_tokens",),
        "images": ("images",),
        "seconds": ("seconds",),
        "requests": ("num_model_requests",),
        "batch": ("batch",),
        "service_tier": ("service_tier",),
    },
    needed=("date", "model"),
    marks=(("num_model_requests",), ("input_tokens", "images", "seconds", "characters")),
    without_effect={"input_cached_text_tokens": "the cached tokens that are neither audio nor images"},
    prepare=_openai_usage,
    sums_calls=True,
)
OPENAI_COSTS = ExportLayout(
    "OpenAI costs",
    {
        "date": ("start_time_iso", "start_time"),
        "model": ("line_item",),
        "cost_usd": ("amount_value",),
        "currency": ("amount_currency",),
    },
    needed=("date", "model", "cost_usd"),
    prepare=_first_part,
    is_costs=True,
)
ANTHROPIC_USAGE = ExportLayout(
    "Anthropic usage",
    {
        "date": ("usage_date_utc",),
        "model": ("model_version", "model"),
        "input_tokens": ("usage_input_tokens_no_cache",),
        "output_tokens": ("usage_output_tokens",),
        "cached_input_tokens": ("usage_input_tokens_cache_read",),
        "cache_write_tokens": ("usage_input_tokens_cache_write_5m",),
        "cache_write_1h_tokens": ("usage_input_tokens_cache_write_1h",),
        "web_searches": ("web_search_count",),
        "service_tier": ("usage_type",),
        "speed": ("speed",),
        "region": ("inference_geo",),
        "context_window": ("context_window",),
    },
    needed=("date", "model", "input_tokens"),
    input_is_whole=False,
    sums_calls=True,
)
ANTHROPIC_USAGE_REPORT = ExportLayout(
    "Anthropic usage report",
    {
        "date": ("starting_at",),
        "ends": ("ending_at",),
        "model": ("model",),
        "input_tokens": ("uncached_input_tokens",),
        "output_tokens": ("output_tokens",),
        "cached_input_tokens": ("cache_read_input_tokens",),
        "cache_write_tokens": ("cache_creation_ephemeral_5m_input_tokens",),
        "cache_write_1h_tokens": ("cache_creation_ephemeral_1h_input_tokens",),
        "web_searches": ("server_tool_use_web_search_requests",),
        "service_tier": ("service_tier",),
        "speed": ("speed",),
        "region": ("inference_geo",),
        "context_window": ("context_window",),
    },
    needed=("date", "input_tokens"),
    marks=(("starting_at",),),
    input_is_whole=False,
    sums_calls=True,
)
ANTHROPIC_COSTS = ExportLayout(
    "Anthropic costs",
    {"date": ("usage_date_utc",), "model": ("model",), "cost_usd": ("cost_usd",), "cost_type": ("cost_type",)},
    needed=("date", "model", "cost_usd"),
    prepare=_anthropic_costs,
    is_costs=True,
)
ANTHROPIC_COST_REPORT = ExportLayout(
    "Anthropic cost report",
    {
        "date": ("starting_at",),
        "model": ("model",),
        "cost_usd": ("amount",),
        "currency": ("currency",),
        "description": ("description",),
    },
    needed=("date", "cost_usd"),
    marks=(("starting_at",),),
    prepare=_cents,
    is_costs=True,
)

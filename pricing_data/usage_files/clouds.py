"""Layouts of cloud bills: AWS cost and usage reports (Bedrock) and Google's Cloud Billing exports (Vertex AI).

Each line has one kind of tokens of one model; what it is stands in one text, every word of which has to be known.
"""

import re

from pricing_data.cost import multiply
from pricing_data.usage_files import values
from pricing_data.usage_files.layout import CellValues, ExportLayout
from pricing_data.usage_files.row import SkippedRow, UnreadableRow

TOKENS_A_UNIT = {
    "1k tokens": 1_000, "1000 tokens": 1_000, "1m tokens": 1_000_000, "million tokens": 1_000_000, "tokens": 1,
    "token": 1, "count": 1,
}  # fmt: skip
BEDROCK = re.compile(
    r"(?P<place>[A-Z]{2,4}[0-9]?)-(?P<model>.+?)(?:-mantle)?-"
    r"(?P<kind>input-tokens?|output-tokens?|input-token-count|output-token-count"
    r"|cache-read(?:-input)?-token(?:s|-count)|cache-write(?:-1h)?(?:-input)?-token(?:s|-count))"
    r"(?P<words>(?:-(?:standard|batch|flex|priority|cross-region-global|global))*)"
)
CLAUDE_OF_BEDROCK = re.compile(r"Claude(?P<major>[0-9]+)(?:\.(?P<minor>[0-9]+))?(?P<family>Opus|Sonnet|Haiku)")
OLD_CLAUDE = 3
# The first letters of AWS's regions in bills, by the part of the world in which a model is called.
PARTS_OF_THE_WORLD = {
    "US": "us",
    "EU": "eu",
    "AP": "apac",
    "CA": "ca",
    "SA": "sa",
    "ME": "me",
    "AF": "af",
    "UG": "us-gov",
}
CHARGED_LINES = frozenset({"", "usage", "discountedusage", "regular"})
GEMINI = re.compile(r"(?P<model>Gemini [0-9]+(?:\.[0-9]+)? (?:Pro|Flash Lite|Flash))(?: (?P<words>.+))?")
WORDS_OF_GEMINI = frozenset(
    [
        "GA",
        "Global",
        "Regional",
        "Thinking",
        "Text",
        "Audio",
        "Image",
        "Video",
        "Input",
        "Output",
        "Caching",
        "Batch",
        "Priority",
        "Flex",
        "Long",
        "Predictions",
    ]
)
# Sold under the same name with and without "GA", at different prices.
NEEDS_GA = frozenset({"Gemini 2.5 Flash"})


def _bedrock(cells: CellValues) -> CellValues:
    if "bedrock" not in f"{cells.get('product')} {cells.get('product_name')}".lower():
        raise SkippedRow("lines of other products than Bedrock")
    _check_line(cells, "line_item_line_item_type")
    usage_type = str(cells.get("sku") or "").strip()
    found = BEDROCK.fullmatch(usage_type)
    if found is None:
        raise UnreadableRow(f"line_item_usage_type {usage_type!r} is not known")
    words = found["words"].removeprefix("-").replace("cross-region-global", "global").split("-")
    services = [word for word in words if word not in ("", "global")]
    if len(services) > 1:
        raise UnreadableRow(f"line_item_usage_type {usage_type!r} names several service tiers")
    cells["model"] = _bedrock_model(found["model"])
    cells["service_tier"] = services[0] if services else ""
    cells["region"] = None if "global" in words else PARTS_OF_THE_WORLD.get(found["place"][:2], found["place"].lower())
    return _with_tokens(cells, _bedrock_kind(found["kind"]))


def _bedrock_model(name: str) -> str:
    claude = CLAUDE_OF_BEDROCK.fullmatch(name)
    if claude is None:
        return re.sub(r"^(anthropic|openai|qwen|deepseek|moonshotai|mistral)\.", "", name).lower()
    version = [claude["major"], *([claude["minor"]] if claude["minor"] else [])]
    family = claude["family"].lower()
    return "-".join(["claude", *version, family] if int(version[0]) <= OLD_CLAUDE else ["claude", family, *version])


def _bedrock_kind(kind: str) -> str:
    if kind.startswith("cache-read"):
        return "cached_input_tokens"
    if kind.startswith("cache-write"):
        return "cache_write_1h_tokens" if kind.startswith("cache-write-1h") else "cache_write_tokens"
    return "input_tokens" if kind.startswith("input") else "output_tokens"


def _vertex(cells: CellValues) -> CellValues:
    sku = str(cells.get("sku") or "").strip()
    if not sku:
        raise SkippedRow("lines without a SKU")
    if "gemini" not in sku.lower():
        raise SkippedRow("lines of other products than Gemini")
    _check_line(cells, "cost_type")
    model, words = _vertex_words(sku)
    modality = next((word.lower() for word in ("Audio", "Image", "Video") if word in words), None)
    cells["model"] = model.lower().replace(" ", "-")
    cells["service_tier"] = next((word.lower() for word in ("Batch", "Priority", "Flex") if word in words), "")
    cells["region"] = "regional" if "Regional" in words else None
    cells["context_window"] = "long" if "Long" in words else None
    return _with_tokens(cells, _vertex_kind(words), modality)


def _vertex_words(sku: str) -> tuple[str, set[str]]:
    found = GEMINI.fullmatch(re.sub(r"[()]", "", sku.replace(" - ", " ")).replace("Thinking On", "Thinking"))
    words = (found["words"] or "").split() if found else []
    if found is None or set(words) - WORDS_OF_GEMINI or len(set(words) & {"Input", "Output"}) != 1:
        raise UnreadableRow(f"SKU description {sku!r} is not known")
    if found["model"] in NEEDS_GA and "GA" not in words:
        raise UnreadableRow(f"SKU description {sku!r} is of a preview, whose price is not known")
    return found["model"], set(words)


def _vertex_kind(words: set[str]) -> str:
    if "Output" in words:
        return "output_tokens"
    return "cached_input_tokens" if "Caching" in words else "input_tokens"


def _check_line(cells: CellValues, name: str) -> None:
    """Taxes, credits and refunds are no usage; a bill that has them is not compared as if it had none."""
    kind = str(cells.get("line_type") or "").strip()
    if kind.lower() not in CHARGED_LINES:
        raise UnreadableRow(f"{name} {kind!r} is no usage")
    if not values.is_zero(cells.get("credit_type")):
        raise UnreadableRow(f"credit_type {values.shown(cells['credit_type'])} is no usage")


def _with_tokens(cells: CellValues, kind: str, modality: str | None = None) -> CellValues:
    tokens = _tokens(cells)
    cells["input_tokens"] = 0 if kind == "output_tokens" else tokens
    if kind != "input_tokens":
        cells[kind] = tokens
    if modality and kind == "output_tokens":
        cells[f"output_{modality}_tokens"] = tokens
    elif modality:
        cells[f"input_{modality}_tokens"] = tokens
        if kind == "cached_input_tokens":
            cells[f"cached_{modality}_tokens"] = tokens
    return cells


def _tokens(cells: CellValues) -> int:
    unit = str(cells.get("unit") or "").strip()
    if unit.lower() not in TOKENS_A_UNIT:
        raise UnreadableRow(f"unit {unit!r} is not a number of tokens")
    tokens = multiply(TOKENS_A_UNIT[unit.lower()], values.amount("usage amount", cells.get("amount")))
    if tokens != tokens.to_integral_value():
        raise UnreadableRow(f"usage amount {values.shown(cells.get('amount'))} x {unit} is no whole number of tokens")
    if tokens < 0:
        raise UnreadableRow(f"usage amount {values.shown(cells.get('amount'))} is below 0")
    return int(tokens)


BEDROCK_LINES = ExportLayout(
    "AWS cost and usage report",
    {
        "date": ("line_item_usage_start_date",),
        "ends": ("line_item_usage_end_date",),
        "product": ("line_item_product_code", "product_servicecode"),
        "product_name": ("product_product_name", "product_servicename"),
        "sku": ("line_item_usage_type",),
        "amount": ("line_item_usage_amount",),
        "unit": ("pricing_unit",),
        "line_type": ("line_item_line_item_type",),
        "cost_usd": ("line_item_unblended_cost",),
        "currency": ("line_item_currency_code",),
    },
    needed=("date", "sku", "amount", "unit"),
    marks=(("line_item_product_code", "product_servicecode", "product_product_name"),),
    without_effect=dict.fromkeys(
        (
            "line_item_unblended_rate", "line_item_blended_rate", "line_item_blended_cost",
            "line_item_net_unblended_cost", "line_item_net_unblended_rate", "pricing_public_on_demand_cost",
            "pricing_public_on_demand_rate", "pricing_rate_code", "product_region", "product_region_code",
            "product_location", "product_from_region_code", "product_usagetype", "product_inference_type",
            "product_feature",
        ),
        "said by line_item_usage_type",
    ),
    prepare=_bedrock,
    sums_calls=True,
)  # fmt: skip
VERTEX_LINES = ExportLayout(
    "Cloud Billing export",
    {
        "date": ("usage_start_time", "usage_start_date", "date"),
        "ends": ("usage_end_time",),
        "sku": ("sku_description",),
        "amount": ("usage_amount",),
        "unit": ("usage_unit",),
        "line_type": ("cost_type",),
        "credit_type": ("credit_type",),
        "cost_usd": ("cost", "unrounded_cost", "unrounded_subtotal", "subtotal"),
        "currency": ("currency",),
    },
    needed=("date", "sku", "amount", "unit"),
    without_effect=dict.fromkeys(
        (
            "cost_at_list", "list_cost", "cost_at_effective_price_default", "cost_at_list_consumption_model",
            "usage_amount_in_pricing_units", "usage_pricing_unit", "currency_conversion_rate", "price_effective_price",
            "price_tier_start_amount", "location_region", "location_location", "location_country", "location_zone",
        ),
        "said by sku_description",
    ),
    prepare=_vertex,
    sums_calls=True,
)  # fmt: skip

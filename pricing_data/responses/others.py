"""Usage of Cohere, of Ollama's own API and of Mistral's OCR, and in the names that this package has for counts."""

from decimal import Decimal

from pricing_data.errors import BadUsage, UnpricedProperty, shown
from pricing_data.responses.openai import TIMES
from pricing_data.responses.properties import (
    Properties,
    PropertyNames,
    UsageCounts,
    count_at,
    ignored_properties,
    object_at,
    required_count,
)
from pricing_data.usage import WHOLE_COUNTS, Usage

BILLED_ALONE = "the units billed are what Cohere charges"
COHERE_NAMES = PropertyNames(
    ("billed_units",),
    {
        "tokens": BILLED_ALONE,
        "cached_tokens": BILLED_ALONE,
        "api_version": "says nothing of counts",
        "warnings": "says nothing of counts",
    },
)
COHERE_UNITS = PropertyNames(("input_tokens", "output_tokens", "search_units", "images", "classifications"))
COHERE = "Cohere"
OLLAMA_NAMES = PropertyNames(
    ("prompt_eval_count", "eval_count"),
    dict.fromkeys(("total_duration", "load_duration", "prompt_eval_duration", "eval_duration"), TIMES),
)
OCR_NAMES = PropertyNames(("pages_processed",), {"doc_size_bytes": "pages are charged, not bytes"})
OWN_NAMES = PropertyNames((*WHOLE_COUNTS, "seconds"))


def read_cohere(usage: Properties) -> UsageCounts:
    """Return the counts of a `usage` or `meta`: the units that are billed. Raise BadUsage, UnpricedProperty."""
    path, given = ("meta", object_at(usage, "meta", "usage")) if "meta" in usage else ("usage", usage)
    ignored = ignored_properties(given, COHERE_NAMES, path, owner=COHERE)
    if "billed_units" not in given:
        raise BadUsage(f"{path}.billed_units", "this property is missing")
    units, path = object_at(given, "billed_units", path), f"{path}.billed_units"
    ignored += ignored_properties(units, COHERE_UNITS, path, owner=COHERE)
    for name in ("classifications", "search_units"):
        if tokens := count_at(units, name, path):
            raise UnpricedProperty(f"{path}.{name}", f"{tokens}: no price for these units is known")
    counts = Usage(
        count_at(units, "input_tokens", path),
        count_at(units, "output_tokens", path),
        images=count_at(units, "images", path),
    )
    return UsageCounts(counts, ignored)


def read_ollama(usage: Properties) -> UsageCounts:
    """Return the counts that Ollama puts beside its answer. Raise BadUsage."""
    ignored = ignored_properties(usage, OLLAMA_NAMES, owner="Ollama")
    return UsageCounts(Usage(count_at(usage, "prompt_eval_count"), count_at(usage, "eval_count")), ignored)


def read_ocr(usage: Properties) -> UsageCounts:
    """Return the pages of a `usage_info`. Raise BadUsage."""
    ignored = ignored_properties(usage, OCR_NAMES, "usage_info", owner="Mistral's OCR")
    return UsageCounts(Usage(0, pages=required_count(usage, "pages_processed", "usage_info")), ignored)


def read_own(usage: Properties) -> UsageCounts:
    """Return counts in the names of `pricing_data.Usage`. Raise BadUsage."""
    ignored_properties(usage, OWN_NAMES, owner="Weighbridge")
    required_count(usage, "input_tokens")
    counts = {name: count_at(usage, name) for name in WHOLE_COUNTS if usage.get(name) is not None}
    seconds = usage.get("seconds") or 0
    if type(seconds) not in (int, float) or seconds < 0:
        raise BadUsage("usage.seconds", f"must be a number, 0 or more, not {shown(seconds)}")
    made = Usage(**counts, seconds=Decimal(str(seconds)))
    if fault := made.fault():
        raise BadUsage("usage", fault)
    return UsageCounts(made)

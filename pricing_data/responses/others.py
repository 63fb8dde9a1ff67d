"""Usage of Cohere, of Ollama's own API and of Mistral's OCR, and in the names that this package has for counts."""

from decimal import Decimal

from pricing_data.errors import BadUsage, UnpricedProperty, shown
from pricing_data.responses.openai import TIMES
from pricing_data.responses.properties import Counts, Names, Properties, count, inner, left_over, needed
from pricing_data.usage import WHOLE_COUNTS, Usage

BILLED_ALONE = "the units billed are what Cohere charges"
COHERE_NAMES = Names(
    ("billed_units",),
    {
        "tokens": BILLED_ALONE,
        "cached_tokens": BILLED_ALONE,
        "api_version": "says nothing of counts",
        "warnings": "says nothing of counts",
    },
)
COHERE_UNITS = Names(("input_tokens", "output_tokens", "search_units", "images", "classifications"))
COHERE = "Cohere"
OLLAMA_NAMES = Names(
    ("prompt_eval_count", "eval_count"),
    dict.fromkeys(("total_duration", "load_duration", "prompt_eval_duration", "eval_duration"), TIMES),
)
OCR_NAMES = Names(("pages_processed",), {"doc_size_bytes": "pages are charged, not bytes"})
OWN_NAMES = Names((*WHOLE_COUNTS, "seconds"))


def read_cohere(usage: Properties) -> Counts:
    """Return the counts of a `usage` or `meta`: the units that are billed. Raise BadUsage, UnpricedProperty."""
    path, given = ("meta", inner(usage, "meta", "usage")) if "meta" in usage else ("usage", usage)
    ignored = left_over(given, COHERE_NAMES, path, owner=COHERE)
    if "billed_units" not in given:
        raise BadUsage(f"{path}.billed_units", "this property is missing")
    units, path = inner(given, "billed_units", path), f"{path}.billed_units"
    ignored += left_over(units, COHERE_UNITS, path, owner=COHERE)
    for name in ("classifications", "search_units"):
        if tokens := count(units, name, path):
            raise UnpricedProperty(f"{path}.{name}", f"{tokens}: no price for these units is known")
    counts = Usage(
        count(units, "input_tokens", path), count(units, "output_tokens", path), images=count(units, "images", path)
    )
    return Counts(counts, ignored)


def read_ollama(usage: Properties) -> Counts:
    """Return the counts that Ollama puts beside its answer. Raise BadUsage."""
    ignored = left_over(usage, OLLAMA_NAMES, owner="Ollama")
    return Counts(Usage(count(usage, "prompt_eval_count"), count(usage, "eval_count")), ignored)


def read_ocr(usage: Properties) -> Counts:
    """Return the pages of a `usage_info`. Raise BadUsage."""
    ignored = left_over(usage, OCR_NAMES, "usage_info", owner="Mistral's OCR")
    return Counts(Usage(0, pages=needed(usage, "pages_processed", "usage_info")), ignored)


def read_own(usage: Properties) -> Counts:
    """Return counts in the names of `pricing_data.Usage`. Raise BadUsage."""
    left_over(usage, OWN_NAMES, owner="Weighbridge")
    needed(usage, "input_tokens")
    counts = {name: count(usage, name) for name in WHOLE_COUNTS if usage.get(name) is not None}
    seconds = usage.get("seconds") or 0
    if type(seconds) not in (int, float) or seconds < 0:
        raise BadUsage("usage.seconds", f"must be a number, 0 or more, not {shown(seconds)}")
    made = Usage(**counts, seconds=Decimal(str(seconds)))
    if fault := made.fault():
        raise BadUsage("usage", fault)
    return Counts(made)

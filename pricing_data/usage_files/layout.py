"""Layouts of exports: the meanings of columns, and how a layout is recognised by a header."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

# The meanings of cells: counts of a call, its terms, and its charge.
TOKEN_COUNTS = (
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "input_audio_tokens",
    "cached_audio_tokens",
    "input_image_tokens",
    "cached_image_tokens",
    "input_video_tokens",
    "reasoning_tokens",
    "output_audio_tokens",
    "output_image_tokens",
)
THINGS = ("web_searches", "file_searches", "images", "pages")
TERMS = ("model", "date", "service_tier", "batch", "speed", "region", "context_window")
CHARGES = ("cost_usd", "currency")
# Counts that must equal the sum or the rest of other counts, if present.
SUMS = ("total_tokens", "uncached_input_tokens")
IGNORE = "ignore"
MEANINGS = (*TOKEN_COUNTS, *THINGS, "seconds", "requests", *TERMS, *CHARGES, *SUMS, IGNORE)

CellValues = dict[str, object]
PrepareCells = Callable[[CellValues], CellValues]
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
OTHER = re.compile(r"[^a-z0-9]+")
# Unknown columns with such names may change a price: rows with values in them are not priced.
SUSPICIOUS = re.compile(
    r"(^|_)tokens?$|token_?count|tokens_|cost|charge|(^|_)fees?(_|$)|tier|region|(^|_)geo(_|$)|audio|image|video"
    r"|(^|_)ttl(_|$)|cache|batch|speed|search|discount|multiplier|(^|_)characters$|^num_sessions$|usage_bytes"
)
# Names of limits and measurements, which do not affect a price.
HARMLESS = re.compile(r"(^|_)max_|limit|latency|per_(second|minute)|_ms$")


@dataclass(frozen=True, slots=True)
class ExportLayout:
    """One kind of export. `columns` has the names of a column by its meaning, the preferred name first.

    A header must have the `needed` meanings and one name of each group of `marks`. `without_effect` are columns without
    effect on the price, with the reason. `prepare` rewrites the cells of a row. With `input_is_whole`, the input count
    includes cache reads and writes. With `sums_calls`, a row is the sum of several calls.
    """

    name: str
    columns: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...]
    marks: tuple[tuple[str, ...], ...] = ()
    without_effect: Mapping[str, str] = field(default_factory=dict)
    prepare: PrepareCells | None = None
    input_is_whole: bool = True
    sums_calls: bool = False
    is_costs: bool = False
    cache_is_known: bool = True

    def fits(self, names: Iterable[str]) -> bool:
        """Return whether a header with these plain names has this layout; the date may be missing."""
        there = set(names)
        needed = (self.columns[meaning] for meaning in self.needed if meaning != "date")
        return all(any(name in there for name in group) for group in (*needed, *self.marks))


def plain_name(name: str) -> str:
    """Return a column's name in one spelling: "lineItem/UsageType" is "line_item_usage_type"."""
    return OTHER.sub("_", CAMEL.sub("_", name.strip()).lower()).strip("_")


def layout_of(header: Sequence[str], layouts: Sequence[ExportLayout]) -> ExportLayout | None:
    """Return the first layout that fits a header, None if none does."""
    names = [plain_name(name) for name in header]
    return next((layout for layout in layouts if layout.fits(names)), None)


def may_change_a_price(name: str) -> bool:
    """Return whether an unknown column may affect a price, by its name."""
    plain = plain_name(name)
    return SUSPICIOUS.search(plain) is not None and HARMLESS.search(plain) is None

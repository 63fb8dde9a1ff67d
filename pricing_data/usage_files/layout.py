"""What an export's columns mean: a layout for each kind of export, and which one a header is of."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

# What a cell can be mapped to: counts of a call, its terms, and what was charged.
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
# What must be the sum or the rest of other counts, if it is there.
SUMS = ("total_tokens", "uncached_input_tokens")
IGNORE = "ignore"
MEANINGS = (*TOKEN_COUNTS, *THINGS, "seconds", "requests", *TERMS, *CHARGES, *SUMS, IGNORE)

CellValues = dict[str, object]
PrepareCells = Callable[[CellValues], CellValues]
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
OTHER = re.compile(r"[^a-z0-9]+")
# Unknown columns of such names may change a price: their rows are not priced.
SUSPICIOUS = re.compile(
    r"(^|_)tokens?$|token_?count|tokens_|cost|charge|(^|_)fees?(_|$)|tier|region|(^|_)geo(_|$)|audio|image|video"
    r"|(^|_)ttl(_|$)|cache|batch|speed|search|discount|multiplier|(^|_)characters$|^num_sessions$|usage_bytes"
)
# Limits and measurements, which are no usage.
HARMLESS = re.compile(r"(^|_)max_|limit|latency|per_(second|minute)|_ms$")


@dataclass(frozen=True, slots=True)
class ExportLayout:
    """One kind of export. `columns` has the names of a column by what it means, the best first.

    `needed` are meanings that must be there, `marks` names of columns that must be there (one of each group).
    `without_effect` are columns that change no price, with the reason. `prepare` rewrites the cells of a row.
    Input includes what was read from caches and written to them if `input_is_whole`. Rows sum up calls if
    `sums_calls`; then a row with a number of requests says how many.
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
        """Return whether a header of these plain names is of this layout; a day may be missing from it."""
        there = set(names)
        needed = (self.columns[meaning] for meaning in self.needed if meaning != "date")
        return all(any(name in there for name in group) for group in (*needed, *self.marks))


def plain_name(name: str) -> str:
    """Return a column's name in one spelling: "lineItem/UsageType" is "line_item_usage_type"."""
    return OTHER.sub("_", CAMEL.sub("_", name.strip()).lower()).strip("_")


def layout_of(header: Sequence[str], layouts: Sequence[ExportLayout]) -> ExportLayout | None:
    """Return the first layout that a header is of."""
    names = [plain_name(name) for name in header]
    return next((layout for layout in layouts if layout.fits(names)), None)


def may_change_a_price(name: str) -> bool:
    """Return whether a column that no layout knows may hold tokens, costs or tiers."""
    plain = plain_name(name)
    return SUSPICIOUS.search(plain) is not None and HARMLESS.search(plain) is None

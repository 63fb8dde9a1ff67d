"""The table of a chat: for each chosen model its tokens and cost, and the parts that they consist of."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from corpus_cost.chat_prices import chat_input_cost, has_media
from pricing_data import Price, Terms, UnpricedUsage
from pricing_data.named_prices import NamedPrice
from service.web.playground.table import PlaygroundRow, PlaygroundTable, ordered_table, row_of
from tokenizer_registry import Registry
from tokenizer_registry.chat.parts import EMPTY_PART, ChatCount, ChatParts, Part

# The names of the parts, and what is in them.
PART_NAMES: Final = {
    "text": ("Messages", "the texts of the messages"),
    "frame": ("Frame", "roles, separators and the start of the reply"),
    "tools": ("Tools", "their definitions"),
    "tool_calls": ("Calls", "calls of tools and their results"),
    "schema": ("Schema", "the form of the answer"),
    "images": ("Images", "by width and height"),
    "audio": ("Audio", "by seconds"),
    "files": ("Files", "by pages"),
}
# The length of the longest bar, and of what stands for missing parts after the known ones, in tenths of a percent.
BAR_LENGTH: Final = 1_000
MISSING_LENGTH: Final = 40


class PartShare(NamedTuple):
    """A part of a count; `start` and `length` are its place in the bar."""

    name: str
    part: Part
    start: int
    length: int

    @property
    def band(self) -> str | None:
        """Return the bounds of an estimate in words."""
        return bounds(self.part.low, self.part.high) if self.part.method == "estimate" else None


class PartBar(NamedTuple):
    """The parts of a count in a row. `missing_at` is where the known parts end, if others are missing."""

    shares: tuple[PartShare, ...]
    is_known: bool
    missing_at: int | None
    missing_length: int = MISSING_LENGTH


class ChatTable(NamedTuple):
    """The rows with the parts of each shown model.

    `names` are the parts that any of them has, `unknown` the models of which no part is known.
    """

    table: PlaygroundTable
    bars: Mapping[str, PartBar]
    names: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def has_missing(self) -> bool:
        """Return whether a bar has missing parts."""
        return any(bar.missing_at is not None for bar in self.bars.values())


def build_chat_table(
    models: Sequence[str], counts: Sequence[ChatCount], prices: Mapping[str, Price], registry: Registry
) -> ChatTable:
    """Return the counts with their costs and parts, ordered by cost; models without a cost come last."""
    by_model = dict(zip(models, counts, strict=True))
    table = ordered_table(_row(name, count, prices.get(name), registry) for name, count in by_model.items())
    shown = {row.model: by_model[row.model] for row in table.rows}
    known = [count for count in shown.values() if _is_known(count)]
    names = tuple(name for name in ChatParts._fields if any(getattr(each.parts, name) != EMPTY_PART for each in known))
    whole = max((_known_tokens(count) for count in known), default=0)
    length = BAR_LENGTH if all(count.tokens is not None for count in known) else BAR_LENGTH - MISSING_LENGTH
    bars = {model: _bar(count, names, max(whole, 1), length) for model, count in shown.items()}
    return ChatTable(table, bars, names, tuple(row.display_name for row in table.rows if not bars[row.model].is_known))


def _row(name: str, count: ChatCount, price: Price | None, registry: Registry) -> PlaygroundRow:
    row = row_of(
        name,
        count.tokens,
        count.method,
        price,
        registry,
        error=bounds(count.low, count.high) if count.method == "estimate" else None,
        reason=missing_words(count) if count.tokens is None else None,
    )
    return row if price is None or not has_media(count) else row.costing(_media_cost(price, count))


def _media_cost(price: Price, count: ChatCount) -> Decimal | None:
    try:
        return chat_input_cost(NamedPrice(price, Terms(price.effective_from)), count)
    except UnpricedUsage:
        return None


def bounds(low: int, high: int | None) -> str:
    """Return the bounds of a number of tokens in words."""
    return f"at least {low:,}" if high is None else f"{low:,} to {high:,}"


def missing_words(count: ChatCount) -> str:
    """Return what a count lacks: the first thing that is missing, and what is known all the same."""
    lacks = [(name, each) for name, part in count.parts._asdict().items() for each in part.missing]
    if not _is_known(count):
        # Either a thing that is missing, or the sentence of a template that refuses the request.
        return "; ".join(f"missing: {each}" if each.startswith("a ") else each for _, each in lacks)
    name, first = lacks[0] if lacks else ("frame", "no bounds")
    others = f" and {len(lacks) - 1} more" if len(lacks) > 1 else ""
    return f"missing for {PART_NAMES[name][0].lower()}: {first}{others}; {bounds(count.low, count.high)} tokens"


def _is_known(count: ChatCount) -> bool:
    """Return whether the model has a rule and a vocabulary, so that at least some parts can be counted."""
    return count.vocabulary is not None


def _known_tokens(count: ChatCount) -> int:
    return sum(part.tokens or 0 for part in count.parts)


def _bar(count: ChatCount, names: Sequence[str], whole: int, length: int) -> PartBar:
    """Return the bar of a count in which `whole` tokens take `length`."""
    shares, before = [], 0
    for name in names:
        part: Part = getattr(count.parts, name)
        after = before + (part.tokens or 0)
        start, end = (tokens * length // whole for tokens in (before, after))
        shares.append(PartShare(name, part, start, end - start))
        before = after
    is_known = _is_known(count)
    return PartBar(tuple(shares), is_known, before * length // whole if is_known and count.tokens is None else None)

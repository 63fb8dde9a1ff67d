"""The table of a chat: for each chosen model its tokens and cost, and the parts that they consist of."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from pricing_data import Price
from service.tokens.chat_counting import why_unknown
from service.web.playground.table import PlaygroundTable, ordered_table, row_of
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
BAR_LENGTH: Final = 1_000


class PartShare(NamedTuple):
    """A part of a count; `start` and `length` are its place in the bar, in tenths of a percent."""

    name: str
    part: Part
    start: int
    length: int

    @property
    def band(self) -> str | None:
        """Return the bounds of an estimate in words."""
        return bounds(self.part.low, self.part.high) if self.part.method == "estimate" else None


class ChatTable(NamedTuple):
    """The rows with the parts of each model. `names` are the parts that any shown model has."""

    table: PlaygroundTable
    parts: Mapping[str, tuple[PartShare, ...]]
    names: tuple[str, ...]


def build_chat_table(
    models: Sequence[str], counts: Sequence[ChatCount], prices: Mapping[str, Price], registry: Registry
) -> ChatTable:
    """Return the counts with their costs and parts, ordered by cost; models without a cost come last."""
    by_model = dict(zip(models, counts, strict=True))
    table = ordered_table(
        row_of(
            name,
            count.tokens,
            count.method,
            prices.get(name),
            registry,
            error=bounds(count.low, count.high) if count.method == "estimate" else None,
            reason=why_unknown(count) if count.tokens is None else None,
        )
        for name, count in by_model.items()
    )
    shown = {row.model: by_model[row.model].parts for row in table.rows}
    whole = max(map(_known, shown.values()), default=0)
    names = tuple(
        name for name in ChatParts._fields if any(getattr(each, name) != EMPTY_PART for each in shown.values())
    )
    return ChatTable(table, {model: _shares(parts, names, whole) for model, parts in shown.items()}, names)


def bounds(low: int, high: int | None) -> str:
    """Return the bounds of a number of tokens in words."""
    return f"at least {low:,}" if high is None else f"{low:,} to {high:,}"


def _known(parts: ChatParts) -> int:
    return sum(part.tokens or 0 for part in parts)


def _shares(parts: ChatParts, names: Sequence[str], whole: int) -> tuple[PartShare, ...]:
    """Return the parts with their places in a bar in which `whole` tokens are the full length."""
    shares, before = [], 0
    for name in names:
        part: Part = getattr(parts, name)
        after = before + (part.tokens or 0)
        start, end = (tokens * BAR_LENGTH // max(whole, 1) for tokens in (before, after))
        shares.append(PartShare(name, part, start, end - start))
        before = after
    return tuple(shares)

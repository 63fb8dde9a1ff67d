"""Exact sums of tokens by price tier, of one shard or of all; they can be merged in any order."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from corpus_cost.chat_counting import ChatSums, add_chat_sums
from corpus_cost.errors import TextFault
from corpus_cost.workload import Workload

Key = TypeVar("Key")


class Sums(NamedTuple):
    """Sums of one price tier: texts, and tokens of their calls. `input` includes the `cached` tokens."""

    texts: int = 0
    input: int = 0
    cached: int = 0
    output: int = 0

    def plus(self, other: "Sums") -> "Sums":
        """Return the sum of both."""
        return Sums(*(one + more for one, more in zip(self, other, strict=True)))


class Meter(NamedTuple):
    """Sums the counts of one counter by price tier.

    `thresholds` are the prompt sizes, in tokens, above which the price of any of its models changes.
    """

    counter: str
    thresholds: tuple[int, ...] = ()

    @property
    def tiers(self) -> int:
        """Return the number of price tiers; the first is up to the lowest threshold."""
        return len(self.thresholds) + 1

    def tally(
        self, counts: Sequence[int | None], outputs: Sequence[int] | None, workload: Workload
    ) -> tuple[Sums, ...]:
        """Return the sums of these texts by tier; a text without a count is in none of them."""
        is_plain = not workload.cached_share and not workload.output.ratio
        if is_plain and not (self.thresholds and max(filter(None, counts), default=0) > self.thresholds[0]):
            return (self._plain(counts, outputs, workload), *(Sums() for _ in self.thresholds))
        sums = [[0, 0, 0, 0] for _ in range(self.tiers)]
        for tokens, in_column in zip(counts, outputs or (0,) * len(counts), strict=True):
            if tokens is not None:
                tier = sums[bisect_left(self.thresholds, tokens)]
                tier[0] += 1
                tier[1] += tokens
                tier[2] += workload.cached(tokens)
                tier[3] += workload.output.of(tokens, in_column)
        return tuple(Sums(*tier) for tier in sums)

    def _plain(self, counts: Sequence[int | None], outputs: Sequence[int] | None, workload: Workload) -> Sums:
        """Return the sum of the first tier, where all texts are in it and nothing depends on their sizes."""
        known = [tokens for tokens in counts if tokens is not None]
        answered = 0
        if outputs:
            answered = sum(out for out, tokens in zip(outputs, counts, strict=True) if tokens is not None)
        return Sums(len(known), sum(known), 0, answered + workload.output.tokens * len(known))


# Further faults are counted but not listed: a file may have one in every row.
MAX_KEPT_FAULTS = 20


class Sampled(NamedTuple):
    """One text of a sample: its number of points, its size as measured for sampling, and its counts by counter."""

    points: int
    measure: int
    size: int
    output_tokens: int
    counts: dict[str, int | None]


@dataclass(frozen=True, slots=True)
class Partial:
    """Sums of one shard, or of several. Sizes are bytes of UTF-8.

    `sums` has a value for each tier of each counter; `uncounted` is the number of texts that a counter could not count.
    `texts` includes the `chats`, whose exact and estimated tokens are also in `chat_sums`. `lengths` is a histogram by
    the number of binary digits of the size. For a sample, `drawn` points and `measured` bytes are those that are only
    known once a source has been read through.
    """

    texts: int = 0
    bytes: int = 0
    nulls: int = 0
    faulty: int = 0
    sums: Mapping[str, tuple[Sums, ...]] = field(default_factory=dict)
    uncounted: Mapping[str, int] = field(default_factory=dict)
    lengths: Mapping[int, int] = field(default_factory=dict)
    faults: tuple[TextFault, ...] = ()
    sampled: tuple[Sampled, ...] = ()
    measured: int = 0
    drawn: int = 0
    chats: int = 0
    chat_sums: Mapping[str, ChatSums] = field(default_factory=dict)

    def plus(self, other: "Partial") -> "Partial":
        """Return the sum of both; equal faults are listed once."""
        return Partial(
            self.texts + other.texts,
            self.bytes + other.bytes,
            self.nulls + other.nulls,
            self.faulty + other.faulty,
            _add_sums(self.sums, other.sums),
            _add_counts(self.uncounted, other.uncounted),
            _add_counts(self.lengths, other.lengths),
            tuple(dict.fromkeys((*self.faults, *other.faults))),
            (*self.sampled, *other.sampled),
            self.measured + other.measured,
            self.drawn + other.drawn,
            self.chats + other.chats,
            add_chat_sums(self.chat_sums, other.chat_sums),
        )


def merge_partials(partials: Iterable[Partial]) -> Partial:
    """Return the sum of all partials."""
    total = Partial()
    for partial in partials:
        total = total.plus(partial)
    return total


def _add_counts(one: Mapping[Key, int], other: Mapping[Key, int]) -> dict[Key, int]:
    both = dict(one)
    for key, count in other.items():
        both[key] = both.get(key, 0) + count
    return both


def _add_sums(
    one: Mapping[str, tuple[Sums, ...]], other: Mapping[str, tuple[Sums, ...]]
) -> dict[str, tuple[Sums, ...]]:
    both = dict(one)
    for name, tiers in other.items():
        mine = both.get(name, (Sums(),) * len(tiers))
        both[name] = tuple(a.plus(b) for a, b in zip(mine, tiers, strict=True))
    return both


def to_json(partial: Partial) -> dict[str, Any]:
    """Return a partial as a JSON object."""
    return {
        "texts": partial.texts,
        "bytes": partial.bytes,
        "nulls": partial.nulls,
        "faulty": partial.faulty,
        "sums": {name: [list(tier) for tier in tiers] for name, tiers in partial.sums.items()},
        "uncounted": dict(partial.uncounted),
        "lengths": {str(digits): count for digits, count in partial.lengths.items()},
        "faults": [list(fault) for fault in partial.faults],
        "sampled": [list(text) for text in partial.sampled],
        "measured": partial.measured,
        "drawn": partial.drawn,
        "chats": partial.chats,
        "chat_sums": {name: list(sums) for name, sums in partial.chat_sums.items()},
    }


def from_json(row: Mapping[str, Any]) -> Partial:
    """Return the partial of a JSON object that `to_json` made. Raise KeyError, TypeError, ValueError."""
    return Partial(
        int(row["texts"]),
        int(row["bytes"]),
        int(row["nulls"]),
        int(row["faulty"]),
        {name: tuple(Sums(*tier) for tier in tiers) for name, tiers in row["sums"].items()},
        dict(row["uncounted"]),
        {int(digits): int(count) for digits, count in row["lengths"].items()},
        tuple(TextFault(*fault) for fault in row["faults"]),
        tuple(Sampled(*text) for text in row["sampled"]),
        int(row["measured"]),
        int(row["drawn"]),
        int(row["chats"]),
        {name: ChatSums(*sums) for name, sums in row["chat_sums"].items()},
    )

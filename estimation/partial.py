"""What was counted in one shard: exact sums that are merged in any order, each shard once."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from estimation.fault import Fault
from estimation.meter import Sums

# Faults beyond are counted and not kept: a file may have one in every row.
FAULTS_KEPT = 20


class Sampled(NamedTuple):
    """One text of a sample: the points that it holds, the bytes they were drawn from, and its counts by counter."""

    points: int
    measure: int
    size: int
    output_tokens: int
    counts: dict[str, int | None]


@dataclass(frozen=True, slots=True)
class Partial:
    """Sums of a shard, or of all. Sizes are bytes of UTF-8.

    `sums` has one for each tier of each counter; `uncounted` how many texts a counter gave up on. `lengths` counts
    texts by the number of binary digits of their size. Of a sample, `drawn` are the points, and `measured` the bytes,
    that are only known once a source has been read through.
    """

    texts: int = 0
    bytes: int = 0
    nulls: int = 0
    faulty: int = 0
    sums: Mapping[str, tuple[Sums, ...]] = field(default_factory=dict)
    uncounted: Mapping[str, int] = field(default_factory=dict)
    lengths: Mapping[int, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    sampled: tuple[Sampled, ...] = ()
    measured: int = 0
    drawn: int = 0

    def plus(self, other: "Partial") -> "Partial":
        """Both together. Of faults, each is kept once."""
        return Partial(
            self.texts + other.texts,
            self.bytes + other.bytes,
            self.nulls + other.nulls,
            self.faulty + other.faulty,
            _added(self.sums, other.sums),
            dict(Counter(self.uncounted) + Counter(other.uncounted)),
            dict(Counter(self.lengths) + Counter(other.lengths)),
            tuple(dict.fromkeys((*self.faults, *other.faults))),
            (*self.sampled, *other.sampled),
            self.measured + other.measured,
            self.drawn + other.drawn,
        )


def merged(partials: Iterable[Partial]) -> Partial:
    """All together."""
    total = Partial()
    for partial in partials:
        total = total.plus(partial)
    return total


def _added(one: Mapping[str, tuple[Sums, ...]], other: Mapping[str, tuple[Sums, ...]]) -> dict[str, tuple[Sums, ...]]:
    both = dict(one)
    for name, tiers in other.items():
        mine = both.get(name, (Sums(),) * len(tiers))
        both[name] = tuple(a.plus(b) for a, b in zip(mine, tiers, strict=True))
    return both


def to_json(partial: Partial) -> dict[str, Any]:
    """A partial as JSON values."""
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
    }


def from_json(row: Mapping[str, Any]) -> Partial:
    """The partial of these values. Raises KeyError, TypeError, ValueError for anything else."""
    return Partial(
        int(row["texts"]),
        int(row["bytes"]),
        int(row["nulls"]),
        int(row["faulty"]),
        {name: tuple(Sums(*tier) for tier in tiers) for name, tiers in row["sums"].items()},
        dict(row["uncounted"]),
        {int(digits): int(count) for digits, count in row["lengths"].items()},
        tuple(Fault(*fault) for fault in row["faults"]),
        tuple(Sampled(*text) for text in row["sampled"]),
        int(row["measured"]),
        int(row["drawn"]),
    )

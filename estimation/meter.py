"""Sums of tokens, exact and small: one for each price tier that the calls reach."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from estimation.workload import Workload


class Sums(NamedTuple):
    """Whole numbers that belong to one tier: texts, and tokens of their calls. Cached ones are among the input."""

    texts: int = 0
    input: int = 0
    cached: int = 0
    output: int = 0

    def plus(self, other: "Sums") -> "Sums":
        """Both together."""
        return Sums(*(one + more for one, more in zip(self, other, strict=True)))


class Meter(NamedTuple):
    """What counts with one vocabulary or reconstruction, and the prompt sizes above which any model's price changes."""

    counter: str
    thresholds: tuple[int, ...] = ()

    @property
    def tiers(self) -> int:
        """How many sums it keeps: the first is up to the lowest threshold."""
        return len(self.thresholds) + 1

    def tally(
        self, counts: Sequence[int | None], outputs: Sequence[int] | None, workload: Workload
    ) -> tuple[Sums, ...]:
        """The sums of these texts, by tier; a text without a count is in none."""
        if not self.thresholds and not workload.cached_share and not workload.output.ratio:
            return (self._plain(counts, outputs, workload),)
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
        """The one sum where nothing depends on the size of single texts."""
        known = [tokens for tokens in counts if tokens is not None]
        answered = 0
        if outputs:
            answered = sum(out for out, tokens in zip(outputs, counts, strict=True) if tokens is not None)
        return Sums(len(known), sum(known), 0, answered + workload.output.tokens * len(known))

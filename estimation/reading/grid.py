"""Points for a sample of a source that has to be read through: one at random in each stretch of its text."""

import hashlib
import random
from collections.abc import Iterable, Iterator

from estimation.piece import Grid
from estimation.reading.batch import Batch
from estimation.source import Source


class GridPoints:
    """Keeps of each batch the texts that hold points. A text's measure is its bytes and one more for its end."""

    def __init__(self, source: Source, grid: Grid) -> None:
        seed = hashlib.sha256(f"{grid.seed}\n{source.url}".encode()).digest()
        self._random = random.Random(seed)  # noqa: S311 (a sample that can be drawn again, not a secret)
        self._every = grid.every
        self._at = 0
        self._stretch = 0
        self._next = self._random.randrange(grid.every)

    def chosen(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The batches with the chosen texts alone, and with how many bytes they were chosen from."""
        for batch in batches:
            hits = [self._hits(size + 1) for size in batch.sizes]
            kept = [place for place, hit in enumerate(hits) if hit]
            outputs = batch.outputs
            yield Batch(
                [batch.positions[place] for place in kept],
                [batch.texts[place] for place in kept],
                [batch.sizes[place] for place in kept],
                None if outputs is None else [outputs[place] for place in kept],
                batch.nulls,
                batch.faults,
                tuple(hits[place] for place in kept),
                tuple(batch.sizes[place] + 1 for place in kept),
                sum(batch.sizes) + len(batch.sizes),
            )

    def _hits(self, measure: int) -> int:
        """How many points the next bytes hold."""
        self._at += measure
        hits = 0
        while self._next < self._at:
            hits += 1
            self._stretch += self._every
            self._next = self._stretch + self._random.randrange(self._every)
        return hits

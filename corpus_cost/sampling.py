"""Samples: choose texts by points that are spread evenly over all bytes, and estimate totals from them."""

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from corpus_cost.errors import Unreadable
from corpus_cost.estimate import ModelEstimate, uncounted_texts
from corpus_cost.intervals import Drawn, Interval, interval
from corpus_cost.planning import group_pieces, shard_bytes
from corpus_cost.pricing import Metering, Way
from corpus_cost.readers.parquet import parquet_file
from corpus_cost.readers.pieces import read_batches
from corpus_cost.shards import Grid, Hits, Points, Shard, SourcePiece, Whole, shard_of
from corpus_cost.sources import TextFormat, TextSource
from corpus_cost.totals import Partial, Sampled
from corpus_cost.workload import ReadOptions, Workload
from pricing_data import UnpricedUsage
from pricing_data.call_cost import call_cost
from pricing_data.price import Price
from pricing_data.usage import Terms, Usage

# Fewer points make the interval wide; more hardly make it narrower.
MIN_POINTS, MAX_POINTS = 200, 50_000
MAX_POINTS_PER_PIECE = 256
# The mean size of texts is taken from the beginnings of at most this many sources.
MAX_PROBED_SOURCES = 20


class SamplePlan(NamedTuple):
    """The shards of a sample, and the points and bytes that are known before it is read."""

    shards: tuple[Shard, ...]
    points: int
    measured: int


def sample_plan(sources: Sequence[TextSource], reading: ReadOptions, share: Decimal, seed: str) -> SamplePlan:
    """Return the plan of a sample with about `share` points for each text. Raise MissingExtra."""
    every = _bytes_per_point(sources, reading, share)
    pieces: list[SourcePiece] = []
    points = known = 0
    for source in sources:
        if _is_read_through(source):
            pieces.append(SourcePiece(source, Grid(every, seed), source.size))
            continue
        offsets = _draw_offsets(source, every, seed)
        points += len(offsets)
        known += source.size + (source.format is TextFormat.TEXT)
        pieces.extend(_sample_pieces(source, offsets, every))
    return SamplePlan(
        tuple(shard_of(tuple(group)) for group in group_pieces(pieces, shard_bytes(sources))), points, known
    )


def _is_read_through(source: TextSource) -> bool:
    return source.format is not TextFormat.TEXT and not source.is_seekable_lines


def _sample_pieces(source: TextSource, offsets: list[int], every: int) -> Iterator[SourcePiece]:
    if source.format is TextFormat.TEXT:
        if offsets:
            yield SourcePiece(source, Hits(len(offsets)), source.size)
        return
    for at in range(0, len(offsets), MAX_POINTS_PER_PIECE):
        some = tuple(offsets[at : at + MAX_POINTS_PER_PIECE])
        yield SourcePiece(source, Points(some), len(some) * min(every, 64 << 10))


def _draw_offsets(source: TextSource, every: int, seed: str) -> list[int]:
    """Return one random byte offset in each stretch of a source; the last stretch may reach over its end."""
    size = source.size + (source.format is TextFormat.TEXT)
    digest = hashlib.sha256(f"{seed}\n{source.url}".encode()).digest()
    chance = random.Random(digest)  # noqa: S311 (a sample that can be drawn again, not a secret)
    drawn = (begin + chance.randrange(every) for begin in range(0, size, every))
    return [offset for offset in drawn if offset < size]


def _bytes_per_point(sources: Sequence[TextSource], reading: ReadOptions, share: Decimal) -> int:
    """Return the length of a stretch in bytes; each has one point."""
    mean = _mean_bytes(sources, reading)
    measured = sum(_about_bytes(source, mean) for source in sources)
    wished = int(mean / share)
    return max(1, min(max(wished, measured // MAX_POINTS), measured // MIN_POINTS))


def _about_bytes(source: TextSource, mean: int) -> int:
    """Return about how many bytes of text there are; too few for compressed files, which enlarges a small sample."""
    if source.format is not TextFormat.PARQUET:
        return source.size + 1
    try:
        with parquet_file(source) as file:
            return int(file.metadata.num_rows) * mean
    except Unreadable:
        return 0  # `count_shard` meets the error again and lists it


def _mean_bytes(sources: Sequence[TextSource], reading: ReadOptions) -> int:
    """Return the mean size of a text, from the beginnings of some sources."""
    step = max(1, len(sources) // MAX_PROBED_SOURCES)
    size = texts = 0
    for source in sources[::step]:
        if source.format is TextFormat.TEXT:
            size, texts = size + source.size + 1, texts + 1
            continue
        try:
            first = next(read_batches(SourcePiece(source, Whole(), source.size), reading), None)
        except Unreadable:
            continue  # `count_shard` meets the error again and lists it
        if first is not None:
            size, texts = size + sum(first.sizes) + len(first.sizes), texts + len(first.texts)
    return size // max(1, texts) + 1


class SampleTotals(NamedTuple):
    """The sampled texts with their counts; `points` points were drawn evenly from `measured` bytes."""

    total: Partial
    points: int
    measured: int

    def estimated(self, way: Way, amount: Callable[[int, int], Decimal | int]) -> Interval:
        """Return the interval of a total. `amount` gets the tokens of a text, and its output tokens by column."""
        names = (way.counter, way.chats.key if way.chats else None)
        readings = (
            Drawn(text.points, text.measure, Fraction(amount(tokens, text.output_tokens)))
            for text in self.total.sampled
            if (tokens := _tokens_of(text, names)) is not None
        )
        return interval(readings, self.points, self.measured)


def _tokens_of(text: Sampled, names: Sequence[str | None]) -> int | None:
    found = (text.counts.get(name) for name in names if name is not None)
    return next((tokens for tokens in found if tokens is not None), None)


def sampled_estimates(metering: Metering, workload: Workload, sample: SampleTotals) -> tuple[ModelEstimate, ...]:
    """Return the estimate of each model from a sample."""
    return tuple(_sampled_model(way, workload, sample) for way in metering.ways)


def _sampled_model(way: Way, workload: Workload, sample: SampleTotals) -> ModelEstimate:
    if way.counter is None:
        return ModelEstimate(way, None, None, None, way.reason)
    total = sample.total
    if way.chats is None and total.chats and total.chats == total.texts:
        return ModelEstimate(way, None, None, None, way.no_chats, total.chats)
    tokens = sample.estimated(way, lambda tokens, _: tokens)
    output = sample.estimated(way, workload.output.of)
    usd, reason = _sampled_cost(way, workload, sample)
    return ModelEstimate(
        way,
        round(tokens.estimate),
        round(output.estimate),
        usd.estimate if usd else None,
        reason,
        uncounted_texts(way, total),
        tokens,
        usd,
    )


def _sampled_cost(way: Way, workload: Workload, sample: SampleTotals) -> tuple[Interval | None, str | None]:
    price, terms, reason = way.priced
    if price is None:
        return None, reason
    try:
        return sample.estimated(way, lambda tokens, column: _call_cost(price, terms, workload, tokens, column)), None
    except UnpricedUsage as fault:
        return None, fault.reason


def _call_cost(price: Price, terms: Terms, workload: Workload, tokens: int, in_column: int) -> Decimal:
    """Return the exact cost of the call of one text."""
    output = workload.output.of(tokens, in_column)
    usage = Usage(tokens, output, workload.cached(tokens))
    return call_cost(price, usage, terms).total

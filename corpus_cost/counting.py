"""Count shards: read each piece in batches, count every batch with all counters of the job, add up the sums."""

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from corpus_cost.documents import PartWriter, no_part, part_writer
from corpus_cost.errors import TextFault, Unreadable
from corpus_cost.readers.arrow_texts import ArrowTexts
from corpus_cost.readers.pieces import read_batches
from corpus_cost.readers.records import TextBatch
from corpus_cost.shards import Shard, SourcePiece
from corpus_cost.totals import MAX_KEPT_FAULTS, Meter, Partial, Sampled
from corpus_cost.workload import ReadOptions, Workload
from tokenizer_registry import Registry, UncountableText
from tokenizer_registry.native.batch_counter import BatchCounter, NativeVocabulary
from tokenizer_registry.native.text_column import copied_columns
from tokenizer_registry.vocabulary import TokenCounter


class CountJob(NamedTuple):
    """All that a worker needs to count any shard; it is sent to other processes and machines.

    `parts` is the folder for the parts of the table of all texts, or None if only totals are wanted.
    """

    meters: tuple[Meter, ...]
    workload: Workload
    reading: ReadOptions = ReadOptions()
    parts: Path | None = None

    @property
    def counters(self) -> tuple[str, ...]:
        """Return the names of the counters to load."""
        return tuple(meter.counter for meter in self.meters)


CountsByCounter = dict[str, list[int | None]]


class JobCounters:
    """The counters of a job, by name. Native vocabularies are counted together, one call for each text."""

    def __init__(self, by_name: Mapping[str, TokenCounter]) -> None:
        self._native = {name: found for name, found in by_name.items() if isinstance(found, NativeVocabulary)}
        self._together = BatchCounter(self._native)
        self._others = {name: found for name, found in by_name.items() if name not in self._native}

    def count(self, texts: Sequence[str]) -> CountsByCounter:
        """Return the tokens of each text by each counter, in the order of the texts; None if it cannot be counted."""
        found: CountsByCounter = {}
        if self._others:
            strings = list(texts)
            found = {name: count_texts(counter, strings) for name, counter in self._others.items()}
        return found | self._counted_together(texts) if self._native else found

    def _counted_together(self, texts: Sequence[str]) -> CountsByCounter:
        if not self._together.counts_columns:
            return {name: count_texts(counter, texts) for name, counter in self._native.items()}
        found: CountsByCounter = {name: [] for name in self._together.names}
        try:
            for column in (texts.column,) if isinstance(texts, ArrowTexts) else copied_columns(texts):
                for counts, more in zip(found.values(), self._together.count_column(column), strict=True):
                    counts += more
        except (UncountableText, UnicodeEncodeError):
            return {name: count_texts(counter, texts) for name, counter in self._native.items()}
        return found


def count_texts(counter: TokenCounter, texts: Sequence[str]) -> list[int | None]:
    """Return the tokens of each text, in order; None for a text that cannot be counted."""
    try:
        return list(counter.count_batch(texts))
    except UncountableText:
        return [_count_one(counter, text) for text in texts]


def _count_one(counter: TokenCounter, text: str) -> int | None:
    try:
        return counter.count(text)
    except UncountableText:
        return None


def load_counters(registry: Registry, names: Sequence[str]) -> JobCounters:
    """Load the counters of these names. Raise UnknownVocabulary, DamagedVocabulary."""
    return JobCounters({name: registry.counter(name) for name in names})


def count_shard(shard: Shard, job: CountJob, counters: JobCounters) -> Partial:
    """Return the sums of a shard; a source that cannot be read is listed in its faults.

    Raise OSError if the part cannot be written.
    """
    total = Partial()
    with part_writer(job.parts, shard.id, job.counters) if job.parts else no_part() as writer:
        for piece in shard.pieces:
            total = total.plus(_count_piece(piece, job, counters, writer))
    return total


def _count_piece(piece: SourcePiece, job: CountJob, counters: JobCounters, writer: PartWriter | None) -> Partial:
    total = Partial()
    try:
        for batch in read_batches(piece, job.reading):
            total = total.plus(_count_batch(piece, batch, job, counters, writer, len(total.faults)))
    except Unreadable as fault:
        total = total.plus(Partial(faults=(TextFault(fault.name, None, fault.reason),)))
    return total


def _count_batch(
    piece: SourcePiece,
    batch: TextBatch,
    job: CountJob,
    counters: JobCounters,
    writer: PartWriter | None,
    faults_kept: int,
) -> Partial:
    counts = counters.count(batch.texts)
    if writer is not None:
        writer.write(piece.source, batch, counts)
    return Partial(
        texts=len(batch.texts),
        bytes=sum(batch.sizes),
        nulls=batch.nulls,
        faulty=len(batch.faults),
        sums={meter.counter: meter.tally(counts[meter.counter], batch.outputs, job.workload) for meter in job.meters},
        uncounted={name: gaps for name, found in counts.items() if (gaps := found.count(None))},
        lengths=Tally(size.bit_length() for size in batch.sizes),
        faults=batch.faults[: max(0, MAX_KEPT_FAULTS - faults_kept)],
        sampled=_sampled(batch, counts),
        measured=batch.measured,
        drawn=sum(batch.points) if batch.measured else 0,
    )


def _sampled(batch: TextBatch, counts: Mapping[str, list[int | None]]) -> tuple[Sampled, ...]:
    outputs = batch.outputs or [0] * len(batch.texts)
    return tuple(
        Sampled(points, measure, batch.sizes[i], outputs[i], {name: found[i] for name, found in counts.items()})
        for i, (points, measure) in enumerate(zip(batch.points, batch.measures, strict=True))
    )

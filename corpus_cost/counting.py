"""Count shards: read each piece in batches, count every batch with all counters of the job, add up the sums."""

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from corpus_cost.chat_counting import ChatCounters, ChatTally
from corpus_cost.documents import PartWriter, no_part, part_writer
from corpus_cost.errors import TextFault, Unreadable
from corpus_cost.plain_chats import ChatModel
from corpus_cost.readers.arrow_texts import ArrowTexts
from corpus_cost.readers.pieces import read_batches, unit_of
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
    chat_meters: tuple[Meter, ...] = ()
    chat_models: tuple[ChatModel, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of all counts that a text or a chat may have."""
        return (*self.counters, *(meter.counter for meter in self.chat_meters))

    @property
    def counters(self) -> tuple[str, ...]:
        """Return the names of the counters to load."""
        return tuple(meter.counter for meter in self.meters)


CountsByCounter = dict[str, list[int | None]]


class JobCounters:
    """The counters of a job, by name. Native vocabularies are counted together, one call for each text."""

    def __init__(self, by_name: Mapping[str, TokenCounter], chats: ChatCounters) -> None:
        self.chats = chats
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


def load_counters(registry: Registry, job: CountJob) -> JobCounters:
    """Load the counters of a job. Raise UnknownVocabulary, DamagedVocabulary."""
    chats = ChatCounters(registry, job.chat_models, own=job.reading.own_models is not None)
    return JobCounters({name: registry.counter(name) for name in job.counters}, chats)


def count_shard(shard: Shard, job: CountJob, counters: JobCounters) -> Partial:
    """Return the sums of a shard; a source that cannot be read is listed in its faults.

    Raise OSError if the part cannot be written.
    """
    total = Partial()
    with part_writer(job.parts, shard.id, job.columns) if job.parts else no_part() as writer:
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
    if batch.chats:
        return _count_mixed(piece, batch, job, counters, writer, faults_kept)
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
        lengths=Tally(map(int.bit_length, batch.sizes)),
        faults=batch.faults[: max(0, MAX_KEPT_FAULTS - faults_kept)],
        sampled=_sampled(batch, counts),
        measured=batch.measured,
        drawn=sum(batch.points) if batch.measured else 0,
    )


def _count_mixed(
    piece: SourcePiece,
    batch: TextBatch,
    job: CountJob,
    counters: JobCounters,
    writer: PartWriter | None,
    faults_kept: int,
) -> Partial:
    """Count a batch that has chats: first its texts, then its chats."""
    texts = batch.chosen([place for place, chat in enumerate(batch.chats) if chat is None])
    texts = texts._replace(nulls=batch.nulls, faults=batch.faults, chats=())
    total = _count_batch(piece, texts, job, counters, writer, faults_kept)
    chats = batch.chosen([place for place, chat in enumerate(batch.chats) if chat is not None])
    total = total.plus(_count_chats(piece, chats, job, counters, writer, faults_kept + len(total.faults)))
    return total.plus(Partial(measured=batch.measured, drawn=sum(batch.points) if batch.measured else 0))


def _count_chats(
    piece: SourcePiece,
    batch: TextBatch,
    job: CountJob,
    counters: JobCounters,
    writer: PartWriter | None,
    faults_kept: int,
) -> Partial:
    tallies = counters.chats.count([chat for chat in batch.chats if chat is not None])
    counts = {key: tally.tokens for key, tally in tallies.items()}
    if writer is not None:
        writer.write(piece.source, batch, counts)
    faults = _chat_faults(piece, batch, job, tallies)
    return Partial(
        texts=len(batch.chats),
        bytes=sum(batch.sizes),
        sums={
            meter.counter: meter.tally(counts[meter.counter], batch.outputs, job.workload) for meter in job.chat_meters
        },
        uncounted={key: len(tally.reasons) for key, tally in tallies.items() if tally.reasons},
        lengths=Tally(map(int.bit_length, batch.sizes)),
        faults=faults[: max(0, MAX_KEPT_FAULTS - faults_kept)],
        sampled=_sampled(batch, counts),
        chats=len(batch.chats),
        chat_sums={key: tally.sums for key, tally in tallies.items()},
    )


def _chat_faults(
    piece: SourcePiece, batch: TextBatch, job: CountJob, tallies: Mapping[str, ChatTally]
) -> tuple[TextFault, ...]:
    """Return why chats have no count, by model."""
    unit = unit_of(piece.source.format)
    return tuple(
        TextFault(piece.source.name, f"{unit} {batch.positions[place]}", f"no count for {model.name}: {reason}.")
        for model in job.chat_models
        for place, reason in tallies[model.key].reasons.items()
    )


def _sampled(batch: TextBatch, counts: Mapping[str, list[int | None]]) -> tuple[Sampled, ...]:
    outputs = batch.outputs or [0] * len(batch.texts)
    return tuple(
        Sampled(points, measure, batch.sizes[i], outputs[i], {name: found[i] for name, found in counts.items()})
        for i, (points, measure) in enumerate(zip(batch.points, batch.measures, strict=True))
    )

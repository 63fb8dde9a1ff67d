"""Shards to partials: read in batches, count each batch with all counters, add up."""

from collections import Counter as Tally
from collections.abc import Mapping

from estimation.engines import Counters
from estimation.errors import Unreadable
from estimation.fault import Fault
from estimation.job import Job
from estimation.partial import FAULTS_KEPT, Partial, Sampled
from estimation.parts import PartWriter, no_part, part_writer
from estimation.piece import Piece, Shard
from estimation.reading.batch import Batch
from estimation.reading.batches import batches_of


def count_shard(shard: Shard, job: Job, counters: Counters) -> Partial:
    """The sums of a shard; a source that cannot be read is a fault in it. Raises OSError if no part can be written."""
    total = Partial()
    with part_writer(job.parts, shard.id, job.counters) if job.parts else no_part() as writer:
        for piece in shard.pieces:
            total = total.plus(_count_piece(piece, job, counters, writer))
    return total


def _count_piece(piece: Piece, job: Job, counters: Counters, writer: PartWriter | None) -> Partial:
    total = Partial()
    try:
        for batch in batches_of(piece, job.reading):
            total = total.plus(_count_batch(piece, batch, job, counters, writer, len(total.faults)))
    except Unreadable as fault:
        total = total.plus(Partial(faults=(Fault(fault.name, None, fault.reason),)))
    return total


def _count_batch(
    piece: Piece,
    batch: Batch,
    job: Job,
    counters: Counters,
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
        faults=batch.faults[: max(0, FAULTS_KEPT - faults_kept)],
        sampled=_sampled(batch, counts),
        measured=batch.measured,
        drawn=sum(batch.points) if batch.measured else 0,
    )


def _sampled(batch: Batch, counts: Mapping[str, list[int | None]]) -> tuple[Sampled, ...]:
    outputs = batch.outputs or [0] * len(batch.texts)
    return tuple(
        Sampled(points, measure, batch.sizes[i], outputs[i], {name: found[i] for name, found in counts.items()})
        for i, (points, measure) in enumerate(zip(batch.points, batch.measures, strict=True))
    )

"""Run an estimate: count the shards that are not in the journal yet, and build the result from their sums.

`estimate_corpus` does it in one call, for instance from a notebook.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import NamedTuple, Protocol

from corpus_cost.counting import CountJob, load_counters
from corpus_cost.discovery import FoundSources, find_sources
from corpus_cost.errors import TextFault
from corpus_cost.estimate import Estimate, ModelEstimate, SampleSize, model_estimates
from corpus_cost.journal import Journal
from corpus_cost.planning import plan_shards
from corpus_cost.pricing import Metering, metering
from corpus_cost.readers.parquet import import_parquet_library
from corpus_cost.sampling import SamplePlan, SampleTotals, sampled_estimates
from corpus_cost.shards import Shard
from corpus_cost.sources import TextFormat
from corpus_cost.totals import Partial, merge_partials
from corpus_cost.workers import ShardResult, Workers
from corpus_cost.workload import ReadOptions, Workload
from pricing_data import PriceBook
from tokenizer_registry import Registry
from tokenizer_registry.processors import usable_processors


class Runner(Protocol):
    """Counts shards, in processes of this machine or on a cluster."""

    def count(self, shards: Sequence[Shard]) -> Iterator[ShardResult]:
        """Yield the result of each shard as it is finished, in any order. A shard may come twice."""


class ShardTally:
    """The sums of finished shards by shard id; a shard that comes twice is added once."""

    def __init__(self, journal: Journal | None) -> None:
        self._journal = journal
        self._partials: dict[str, Partial] = {}
        self._lost: dict[str, Partial] = {}

    def resume(self, shards: Sequence[Shard]) -> list[Shard]:
        """Load the shards that are in the journal, and return those that remain to be counted."""
        kept = self._journal.done() if self._journal else {}
        self._partials.update({shard.id: kept[shard.id] for shard in shards if shard.id in kept})
        return [shard for shard in shards if shard.id not in kept]

    def take(self, done: ShardResult) -> None:
        """Add a result, and write it to the journal. Raise OSError, for instance on a full disk."""
        if done.lost:
            self._lost[done.shard.id] = done.partial
        elif done.shard.id not in self._partials:
            self._partials[done.shard.id] = done.partial
            if self._journal:
                self._journal.keep(done.shard.id, done.partial)

    @property
    def done(self) -> int:
        """Return the number of shards that are counted."""
        return len(self._partials)

    def total(self, shards: Sequence[Shard]) -> Partial:
        """Return the sum of these shards, as far as they are counted, added in their order."""
        both = {**self._lost, **self._partials}
        return merge_partials(both[shard.id] for shard in shards if shard.id in both)


def count_shards(runner: Runner, shards: Sequence[Shard], tally: ShardTally, progress: Callable[[Shard], None]) -> None:
    """Count the shards that are not in the journal, and call `progress` with each finished one.

    Raise what the runner raises.
    """
    left = tally.resume(shards)
    waiting = {shard.id for shard in left}
    for shard in shards:
        if shard.id not in waiting:
            progress(shard)
    for done in runner.count(left):
        tally.take(done)
        progress(done.shard)


class EstimateInputs(NamedTuple):
    """What the result of an estimate is computed from, besides the sums: meters and prices, workload and sources."""

    metering: Metering
    workload: Workload
    found: FoundSources


def build_estimate(
    basis: EstimateInputs, shards: Sequence[Shard], faults: Sequence[TextFault], tally: ShardTally
) -> Estimate:
    """Return the estimate from the shards that were counted."""
    total = tally.total(shards)
    models = model_estimates(basis.metering, total)
    return _build(basis, total, models, shards, faults, tally)


def build_sample_estimate(basis: EstimateInputs, plan: SamplePlan, share: Decimal, tally: ShardTally) -> Estimate:
    """Return the estimate from a sample."""
    total = tally.total(plan.shards)
    sample = SampleTotals(total, plan.points + total.drawn, plan.measured + total.measured)
    models = sampled_estimates(basis.metering, basis.workload, sample)
    size = SampleSize(share, total.texts, sample.points, sample.measured)
    return _build(basis, total, models, plan.shards, (), tally, size)


def _build(
    basis: EstimateInputs,
    total: Partial,
    models: tuple[ModelEstimate, ...],
    shards: Sequence[Shard],
    faults: Sequence[TextFault],
    tally: ShardTally,
    sample: SampleSize | None = None,
) -> Estimate:
    found = basis.found
    return Estimate(
        models,
        total,
        tuple(dict.fromkeys((*found.faults, *faults, *total.faults))),
        basis.workload,
        len(found.sources) + len(found.faults),
        found.hidden,
        found.ignored,
        len(shards),
        tally.done,
        sample,
    )


def estimate_corpus(
    inputs: Iterable[str],
    models: Sequence[str],
    workload: Workload,
    *,
    registry: Registry,
    book: PriceBook,
    reading: ReadOptions | None = None,
    form: TextFormat | None = None,
    estimated: bool = False,
    workers: int | None = None,
) -> Estimate:
    """Return what the texts of files, folders, glob patterns and URLs would cost. Nothing is kept on disk.

    `models` are names as people have them. Raise NothingFound, MissingExtra, WorkersLost, UnknownModel.
    """
    reading = reading or ReadOptions()
    count = workers or usable_processors()
    ways = metering(registry, book, models, workload, estimate=estimated)
    job = CountJob(ways.meters, workload, reading, None, ways.chat_meters, ways.chat_models)
    inputs = list(inputs)
    # Fork the workers first: forking is only safe before this process starts threads.
    with Workers(job, load_counters(registry, job), count, partial(import_parquet_library, inputs, form)) as runner:
        found = find_sources(inputs, form)
        planned = plan_shards(found.sources, reading, count)
        tally = ShardTally(None)
        count_shards(runner, planned.shards, tally, lambda _: None)
    return build_estimate(EstimateInputs(ways, workload, found), planned.shards, planned.faults, tally)

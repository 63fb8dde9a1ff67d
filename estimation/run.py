"""One estimate from its plan to its outcome: shards that are kept already are not counted again."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple, Protocol

from estimation.estimate import Estimate, ModelEstimate, SampleSize, full_models
from estimation.fault import Fault
from estimation.journal import Journal
from estimation.locating import Found
from estimation.metering import Metering
from estimation.partial import Partial, merged
from estimation.piece import Shard
from estimation.sampled import Sample, sampled_models
from estimation.sampling import SamplePlan
from estimation.workers import Done
from estimation.workload import Workload
from pricing_data import PriceBook


class Runner(Protocol):
    """Counts shards somewhere."""

    def count(self, shards: Sequence[Shard]) -> Iterator[Done]:
        """Each shard's partial, as they are done, in any order. A shard may come twice."""


class Tally:
    """The partials of shards by their id: a shard that comes twice counts once."""

    def __init__(self, journal: Journal | None) -> None:
        self._journal = journal
        self._partials: dict[str, Partial] = {}
        self._lost: dict[str, Partial] = {}

    def resume(self, shards: Sequence[Shard]) -> list[Shard]:
        """Take what is kept of these shards; answers those that are left to count."""
        kept = self._journal.done() if self._journal else {}
        self._partials.update({shard.id: kept[shard.id] for shard in shards if shard.id in kept})
        return [shard for shard in shards if shard.id not in kept]

    def take(self, done: Done) -> None:
        """Keep an outcome. Raises OSError on a full disk."""
        if done.lost:
            self._lost[done.shard.id] = done.partial
        elif done.shard.id not in self._partials:
            self._partials[done.shard.id] = done.partial
            if self._journal:
                self._journal.keep(done.shard.id, done.partial)

    @property
    def done(self) -> int:
        """How many shards are counted."""
        return len(self._partials)

    def total(self, shards: Sequence[Shard]) -> Partial:
        """All that is counted of these shards, in their order."""
        both = {**self._lost, **self._partials}
        return merged(both[shard.id] for shard in shards if shard.id in both)


def run(runner: Runner, shards: Sequence[Shard], tally: Tally, progress: Callable[[Shard], None]) -> None:
    """Count what is left of the shards; `progress` hears each. Raises what the runner raises."""
    left = tally.resume(shards)
    waiting = {shard.id for shard in left}
    for shard in shards:
        if shard.id not in waiting:
            progress(shard)
    for done in runner.count(left):
        tally.take(done)
        progress(done.shard)


class Question(NamedTuple):
    """What an estimate is asked for: how to count and price, over what was found."""

    metering: Metering
    book: PriceBook
    workload: Workload
    found: Found


def outcome(question: Question, shards: Sequence[Shard], faults: Sequence[Fault], tally: Tally) -> Estimate:
    """The estimate, of as many shards as were counted."""
    total = tally.total(shards)
    models = full_models(question.metering, question.book, question.workload, total)
    return _estimate(question, total, models, shards, faults, tally)


def sample_outcome(question: Question, plan: SamplePlan, share: Decimal, tally: Tally) -> Estimate:
    """The estimate from a sample."""
    total = tally.total(plan.shards)
    sample = Sample(total, plan.points + total.drawn, plan.measured + total.measured)
    models = sampled_models(question.metering, question.book, question.workload, sample)
    size = SampleSize(share, total.texts, sample.points, sample.measured)
    return _estimate(question, total, models, plan.shards, (), tally, size)


def _estimate(
    question: Question,
    total: Partial,
    models: tuple[ModelEstimate, ...],
    shards: Sequence[Shard],
    faults: Sequence[Fault],
    tally: Tally,
    sample: SampleSize | None = None,
) -> Estimate:
    found = question.found
    return Estimate(
        models,
        total,
        tuple(dict.fromkeys((*found.faults, *faults, *total.faults))),
        question.workload,
        len(found.sources) + len(found.faults),
        found.hidden,
        found.ignored,
        len(shards),
        tally.done,
        sample,
    )

"""The result of an estimate: tokens and cost of all texts for each model, and what could not be read."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from corpus_cost.errors import TextFault
from corpus_cost.intervals import Interval
from corpus_cost.pricing import Metering, Way, price_sums
from corpus_cost.totals import Partial, Sums
from corpus_cost.workload import Workload


class ModelEstimate(NamedTuple):
    """The estimate of one model: tokens and cost (USD) of the texts that could be counted.

    `uncounted` is the number of texts that could not. The cost is exactly the sum of the costs of single calls, one for
    each text; where it is None, `reason` says why. With a sample, tokens and cost have confidence intervals.
    """

    way: Way
    input_tokens: int | None
    output_tokens: int | None
    usd: Decimal | None
    reason: str | None = None
    uncounted: int = 0
    token_interval: Interval | None = None
    usd_interval: Interval | None = None


class SampleSize(NamedTuple):
    """The size of a sample: texts counted, points drawn, and bytes from which the points were drawn."""

    share: Decimal
    texts: int
    points: int
    measured_bytes: int


class Estimate(NamedTuple):
    """The estimates of all models, what was read, and what was not. `done` of `shards` shards are in the totals."""

    models: tuple[ModelEstimate, ...]
    total: Partial
    faults: tuple[TextFault, ...]
    workload: Workload
    sources: int
    hidden: int
    ignored: int
    shards: int
    done: int
    sample: SampleSize | None = None

    @property
    def is_whole(self) -> bool:
        """Return whether every text of every source is in the totals."""
        gaps = any(model.uncounted for model in self.models)
        return self.done == self.shards and not self.faults and not self.total.faulty and not gaps


def model_estimates(metering: Metering, total: Partial) -> tuple[ModelEstimate, ...]:
    """Return the estimate of each model from exact sums."""
    meters = {meter.counter: meter for meter in metering.meters}
    models: list[ModelEstimate] = []
    for way in metering.ways:
        if way.counter is None:
            models.append(ModelEstimate(way, None, None, None, way.reason))
            continue
        meter = meters[way.counter]
        tiers = total.sums.get(way.counter, (Sums(),) * meter.tiers)
        usd, reason = price_sums(way.priced, meter, tiers)
        whole = sum_tiers(tiers)
        gaps = total.uncounted.get(way.counter, 0)
        models.append(ModelEstimate(way, whole.input, whole.output, usd, reason, gaps))
    return tuple(models)


def sum_tiers(tiers: Sequence[Sums]) -> Sums:
    """Return the sum over all tiers."""
    total = Sums()
    for tier in tiers:
        total = total.plus(tier)
    return total

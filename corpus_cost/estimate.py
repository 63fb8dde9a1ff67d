"""The result of an estimate: tokens and cost of all texts for each model, and what could not be read."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from corpus_cost.errors import TextFault
from corpus_cost.intervals import Interval
from corpus_cost.pricing import Metering, Way, price_sums
from corpus_cost.totals import Partial, Sums
from corpus_cost.workload import Workload
from pricing_data import PriceBook


class ModelEstimate(NamedTuple):
    """One model. Tokens and costs (USD) are of the texts that could be counted, `uncounted` how many could not.

    The cost is exactly the sum of the costs of single calls, one a text; it is None with a reason. With a sample,
    tokens and cost are estimates with intervals.
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
    """What a sample was: texts that were counted, points that were drawn, bytes they were drawn from."""

    share: Decimal
    texts: int
    points: int
    measured_bytes: int


class Estimate(NamedTuple):
    """All models, what was read, and what was not. `done` of `shards` parts are in the totals."""

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
        """Whether every text of every source is in the totals."""
        gaps = any(model.uncounted for model in self.models)
        return self.done == self.shards and not self.faults and not self.total.faulty and not gaps


def model_estimates(
    metering: Metering, book: PriceBook, workload: Workload, total: Partial
) -> tuple[ModelEstimate, ...]:
    """What each model comes to, of exact sums."""
    meters = {meter.counter: meter for meter in metering.meters}
    models: list[ModelEstimate] = []
    for way in metering.ways:
        if way.counter is None:
            models.append(ModelEstimate(way, None, None, None, way.reason))
            continue
        meter = meters[way.counter]
        tiers = total.sums.get(way.counter, (Sums(),) * meter.tiers)
        usd, reason = price_sums(book, way.model, meter, tiers, workload)
        whole = sum_tiers(tiers)
        gaps = total.uncounted.get(way.counter, 0)
        models.append(ModelEstimate(way, whole.input, whole.output, usd, reason, gaps))
    return tuple(models)


def sum_tiers(tiers: Sequence[Sums]) -> Sums:
    """All tiers together."""
    total = Sums()
    for tier in tiers:
        total = total.plus(tier)
    return total

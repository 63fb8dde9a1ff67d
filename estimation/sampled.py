"""What each model comes to, by a sample: estimates with intervals, from whole calls priced one by one."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from estimation.estimate import ModelEstimate
from estimation.interval import Drawn, Interval, interval
from estimation.metering import Metering, Way
from estimation.partial import Partial
from estimation.workload import Workload
from pricing_data import PriceBook, UnpricedUsage
from pricing_data.call_cost import call_cost
from pricing_data.price import Price
from pricing_data.usage import Usage


class Sample(NamedTuple):
    """Sampled texts with their counts; `points` were drawn, evenly from `measured` bytes."""

    total: Partial
    points: int
    measured: int

    def estimated(self, counter: str, amount: Callable[[int, int], Decimal | int]) -> Interval:
        """The total of an amount that follows from each text's tokens, and its output tokens by column."""
        readings = (
            Drawn(text.points, text.measure, Fraction(amount(tokens, text.output_tokens)))
            for text in self.total.sampled
            if (tokens := text.counts[counter]) is not None
        )
        return interval(readings, self.points, self.measured)


def sampled_models(
    metering: Metering, book: PriceBook, workload: Workload, sample: Sample
) -> tuple[ModelEstimate, ...]:
    """Every model's estimate."""
    return tuple(_model(way, book, workload, sample) for way in metering.ways)


def _model(way: Way, book: PriceBook, workload: Workload, sample: Sample) -> ModelEstimate:
    if way.counter is None:
        return ModelEstimate(way, None, None, None, way.reason)
    tokens = sample.estimated(way.counter, lambda tokens, _: tokens)
    output = sample.estimated(way.counter, workload.output.of)
    usd, reason = _usd(way, way.counter, book, workload, sample)
    return ModelEstimate(
        way,
        round(tokens.estimate),
        round(output.estimate),
        usd.estimate if usd else None,
        reason,
        sample.total.uncounted.get(way.counter, 0),
        tokens,
        usd,
    )


def _usd(
    way: Way, counter: str, book: PriceBook, workload: Workload, sample: Sample
) -> tuple[Interval | None, str | None]:
    price = book.price(way.model, workload.day)
    if price is None:
        return None, f"no price is known on {workload.day}"
    try:
        return sample.estimated(counter, lambda tokens, column: _call(price, workload, tokens, column)), None
    except UnpricedUsage as fault:
        return None, fault.reason


def _call(price: Price, workload: Workload, tokens: int, in_column: int) -> Decimal:
    """The exact cost of the call of one text."""
    output = workload.output.of(tokens, in_column)
    usage = Usage(tokens, output, workload.cached(tokens))
    return call_cost(price, usage, workload.terms).total

"""The cost of a call under one row of the book: its tokens times the rates that its terms reach, never rounded."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter

from pricing_data.charged_counts import COUNTED, COUNTS, INPUT, OUTPUT, unit_counts
from pricing_data.cost import EXACT, add, multiply
from pricing_data.errors import UnpricedUsage
from pricing_data.price import COUNTED_FIELDS, RATE_FIELDS, Price, Rates
from pricing_data.rate_card import Rating, ReadyRates, rate_card
from pricing_data.usage import MAX_TOKENS, Terms, Usage

# Most calls have these counts alone; for them the sum is made without looking at the others.
_USUAL = (
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "reasoning_tokens",
)
_usual = attrgetter(*_USUAL)
_unusual = attrgetter(*(name for name in Usage._fields if name not in _USUAL))
_NOTHING_UNUSUAL = _unusual(Usage(0))
_PLACES = {name: place for place, name in enumerate(RATE_FIELDS)}


@dataclass(frozen=True, slots=True)
class CostLine:
    """One rate that a call is charged at. `path` names it in the row; `rate` is USD, with the region's factor."""

    kind: str
    unit: str
    count: int | Decimal
    rate: Decimal
    path: str

    @property
    def amount(self) -> Decimal:
        """Return what it comes to, in USD, exactly."""
        return multiply(self.count, self.rate)


class CallCost:
    """What a call costs, in USD: the exact `total`, a line for each rate that it is charged at, and the row."""

    __slots__ = ("_ready", "_usage", "price", "total")

    def __init__(self, price: Price, usage: Usage, ready: ReadyRates, total: Decimal) -> None:
        self.price = price
        self.total = total
        self._usage = usage
        self._ready = ready

    @property
    def lines(self) -> tuple[CostLine, ...]:
        """Return a line for each rate that the call is charged at; their amounts add up to the total."""
        return tuple(_lines(self.price, self._usage, self._ready))

    @property
    def rates(self) -> Rates:
        """Return the rates of the row that the call reaches, without a region's factor."""
        return self._ready.rating.rates

    @property
    def region_factor(self) -> Decimal | None:
        """Return by what the token rates are multiplied, None for plain rates."""
        return self._ready.factor

    @property
    def input(self) -> Decimal:
        """Return the cost of the input, cached and written tokens among it."""
        return self._of(INPUT)

    @property
    def output(self) -> Decimal:
        """Return the cost of the output."""
        return self._of(OUTPUT)

    @property
    def counted(self) -> Decimal:
        """Return the cost of what is no token: a fee for the call, searches, images, seconds, pages."""
        return self._of(COUNTED)

    def _of(self, kind: str) -> Decimal:
        return add(*(line.amount for line in self.lines if line.kind == kind))


def call_cost(price: Price, usage: Usage, terms: Terms, *, input_tokens_of_each: int | None = None) -> CallCost:
    """Return the cost of a call under one row. Raise UnpricedUsage where the row does not state a rate that it needs.

    For several calls together, `input_tokens_of_each` is an input that reaches the same tier as each of theirs.
    """
    usual = _unusual(usage) == _NOTHING_UNUSUAL and _adds_up(*_usual(usage))
    if not usual and (fault := usage.fault()):
        raise UnpricedUsage(price.model, fault)
    card = price.cards.get((terms.service, terms.region)) or rate_card(price, terms.service, terms.region)
    reached = usage.input_tokens if input_tokens_of_each is None else input_tokens_of_each
    ready = card.reached(reached, terms.at)
    total = _usual_total(ready, *_usual(usage)) if usual else None
    return CallCost(price, usage, ready, _total(price, usage, ready) if total is None else total)


def _adds_up(whole: int, answer: int, cached: int, written: int, written_1h: int, reasoning: int) -> bool:
    """Whether these are counts that a call can have, without any others."""
    return (
        type(whole) is type(answer) is type(cached) is type(written) is type(written_1h) is type(reasoning) is int
        and cached >= 0 <= written
        and written_1h >= 0 <= reasoning
        and cached + written + written_1h <= whole <= MAX_TOKENS
        and reasoning <= answer <= MAX_TOKENS
    )


def _usual_total(
    ready: ReadyRates, whole: int, answer: int, cached: int, written: int, written_1h: int, reasoning: int
) -> Decimal | None:
    """The total of a call with no unusual counts, None if a rate is missing."""
    if ready.reasoning is None:
        reasoning = 0
    base = ready.input
    if base is None:
        return None
    total = base * (whole - cached - written - written_1h) + ready.per_call
    for count, rate in (
        (answer - reasoning, ready.output),
        (reasoning, ready.reasoning),
        (cached, ready.cached_input),
        (written, ready.cache_write),
        (written_1h, ready.cache_write_1h),
    ):
        if count:
            if rate is None:
                return None
            total += rate * count
    return EXACT.multiply(total, ready.quantum)


def _total(price: Price, usage: Usage, ready: ReadyRates) -> Decimal:
    total: int | Decimal = 0
    for _, unit, count in unit_counts(price, usage, ready.rating.rates):
        amount = ready.amounts[_PLACES[unit]]
        if amount is None:
            _refuse(price, ready.rating, unit, count)
        elif type(count) is int:
            total += amount * count
        else:
            total = EXACT.add(total, multiply(count, Decimal(amount)))
    return multiply(total, ready.quantum)


def _lines(price: Price, usage: Usage, ready: ReadyRates) -> Iterator[CostLine]:
    for kind, unit, count in unit_counts(price, usage, ready.rating.rates):
        rate = ready.charged[_PLACES[unit]]
        if rate is None:
            _refuse(price, ready.rating, unit, count)
        elif count:
            yield CostLine(kind, unit, count, rate, ready.paths[_PLACES[unit]])


def _refuse(price: Price, rating: Rating, unit: str, count: int | Decimal) -> None:
    """Raise UnpricedUsage for a rate that is not known, unless it is a fee for the call: most rows have none."""
    if unit == "per_call":
        return
    if unit in COUNTED_FIELDS:
        raise UnpricedUsage(price.model, f"no price for {COUNTS[unit]} is known, and there are {count}")
    tokens = f", and there are {count} tokens" if unit != INPUT else ""
    above = f" for calls of more than {rating.above_tokens:,} tokens" if rating.above_tokens else ""
    raise UnpricedUsage(price.model, f"no price for {UNKNOWN.get(unit, unit)} is known{above}{tokens}")


UNKNOWN = {
    "cached_input": "input that is read from a cache",
    "cached_audio": "audio that is read from a cache",
    "cached_image": "images that are read from a cache",
    "cache_write": "writing to a cache",
    "cache_write_1h": "writing to a cache for an hour",
    "input_audio": "audio input",
    "output_audio": "audio output",
    "output_image": "generated images",
}

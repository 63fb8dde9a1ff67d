"""How each model is counted and priced.

Each vocabulary counts once, however many models have it. Sums of tokens by price tier are multiplied with the rates of
the tier; nothing is rounded.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from corpus_cost.totals import Meter, Sums
from corpus_cost.workload import Workload
from pricing_data import PriceBook, UnpricedUsage
from pricing_data.call_cost import call_cost
from pricing_data.cost import add
from pricing_data.price import Price
from pricing_data.rate_card import tiers_of
from pricing_data.usage import Usage
from tokenizer_registry import DamagedVocabulary, ErrorBand, Registry


class Cost(NamedTuple):
    """A cost in USD, or the reason why it is unknown."""

    usd: Decimal | None
    reason: str | None = None


def price_thresholds(book: PriceBook, models: Sequence[str], workload: Workload) -> tuple[int, ...]:
    """Return the prompt sizes, in tokens, above which the price of any of these models changes."""
    found: set[int] = set()
    for model in models:
        if price := book.price(model, workload.day):
            service = price.tariff.service(workload.terms.service)
            found.update(tier.above_tokens for tier in (tiers_of(price.tariff, service) if service else ()))
    return tuple(sorted(found))


def price_sums(book: PriceBook, model: str, meter: Meter, sums: Sequence[Sums], workload: Workload) -> Cost:
    """Return the cost of the calls of these sums, each call one text: exactly the sum of their single costs."""
    price = book.price(model, workload.day)
    if price is None:
        return Cost(None, f"no price is known on {workload.day}")
    try:
        parts = [_price_tier(price, _smallest(meter, i), tier, workload) for i, tier in enumerate(sums)]
    except UnpricedUsage as fault:
        return Cost(None, fault.reason)
    return Cost(add(*parts))


def _smallest(meter: Meter, tier: int) -> int:
    """Return the smallest prompt of a tier, in tokens."""
    return meter.thresholds[tier - 1] + 1 if tier else 0


def _price_tier(price: Price, prompt_tokens: int, sums: Sums, workload: Workload) -> Decimal:
    if not sums.texts:
        return Decimal()
    usage = Usage(sums.input, sums.output, sums.cached, requests=sums.texts)
    return call_cost(price, usage, workload.terms, input_tokens_of_each=prompt_tokens).total


class Way(NamedTuple):
    """How the tokens of one model are counted.

    With the method "estimate" there is an error band; with "none" there is no counter, but a reason.
    """

    model: str
    counter: str | None
    method: Literal["exact", "estimate", "none"]
    reason: str | None = None
    band: ErrorBand | None = None


class Metering(NamedTuple):
    """One way for each model, in the order of the request, and the meters that these need."""

    ways: tuple[Way, ...]
    meters: tuple[Meter, ...]


def metering(
    registry: Registry, book: PriceBook, models: Sequence[str], workload: Workload, *, estimate: bool
) -> Metering:
    """Return how to count for these models, and load their vocabularies. Raise UnknownModel.

    `estimate` allows approximations for models without a public vocabulary.
    """
    ways = tuple(_find_way(registry, model, estimate) for model in models)
    users: dict[str, list[str]] = {}
    for way in ways:
        if way.counter is not None:
            users.setdefault(way.counter, []).append(way.model)
    meters = (Meter(counter, price_thresholds(book, names, workload)) for counter, names in users.items())
    return Metering(ways, tuple(meters))


def _find_way(registry: Registry, model: str, estimate: bool) -> Way:
    if (fault := registry.why_uncounted(model)) is None:
        return _if_loadable(registry, Way(model, registry.models[model].vocabulary, "exact"))
    estimator = registry.estimator(model) if estimate else None
    if estimator is None:
        return Way(model, None, "none", fault)
    bands = estimator.bands.values()
    widest = ErrorBand(min(b.low for b in bands), max(b.high for b in bands), next(iter(bands)).basis)
    return _if_loadable(registry, Way(model, estimator.vocabulary, "estimate", None, widest))


def _if_loadable(registry: Registry, way: Way) -> Way:
    try:
        registry.counter(str(way.counter))
    except DamagedVocabulary as fault:
        return Way(way.model, None, "none", str(fault))
    return way

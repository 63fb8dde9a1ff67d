"""How each model is counted and priced.

Each vocabulary counts once, however many models have it. Sums of tokens by price tier are multiplied with the rates of
the tier; nothing is rounded.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from corpus_cost.chat_counting import why_no_chats
from corpus_cost.chat_prices import parts_priced_apart
from corpus_cost.model_names import CountedName, ModelNames, suggested
from corpus_cost.plain_chats import ChatModel, chat_model
from corpus_cost.totals import Meter, Sums
from corpus_cost.workload import Workload
from pricing_data import PriceBook, UnpricedUsage
from pricing_data.call_cost import call_cost
from pricing_data.cost import add
from pricing_data.named_prices import NamedPrice, find_price
from pricing_data.price import Price
from pricing_data.rate_card import tiers_of
from pricing_data.usage import Terms, Usage
from tokenizer_registry import DamagedVocabulary, ErrorBand, Registry, UnknownModel


class Cost(NamedTuple):
    """A cost in USD, or the reason why it is unknown."""

    usd: Decimal | None
    reason: str | None = None


def price_thresholds(prices: Iterable[NamedPrice]) -> tuple[int, ...]:
    """Return the prompt sizes, in tokens, above which any of these prices changes."""
    found: set[int] = set()
    for price, terms, _ in prices:
        service = price.tariff.service(terms.service) if price else None
        if price and service:
            found.update(tier.above_tokens for tier in tiers_of(price.tariff, service))
    return tuple(sorted(found))


def price_sums(priced: NamedPrice, meter: Meter, sums: Sequence[Sums]) -> Cost:
    """Return the cost of the calls of these sums, each call one text: exactly the sum of their single costs."""
    price, terms, reason = priced
    if price is None:
        return Cost(None, reason)
    try:
        parts = [_price_tier(price, terms, _smallest(meter, i), tier) for i, tier in enumerate(sums)]
    except UnpricedUsage as fault:
        return Cost(None, fault.reason)
    return Cost(add(*parts))


def _smallest(meter: Meter, tier: int) -> int:
    """Return the smallest prompt of a tier, in tokens."""
    return meter.thresholds[tier - 1] + 1 if tier else 0


def _price_tier(price: Price, terms: Terms, prompt_tokens: int, sums: Sums) -> Decimal:
    if not sums.texts:
        return Decimal()
    usage = Usage(sums.input, sums.output, sums.cached, requests=sums.texts)
    return call_cost(price, usage, terms, input_tokens_of_each=prompt_tokens).total


class Way(NamedTuple):
    """How the tokens of one model are counted, and the price of its name, which `model` is as it was given.

    With the method "estimate" there is an error band; with "none" there is no counter, but a reason. `chats` is what
    chats are counted for, or `no_chats` says why they have no count.
    """

    model: str
    priced: NamedPrice
    counter: str | None
    method: Literal["exact", "estimate", "none"]
    reason: str | None = None
    band: ErrorBand | None = None
    chats: ChatModel | None = None
    no_chats: str | None = None


class Metering(NamedTuple):
    """One way for each model, in the order of the request, and the meters that these need."""

    ways: tuple[Way, ...]
    meters: tuple[Meter, ...]
    chat_meters: tuple[Meter, ...] = ()

    @property
    def chat_models(self) -> tuple[ChatModel, ...]:
        """Return what chats are counted for."""
        return tuple(way.chats for way in self.ways if way.chats is not None)


def metering(
    registry: Registry, book: PriceBook, models: Sequence[str], workload: Workload, *, estimate: bool
) -> Metering:
    """Return how to count for these names of models, and load their vocabularies. Raise UnknownModel.

    `estimate` allows approximations for models without a public vocabulary.
    """
    names = ModelNames(registry, book)
    found = (_find_way(names, _counted(names, model), workload, estimate) for model in models)
    ways = tuple(_with_chats(registry, way) for way in found)
    users: dict[str, list[NamedPrice]] = {}
    for way in ways:
        if way.counter is not None:
            users.setdefault(way.counter, []).append(way.priced)
    meters = (Meter(counter, price_thresholds(prices)) for counter, prices in users.items())
    chat_meters = (Meter(way.chats.key, price_thresholds([way.priced])) for way in ways if way.chats is not None)
    return Metering(ways, tuple(meters), tuple(chat_meters))


def _with_chats(registry: Registry, way: Way) -> Way:
    reason = way.reason if way.counter is None else why_no_chats(registry, way.model)
    return (
        way._replace(no_chats=reason)
        if reason
        else way._replace(chats=chat_model(registry, way.model)._replace(apart=parts_priced_apart(way.priced)))
    )


def _counted(names: ModelNames, name: str) -> CountedName:
    found = names.counted(name)
    if found is None:
        raise UnknownModel(name, suggested(names.registry.names, name))
    return found


def _find_way(names: ModelNames, found: CountedName, workload: Workload, estimate: bool) -> Way:
    registry, name, model = names.registry, found.name, found.model
    priced = find_price(names.book, found.named, workload.terms)
    if (fault := registry.why_uncounted(model)) is None:
        return _if_loadable(registry, Way(name, priced, registry.models[model].vocabulary, "exact"))
    estimator = registry.estimator(model) if estimate else None
    if estimator is None:
        return Way(name, priced, None, "none", fault)
    bands = estimator.bands.values()
    widest = ErrorBand(min(b.low for b in bands), max(b.high for b in bands), next(iter(bands)).basis)
    return _if_loadable(registry, Way(name, priced, estimator.vocabulary, "estimate", None, widest))


def _if_loadable(registry: Registry, way: Way) -> Way:
    try:
        registry.counter(str(way.counter))
    except DamagedVocabulary as fault:
        return Way(way.model, way.priced, None, "none", str(fault))
    return way

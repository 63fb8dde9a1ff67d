"""Models to meters: each vocabulary counts once, however many models have it."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from estimation.meter import Meter
from estimation.pricing import thresholds
from estimation.workload import Workload
from pricing_data import PriceBook
from tokenizer_registry import DamagedVocabulary, ErrorBand, Registry


class Way(NamedTuple):
    """How the tokens of one model are found. An estimate has a band; a model that has no counter has a reason."""

    model: str
    counter: str | None
    method: Literal["exact", "estimate", "none"]
    reason: str | None = None
    band: ErrorBand | None = None


class Metering(NamedTuple):
    """One way for each model, in the order that was asked for, and the meters that they need."""

    ways: tuple[Way, ...]
    meters: tuple[Meter, ...]


def metering(
    registry: Registry, book: PriceBook, models: Sequence[str], workload: Workload, *, estimate: bool
) -> Metering:
    """How to count for these models. Loads their vocabularies. Raises UnknownModel."""
    ways = tuple(_way(registry, model, estimate) for model in models)
    users: dict[str, list[str]] = {}
    for way in ways:
        if way.counter is not None:
            users.setdefault(way.counter, []).append(way.model)
    meters = (Meter(counter, thresholds(book, names, workload)) for counter, names in users.items())
    return Metering(ways, tuple(meters))


def _way(registry: Registry, model: str, estimate: bool) -> Way:
    if (fault := registry.why_uncounted(model)) is None:
        return _loaded(registry, Way(model, registry.models[model].vocabulary, "exact"))
    estimator = registry.estimator(model) if estimate else None
    if estimator is None:
        return Way(model, None, "none", fault)
    bands = estimator.bands.values()
    widest = ErrorBand(min(b.low for b in bands), max(b.high for b in bands), next(iter(bands)).basis)
    return _loaded(registry, Way(model, estimator.vocabulary, "estimate", None, widest))


def _loaded(registry: Registry, way: Way) -> Way:
    try:
        registry.counter(str(way.counter))
    except DamagedVocabulary as fault:
        return Way(way.model, None, "none", str(fault))
    return way

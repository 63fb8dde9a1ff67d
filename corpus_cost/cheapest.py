"""The models that a call could be sent to, by its exact cost: each counts with its own vocabulary."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from corpus_cost.chat_prices import input_usage
from corpus_cost.model_constraints import (
    NO_PRICE,
    NO_VOCABULARY,
    UNPRICED,
    LeftOut,
    ModelConstraints,
    too_long,
    unmet_constraint,
)
from pricing_data import PriceBook
from pricing_data.dates import utc_day
from pricing_data.pricing import CallTotal, total_of_counts
from pricing_data.usage import Terms, Usage
from tokenizer_registry import Count, Registry
from tokenizer_registry.chat.parts import ChatCount
from tokenizer_registry.facts import value_of


class CheapestQuery(NamedTuple):
    """A call without its text: its terms and expected output, and what is demanded of the model.

    `allow_estimates` also lets in models without a public vocabulary of which a count can be estimated.
    """

    terms: Terms
    output_tokens: int = 0
    constraints: ModelConstraints = ModelConstraints()
    allow_estimates: bool = False


class Candidates(NamedTuple):
    """The models whose tokens have to be counted, and those that are left out whatever the text is."""

    models: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


class RankedModel(NamedTuple):
    """One model with the count of its input, the exact cost of the call in USD, and what is left of its context.

    `total` computes the lines of the cost. The window is None if it is not known.
    """

    model: str
    counted: Count
    usd: Decimal
    total: CallTotal
    context_window: int | None
    context_left: int | None


class Ranking(NamedTuple):
    """Every model of the catalogue: those that serve, by cost, equal ones by name; and those that are left out."""

    models: tuple[RankedModel, ...]
    left_out: tuple[LeftOut, ...]


def cheapest(registry: Registry, book: PriceBook, text: str, query: CheapestQuery) -> Ranking:
    """Return the models that a call with this text could be sent to, the cheapest first. Raise UncountableText."""
    candidates = find_candidates(registry, book, query)
    counts = registry.count(text, candidates.models, query.allow_estimates)
    return rank(registry, book, query, candidates, counts)


def find_candidates(registry: Registry, book: PriceBook, query: CheapestQuery) -> Candidates:
    """Return the models that meet the constraints and have a price on the day, in the order of the catalogue."""
    left_out = [_unfit(registry, book, query, name) for name in registry.models]
    models = (name for name, fault in zip(registry.models, left_out, strict=True) if fault is None)
    return Candidates(tuple(models), tuple(fault for fault in left_out if fault is not None))


def rank(
    registry: Registry,
    book: PriceBook,
    query: CheapestQuery,
    candidates: Candidates,
    counts: Sequence[Count],
    chats: Sequence[ChatCount] | None = None,
) -> Ranking:
    """Return the ranking of candidates; `counts` are those of the call's input, in their order, of `chats` if given."""
    ranked: list[RankedModel] = []
    left_out = [*candidates.left_out]
    for place, (name, count) in enumerate(zip(candidates.models, counts, strict=True)):
        found = _priced(registry, book, query, name, count, None if chats is None else chats[place])
        if isinstance(found, RankedModel):
            ranked.append(found)
        else:
            left_out.append(found)
    return Ranking(tuple(sorted(ranked, key=lambda each: (each.usd, each.model))), tuple(left_out))


def _unfit(registry: Registry, book: PriceBook, query: CheapestQuery, name: str) -> LeftOut | None:
    day = utc_day(query.terms.at)
    fault = unmet_constraint(registry.models[name], registry.facts[name], query.constraints, day, query.output_tokens)
    if fault is None and book.price(name, query.terms.at) is None:
        return LeftOut(name, NO_PRICE, book.why_unpriced(name, day))
    return fault


def _priced(
    registry: Registry, book: PriceBook, query: CheapestQuery, name: str, count: Count, chat: ChatCount | None
) -> RankedModel | LeftOut:
    if count.tokens is None:
        return LeftOut(name, NO_VOCABULARY, registry.why_uncounted(name) or "it has no count")
    facts = registry.facts[name]
    if fault := too_long(name, facts, count.tokens, query.output_tokens):
        return fault
    usage = Usage(count.tokens) if chat is None else input_usage(chat)
    total = total_of_counts(book, name, usage._replace(output_tokens=query.output_tokens), query.terms)
    if total.usd is None:
        return LeftOut(name, UNPRICED, total.reason or "it has no cost")
    window = value_of(facts.context_window)
    left = None if window is None else window - count.tokens - query.output_tokens
    return RankedModel(name, count, total.usd, total, window, left)

"""`/models/{name}`: one model, its current and past prices, and the sources that agree or differ."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from starlette.types import Receive, Scope

from corpus_cost.model_names import model_hint
from pricing_data import Price, PriceBook, Statement
from pricing_data.rate_paths import StatedRate, stated_rates
from service.http.errors import NOT_FOUND, Refusal
from service.http.json import shorten
from service.http.responses import Reply
from service.tokens.price_words import (
    alike_windows,
    hours_words,
    place_words,
    scaled,
    since_words,
    unit_words,
)
from service.web.models.listing import exactness
from service.web.page import Pages
from tokenizer_registry import Registry
from tokenizer_registry.facts import Fact, ModelFacts
from weighbridge_base.charts import Chart, step_chart

MILLION = 1_000_000


class ModelPage:
    """Shows one model. `today` returns the UTC date."""

    def __init__(self, pages: Pages, registry: Registry, book: PriceBook, today: Callable[[], date]) -> None:
        self.pages = pages
        self.registry = registry
        self.book = book
        self.today = today

    async def show(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """Return the page of the model that the name in the path stands for."""
        name = scope["path_params"]["name"]
        found = self.registry.names.find(name)
        if found is None:
            hint = model_hint(self.registry.names, name)
            return NOT_FOUND.saying(f"There is no model {shorten(name)}. {hint}".rstrip())
        name = found.model
        model = self.registry.models[name]
        day = self.today()
        history = self.book.history(name)
        ends = [*(after.effective_from for _, after in pairwise(history)), None] if history else []
        current = self.book.price(name, day)
        values = {
            "model": model,
            "exactness": exactness(self.registry, model),
            "why": self.registry.why_uncounted(name),
            "estimator": self.registry.estimator(name),
            "current": current,
            "rates": rate_groups(current) if current else [],
            "rows": list(zip(history, ends, strict=True))[::-1],
            "standing": self.book.overrides.get(name, ()),
            "chart": price_chart(history, day),
            "facts": shown_facts(self.registry.facts[name]),
            "today": day,
        }
        return self.pages.page("model.html", values)


class ShownFact(NamedTuple):
    """One fact of the page: what it is, its value in words, and who states it."""

    words: str
    value: str
    fact: Fact[Any]
    others: tuple[tuple[str, str], ...]


FACT_WORDS = {
    "context_window": "Context window, tokens",
    "max_input_tokens": "Most input, tokens",
    "max_output_tokens": "Most output, tokens",
    "input_modalities": "Takes",
    "output_modalities": "Gives",
    "reasoning": "Reasons",
    "tools": "Calls tools",
    "knowledge_cutoff": "Knowledge until",
    "released": "Released",
    "retires": "Retires",
    "open_weights": "Open weights",
    "licence": "Licence of the weights",
}


def shown_facts(facts: ModelFacts) -> list[ShownFact]:
    """Return the known facts of a model, in words."""
    known = ((words, getattr(facts, name)) for name, words in FACT_WORDS.items())
    return [
        ShownFact(
            words, _in_words(fact.value), fact, tuple((source, _in_words(value)) for source, value in fact.others)
        )
        for words, fact in known
        if fact is not None
    ]


def _in_words(value: object) -> str:
    """Return a value of a fact as a person reads it: "1,048,576", "text, image", "yes"."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


class ShownRate(NamedTuple):
    """One rate of the page: what it is for, its amount, and since when its source states it."""

    words: str
    amount: str
    since: str
    statement: Statement


def rate_groups(price: Price) -> list[tuple[str, list[ShownRate]]]:
    """Return every rate of a price, grouped by the calls that it is for, such as "Batch"."""
    rates = stated_rates(price)
    plain_rates = (rate for rate in rates if rate.window is None)
    groups = [
        (place or "Standard calls", list(map(_shown, alike))) for place, alike in groupby(plain_rates, place_words)
    ]
    for windows in alike_windows(price.tariff.schedule):
        held = [_shown(rate) for rate in rates if rate.window == windows[0]]
        groups.append((hours_words(windows), held))
    return groups


def _shown(rate: StatedRate) -> ShownRate:
    words = unit_words(rate.unit)
    return ShownRate(words, scaled(rate.unit, rate.rate), since_words(rate.statement), rate.statement)


def price_chart(history: tuple[Price, ...], today: date) -> Chart | None:
    """Return a chart of input, output and cached prices since the first one, in USD per million tokens."""
    held = [row for row in history if row.effective_from <= today]
    rates = {"Input": "input", "Output": "output", "Cached input": "cached_input"}
    series = [
        (words, [(row.effective_from, _million(rate)) for row in held if (rate := getattr(row, name)) is not None])
        for words, name in rates.items()
    ]
    return step_chart(series, today, "$")


def _million(price: Decimal) -> Decimal:
    return price * MILLION

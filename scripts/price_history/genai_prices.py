"""Reads the price file of genai-prices of any release since July 2025, as data.

An entry with one price has its fields as they are. One with several has `prices`, a list in the source's
order (the last whose `constraint` holds wins); variants are kept as `price_variants`. A constraint says in `is`
which one it is.
"""

import re
from datetime import date, time
from decimal import Decimal

from pricing_data.refresh.sources.genai_prices import models
from pricing_data.refresh.sources.python_literal import ConstructorCall
from scripts.price_history.states import Entry, Json, State, digits

# Those who sell models of their own; the others host or resell.
FIRST_PARTIES = frozenset(
    [
        "anthropic",
        "arcee",
        "cohere",
        "deepseek",
        "google",
        "meta",
        "minimax",
        "mistral",
        "moonshotai",
        "openai",
        "perplexity",
        "voyageai",
        "x-ai",
        "zai",
        "zhipuai",
    ]
)
AMAZON = re.compile(r"aws/(?:\w+\.)?(?:amazon\.|nova-)", re.ASCII)


def read(content: bytes) -> tuple[State, frozenset[str]]:
    """Return every priced entry, by "provider/id", and the keys that a first party sells. Raise ValueError."""
    state: dict[str, Entry] = {}
    for provider, model in models(content.decode("utf-8")):
        seller = str(provider.get("id"))
        if found := fields(model):
            state.setdefault(f"{seller}/{model.get('id')}", Entry(seller, found))
    return state, frozenset(key for key, entry in state.items() if _is_first_party(key, entry))


def _is_first_party(key: str, entry: Entry) -> bool:
    return entry.provider in FIRST_PARTIES or AMAZON.match(key) is not None


def fields(model: ConstructorCall) -> dict[str, Json]:
    """Return the price fields of a model; those without a value are left out."""
    prices, variants = _plain(model.get("prices")), _plain(model.get("price_variants"))
    found: dict[str, Json] = prices if isinstance(prices, dict) else {"prices": prices} if prices else {}
    return {**found, "price_variants": variants} if variants else found


def _plain(value: object) -> Json:
    match value:
        case None:
            return {}
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | Decimal():
            return digits(value)
        case date():
            return value.isoformat()
        case time():
            return value.isoformat("minutes")
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {str(name): _plain(item) for name, item in value.items() if item is not None}
        case ConstructorCall():
            given = {name: _plain(item) for name, item in sorted(value.fields.items()) if item is not None}
            return {"is": value.name, **given} if value.name.endswith("Constraint") else given
    raise ValueError(f"{value!r:.80} is not a price")

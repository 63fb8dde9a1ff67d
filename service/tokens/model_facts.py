"""Facts of models as JSON, the same for the API and the commands: plain values, and beside them who states them."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from json import JSONEncoder
from typing import Any, Final

from service.http import json
from tokenizer_registry.facts import Fact, ModelFacts, value_of

FACT_NAMES = tuple(field.name for field in fields(ModelFacts))
# Facts have no decimals, and a list has 20,000 of their values: the encoder in C takes a tenth of the time.
_ENCODER: Final = JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def fact_properties(facts: ModelFacts) -> str:
    """Return the values and the sources of all facts as members of a JSON object, without its braces."""
    return _ENCODER.encode({**fact_values(facts), "facts": fact_sources(facts)})[1:-1]


def fact_values(facts: ModelFacts) -> dict[str, json.Value]:
    """Return the value of each fact, null where it is not known."""
    return {name: _value(value_of(getattr(facts, name))) for name in FACT_NAMES}


def fact_sources(facts: ModelFacts) -> dict[str, json.Value]:
    """Return for each known fact who states it, how sure it is, and which other sources state something else."""
    return {name: _origin(fact) for name in FACT_NAMES if (fact := getattr(facts, name)) is not None}


def context_entry(facts: ModelFacts, tokens: int | None) -> dict[str, json.Value]:
    """Return the context window, and what an input leaves of it, both null if unknown."""
    return {"context_window": value_of(facts.context_window), "context_left": context_left(facts, tokens)}


def context_left(facts: ModelFacts, tokens: int | None) -> int | None:
    """Return what an input leaves of the context window: negative if it is too long, None if unknown."""
    window = value_of(facts.context_window)
    return None if window is None or tokens is None else window - tokens


def _origin(fact: Fact[Any]) -> Mapping[str, json.Value]:
    others: list[json.Value] = [{"source": source, "value": _value(value)} for source, value in fact.others]
    return {
        "source": fact.source,
        "state": fact.state,
        "recorded_at": fact.recorded_at.isoformat(),
        "others": others,
    }


def _value(value: Any) -> json.Value:
    """Return a value of a fact as JSON: dates as texts, several values as a list."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [*value]
    known: json.Value = value
    return known

"""Facts of models, dated and sourced: context window, most output, modalities, abilities, dates and licence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Generic, Literal, TypeVar

Value = TypeVar("Value")
# single: one source states it; agreed: two or more state the same; disputed: they differ, the first in order of
# precedence counts; decided: a person chose it, with a reason.
FactState = Literal["single", "agreed", "disputed", "decided"]


@dataclass(frozen=True, slots=True)
class Fact(Generic[Value]):
    """One fact: its value, the source that states it, and what others state. `recorded_at` is the day of reading."""

    value: Value
    source: str
    state: FactState
    recorded_at: date
    others: tuple[tuple[str, Value], ...] = ()


def value_of(fact: Fact[Value] | None) -> Value | None:
    """Return the value of a fact, None if it is not known."""
    return None if fact is None else fact.value


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of a model; None where no source states it. Sizes are in tokens.

    Modalities are `text`, `image`, `audio`, `video`, `pdf`, `embedding`. `knowledge_cutoff` is a year, month or day
    as the source states it.
    """

    context_window: Fact[int] | None = None
    max_output_tokens: Fact[int] | None = None
    input_modalities: Fact[tuple[str, ...]] | None = None
    output_modalities: Fact[tuple[str, ...]] | None = None
    reasoning: Fact[bool] | None = None
    tools: Fact[bool] | None = None
    knowledge_cutoff: Fact[str] | None = None
    released: Fact[date] | None = None
    retires: Fact[date] | None = None
    licence: Fact[str] | None = None
    open_weights: Fact[bool] | None = None


NO_FACTS = ModelFacts()


def read_facts(path: Path) -> Mapping[str, ModelFacts]:
    """Return the facts of each model of a file of JSON lines. Raise BadCatalogue."""
    return {}

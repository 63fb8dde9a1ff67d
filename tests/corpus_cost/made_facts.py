"""Facts of models that are made for tests: every value, and its absence, occurs for many models."""

import random
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from tokenizer_registry.facts import Fact, ModelFacts

DAY = date(2026, 11, 1)
CHOICES: dict[str, list[Any]] = {
    "context_window": [None, 2_000, 8_192, 128_000, 1_000_000],
    "max_input_tokens": [None, None, 1_000, 200_000],
    "max_output_tokens": [None, 256, 4_096, 64_000],
    "input_modalities": [None, ("text",), ("text", "image"), ("audio",)],
    "output_modalities": [None, ("text",), ("text",), ("embedding",)],
    "open_weights": [None, True, False],
    "released": [None, date(2024, 1, 1), date(2026, 10, 1)],
    "retires": [None, None, date(2026, 6, 1), date(2027, 1, 1)],
}


def fact(value: Any) -> Fact[Any] | None:
    """Return a fact of one source, None for None."""
    return None if value is None else Fact(value, "made 1.0", "single", DAY)


def facts_of(**values: Any) -> ModelFacts:
    """Return facts with these values."""
    return ModelFacts(**{name: fact(value) for name, value in values.items()})


def made_facts(models: Iterable[str], seed: int = 7) -> Mapping[str, ModelFacts]:
    """Return facts for each model, the same ones at each call."""
    chosen = random.Random(seed)
    return {model: facts_of(**{name: chosen.choice(values) for name, values in CHOICES.items()}) for model in models}

"""The dated tables of constants in rules.toml and open_weights.toml, and the measured bands in bands.toml."""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

# The family of models that are counted by their publishers' templates.
OPEN_FAMILY: Final = "open"

_FOLDER: Final = Path(__file__).parent


class Generation(NamedTuple):
    """Models of a family that are counted alike. `models` are names, or beginnings of names up to a hyphen."""

    name: str
    family: str
    models: tuple[str, ...]
    # A vocabulary that counts much as the model does where the registry has no estimator, and how far it may be off.
    proxy: str | None = None
    proxy_share: float = 0.0
    # The host that the model is called at if none is given, where it is not the family's.
    host: str | None = None


class Rule(NamedTuple):
    """Constants that hold from one day on, and before another. `values` are tokens unless their name has a unit."""

    name: str
    generations: tuple[str, ...]
    holds_from: date
    holds_before: date | None
    evidence: str
    values: Mapping[str, Any]

    def holds(self, at: date | None) -> bool:
        """Whether the rule holds on a day; without one, whether it still holds."""
        if at is None:
            return self.holds_before is None
        return self.holds_from <= at and (self.holds_before is None or at < self.holds_before)


class Band(NamedTuple):
    """How far a count by a rule may be off: the most of a number of tokens, of a share, and of tokens for each item."""

    rule: str
    generations: tuple[str, ...]
    below: int
    above: int
    below_share: float
    above_share: float
    below_each: int
    above_each: int
    rows: int

    def bounds(self, tokens: int, items: int) -> tuple[int, int]:
        """Return how many tokens a count of so many may be too high, and too low."""
        below = max(
            self.below, round(tokens * self.below_share + 0.5) if self.below_share else 0, self.below_each * items
        )
        above = max(
            self.above, round(tokens * self.above_share + 0.5) if self.above_share else 0, self.above_each * items
        )
        return below, above


@cache
def generations() -> Mapping[str, Generation]:
    """Return the generation of each name or beginning of a name."""
    rows = _rows("generation")
    found = [
        Generation(
            row["name"],
            row["family"],
            tuple(row["models"]),
            row.get("proxy"),
            row.get("proxy_share", 0.0),
            row.get("host"),
        )
        for row in rows
    ]
    return MappingProxyType({model: generation for generation in found for model in generation.models})


@cache
def without_chat() -> Mapping[str, str]:
    """Return what each model does with a text that takes a text and no messages."""
    rows = _document("rules.toml")["without_chat"]
    return MappingProxyType({model: row["does"] for row in rows for model in row["models"]})


@cache
def generation_of(model: str) -> Generation | None:
    """Return the generation of a model of the catalogue by the longest beginning that is listed.

    None if none is, and for a model that takes no messages.
    """
    if model in without_chat():
        return None
    known = generations()
    name = model
    while name:
        if name in known:
            return known[name]
        name = name.rpartition("-")[0]
    return None


@cache
def find_rule(name: str, generation: str, at: date | None = None) -> Rule | None:
    """Return the rule of a generation that holds on a day; a later one before an earlier one."""
    fitting = (rule for rule in _rules().get(name, ()) if generation in rule.generations and rule.holds(at))
    return max(fitting, key=lambda rule: rule.holds_from, default=None)


@cache
def find_band(rule: str, generation: str) -> Band:
    """Return the band of a rule for a generation, or for all of them. Raise KeyError where none was set."""
    found = optional_band(rule, generation)
    if found is None:
        raise KeyError(f"bands.toml has no band of {rule} for {generation}")
    return found


@cache
def optional_band(rule: str, generation: str) -> Band | None:
    """Return the band of a rule for a generation, or for all of them; None where none was set."""
    bands = [band for band in _bands() if band.rule == rule]
    own = (band for band in bands if generation in band.generations)
    general = (band for band in bands if not band.generations)
    return next(own, None) or next(general, None)


@cache
def rule_names() -> tuple[str, ...]:
    """Return the names of all rules."""
    return tuple(_rules())


@cache
def _rules() -> Mapping[str, tuple[Rule, ...]]:
    rules: dict[str, list[Rule]] = {}
    for row in _rows("rule"):
        rule = Rule(
            row["name"],
            tuple(row["generations"]),
            row["from"],
            row.get("before"),
            row["evidence"],
            MappingProxyType(row.get("values", {})),
        )
        rules.setdefault(rule.name, []).append(rule)
    return MappingProxyType({name: tuple(found) for name, found in rules.items()})


@cache
def _bands() -> tuple[Band, ...]:
    return tuple(
        Band(
            row["rule"],
            tuple(row.get("generations", ())),
            row["below"],
            row["above"],
            row.get("below_share", 0.0),
            row.get("above_share", 0.0),
            row.get("below_each", 0),
            row.get("above_each", 0),
            row.get("rows", 0),
        )
        for row in _document("bands.toml")["band"]
    )


def _rows(kind: str) -> list[dict[str, Any]]:
    return [row for name in ("rules.toml", "open_weights.toml") for row in _document(name)[kind]]


def _document(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / name).read_text(encoding="utf-8"))

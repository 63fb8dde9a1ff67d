"""Reads curated.toml: what a person decided of facts, with the source and the day."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pricing_data.errors import DamagedCuration
from scripts.model_facts.statements import Stated

PATH = Path(__file__).with_name("curated.toml")
FACTS = frozenset(
    (
        "context_window",
        "max_input_tokens",
        "max_output_tokens",
        "input_modalities",
        "output_modalities",
        "reasoning",
        "tools",
        "knowledge_cutoff",
        "retires",
        "licence",
        "open_weights",
    )
)


@dataclass(frozen=True, slots=True)
class Decision:
    """Facts of an author's models whose names fit a whole pattern: the source that states them, and the day."""

    author: str
    models: re.Pattern[str]
    facts: Mapping[str, Stated]
    source: str
    day: date

    def fits(self, author: str, name: str) -> bool:
        """Return whether the decision is about a model."""
        return author == self.author and self.models.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Dated names of an author that share the entry of the undated one: the pattern's group `name`, and why."""

    author: str
    models: re.Pattern[str]
    reason: str

    def undated(self, author: str, name: str) -> str | None:
        """Return the undated name of a snapshot, None if it is not one of these."""
        found = self.models.fullmatch(name) if author == self.author else None
        return found["name"] if found else None


@dataclass(frozen=True, slots=True)
class Curated:
    """The whole file. `litellm_editions` are old releases of LiteLLM, for models that the newest lists no more."""

    recorded_at: date
    litellm_editions: Sequence[str]
    snapshots: Sequence[Snapshots] = field(default=())
    decisions: Sequence[Decision] = field(default=())

    def undated(self, author: str, name: str) -> str | None:
        """Return the undated name of a snapshot, None for another model."""
        return next(filter(None, (rule.undated(author, name) for rule in self.snapshots)), None)

    def decided(self, author: str, name: str) -> dict[str, Decision]:
        """Return the decision on each fact of a model; of several on one fact the last."""
        fitting = [decision for decision in self.decisions if decision.fits(author, name)]
        return {fact: decision for decision in fitting for fact in decision.facts}


def read_curated(path: Path = PATH) -> Curated:
    """Return what the file decides. Raise DamagedCuration."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        snapshots = [
            Snapshots(entry["author"], re.compile(entry["models"]), entry["reason"]) for entry in raw["snapshot"]
        ]
        return Curated(raw["recorded_at"], tuple(raw["litellm_editions"]), snapshots, tuple(_decisions(path, raw)))
    except (KeyError, TypeError, re.error) as fault:
        raise DamagedCuration(path, "file", repr(fault)) from fault


def _decisions(path: Path, raw: Mapping[str, Any]) -> Iterator[Decision]:
    for entry in raw["decision"]:
        facts = {fact: tuple(value) if isinstance(value, list) else value for fact, value in entry.items()}
        author, models, source = facts.pop("author"), facts.pop("models"), facts.pop("source")
        day = facts.pop("day", raw["recorded_at"])
        if unknown := sorted(set(facts) - FACTS):
            raise DamagedCuration(path, f"decision, {author} {models}", f"unknown fact {unknown[0]!r}")
        if facts.get("licence"):
            facts["open_weights"] = True
        yield Decision(author, re.compile(models), facts, source, day)

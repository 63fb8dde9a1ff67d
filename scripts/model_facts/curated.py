"""Reads curated.toml and licences.toml: what a person decided of facts, with the source and the day."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pricing_data.errors import DamagedCuration
from scripts.model_facts.statements import Stated

PATH = Path(__file__).with_name("curated.toml")
LICENCES = PATH.with_name("licences.toml")
# Keys of sources: a decision between or over sources, and a page of the author.
DECIDED, PAGE = "d", "p"
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
    """Facts of an author's models whose names fit a whole pattern: the source that states them, and the day.

    Decisions count before the sources; defaults and licences are the author's pages, read by a person.
    """

    author: str
    models: re.Pattern[str]
    facts: Mapping[str, Stated]
    source: str
    day: date
    kind: str

    @property
    def key(self) -> str:
        """Return the key of its source in the file."""
        return f"{self.kind}{self.day:%Y%m%d}"

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
    """Both files. `litellm_editions` are old releases of LiteLLM, for models that the newest lists no more."""

    recorded_at: date
    litellm_editions: Sequence[str]
    snapshots: Sequence[Snapshots] = field(default=())
    decisions: Sequence[Decision] = field(default=())
    defaults: Sequence[Decision] = field(default=())

    def undated(self, author: str, name: str) -> str | None:
        """Return the undated name of a snapshot, None for another model."""
        return next(filter(None, (rule.undated(author, name) for rule in self.snapshots)), None)


def read_curated(path: Path = PATH, licences: Path = LICENCES) -> Curated:
    """Return what the two files decide. Raise DamagedCuration."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        day: date = raw["recorded_at"]
        return Curated(
            day,
            tuple(raw["litellm_editions"]),
            [Snapshots(entry["author"], re.compile(entry["models"]), entry["reason"]) for entry in raw["snapshots"]],
            [*_licences(licences, day), *(_decision(path, entry, day, DECIDED) for entry in raw["decisions"])],
            [_decision(path, entry, day, PAGE) for entry in raw["defaults"]],
        )
    except (KeyError, TypeError, re.error) as fault:
        raise DamagedCuration(path, "file", repr(fault)) from fault


def by_fact(decisions: Iterable[Decision], author: str, name: str) -> dict[str, Decision]:
    """Return the decision on each fact of a model; of several on one fact the last."""
    return {fact: decision for decision in decisions if decision.fits(author, name) for fact in decision.facts}


def _decision(path: Path, entry: Mapping[str, Any], day: date, kind: str) -> Decision:
    facts = {fact: tuple(value) if isinstance(value, list) else value for fact, value in entry.items()}
    author, models, source = facts.pop("author"), facts.pop("models"), facts.pop("source")
    facts.pop("reason", None)
    day = facts.pop("day", day)
    if unknown := sorted(set(facts) - FACTS):
        raise DamagedCuration(path, f"{author} {models}", f"unknown fact {unknown[0]!r}")
    return Decision(author, re.compile(models), facts, source, day, kind)


def _licences(path: Path, day: date) -> Iterator[Decision]:
    """Yield a decision on the licence, and on open weights, of each author's models."""
    for licence, authors in tomllib.loads(path.read_text(encoding="utf-8")).items():
        for author, entry in authors.items():
            facts: dict[str, Stated] = {"licence": licence, "open_weights": True}
            yield Decision(author, re.compile(entry["models"]), facts, entry["source"], day, PAGE)

"""estimators.toml: the hand-kept input."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tokenizer_registry import Model


@dataclass(frozen=True, slots=True)
class Planned:
    """One estimator. With a `margin` its band is set by hand; else it is measured on the `peers`.

    `mirrored`: the model may need as many tokens more than its proxy as a peer needs less.
    """

    name: str
    vocabulary: str
    reason: str
    patterns: tuple[str, ...]
    peers: tuple[str, ...] = ()
    margin: str | None = None
    mirrored: bool = False

    def takes(self, model: Model) -> bool:
        """Whether one of the patterns is this model's."""
        return any(fnmatchcase(f"{model.author}: {model.name}", pattern) for pattern in self.patterns)


def read_plan(path: Path) -> tuple[Planned, ...]:
    """The estimators in their order. A wrong key stops the build with a TypeError that names it."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    groups: dict[str, list[str]] = document["peers"]
    return tuple(_planned(groups, **row) for row in document["estimator"])


def taken_models(plan: Iterable[Planned], models: Iterable[Model]) -> Mapping[str, list[str]]:
    """The models without a vocabulary that each estimator takes, in the models' order."""
    taken: dict[str, list[str]] = {planned.name: [] for planned in plan}
    for model in models:
        taker = next((planned for planned in plan if planned.takes(model)), None)
        if taker is not None and model.vocabulary is None:
            taken[taker.name].append(model.name)
    return taken


def _planned(groups: Mapping[str, list[str]], *, models: list[str], peers: Iterable[str] = (), **row: Any) -> Planned:
    names = [name for peer in peers for name in groups.get(peer, [peer])]
    return Planned(patterns=tuple(models), peers=tuple(dict.fromkeys(names)), **row)

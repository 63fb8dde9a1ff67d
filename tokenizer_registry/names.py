"""Model names as people have them, resolved to models of the catalogue; nothing is guessed by likeness."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from tokenizer_registry.errors import UnknownModel


class ResolutionStep(NamedTuple):
    """One rewrite of a name: the rule, the name after it, and the evidence that allows it."""

    rule: str
    name: str
    evidence: str


class NameTerms(NamedTuple):
    """What a name says about its price besides the model.

    `host` sells the model (`bedrock`, `azure`, `openrouter`); `region` and `service` are as in the terms of a call.
    """

    host: str | None = None
    region: str | None = None
    service: str | None = None
    is_fine_tuned: bool = False
    is_free: bool = False


class Resolution(NamedTuple):
    """The model that a name stands for. Without `steps` the name is the model's own."""

    name: str
    model: str
    steps: tuple[ResolutionStep, ...] = ()
    terms: NameTerms = NameTerms()


class NameResolver:
    """Resolves names to models. `operator_aliases` come before published ones."""

    def __init__(self, models: Collection[str], operator_aliases: Mapping[str, str] | None = None) -> None:
        self._models = models
        self._operator_aliases = dict(operator_aliases or {})

    def resolve(self, name: str) -> Resolution:
        """Return the model of a name. Raise UnknownModel."""
        found = self.find(name)
        if found is None:
            raise UnknownModel(name)
        return found

    def find(self, name: str) -> Resolution | None:
        """Return the model of a name, None if it stands for none."""
        return Resolution(name, name) if name in self._models else None

    def suggest(self, name: str) -> str | None:
        """Return the known name that was most likely meant: of the same generation, size and price family, or None."""
        return None

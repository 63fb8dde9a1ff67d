"""Finds a model by a spelling of its own name or of a published alias."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from tokenizer_registry.models import Model
from tokenizer_registry.name_data import NameData, PublishedAlias

SEPARATORS: Final = str.maketrans("._ ", "---")
BEFORE_DIGITS: Final = re.compile(r"(?<=[a-z])(?=[0-9])")


class NameMatch(NamedTuple):
    """A model, and how its name was found; `rule` is empty for its own name."""

    model: str
    rule: str = ""
    evidence: str = ""
    host: str | None = None


def spelling(name: str) -> str:
    """Return a name in the one spelling of its separators: `Llama3.1_8B` and `llama-3-1-8b` are both the latter.

    Letters, digits and their order stay, so that two spellings of one name have the same version and size.
    """
    return BEFORE_DIGITS.sub("-", name.lower().translate(SEPARATORS))


class NameIndex:
    """The models of a catalogue by spelling, and the published aliases that stand for one of them."""

    def __init__(self, models: Collection[str], data: NameData) -> None:
        self._models = models
        self._data = data
        self.by_spelling = _unambiguous((spelling(model), model) for model in models)
        self._aliases: dict[tuple[str | None, str], PublishedAlias] = {}
        for alias in data.aliases:
            if alias.model in models:
                self._aliases.setdefault((alias.host, spelling(alias.name)), alias)
        self._hosts = {alias.host for alias in data.aliases if alias.host is not None}
        self._closed_hosts = {prefix.host for prefix in data.prefixes.values() if prefix.is_closed}
        self._host_of_alias = _unambiguous((key, host) for host, key in self._aliases if host is not None)

    def names(self) -> Iterator[tuple[str, str]]:
        """Yield the models' own names and the published aliases that are no host's, each with its model."""
        yield from zip(self._models, self._models, strict=True)
        yield from ((alias.name, alias.model) for alias in self._aliases.values() if alias.host is None)

    def author_of(self, model: str) -> str | None:
        """Return who made a model, None where the catalogue does not say."""
        found = self._models.get(model) if isinstance(self._models, Mapping) else None
        return found.author if isinstance(found, Model) else None

    def find(self, name: str, author: str | None, host: str | None, is_closed: bool = False) -> NameMatch | None:
        """Return the model of a name in lower case, None if there is none or another author made it.

        A host's own alias comes before the model's name; an alias of another host is none here. Without a host, the
        alias of the only host that has it counts where it is written as there: Ollama's `llama3` is one model of a
        family, `llama-3` is not. Names of a closed host have no author before them.
        """
        key = spelling(name)
        alias = self._aliases.get((host, key)) if host in self._hosts else None
        match = _alias_match(alias) if alias else None if is_closed else self._plain(name, key, author, host)
        if match is None or (author is not None and self.author_of(match.model) != author):
            return None
        return match

    def _plain(self, name: str, key: str, author: str | None, host: str | None) -> NameMatch | None:
        if name in self._models:
            return NameMatch(name)
        if model := self.by_spelling.get(key):
            return NameMatch(model, "separators", self._data.evidence["separators"])
        if alias := self._aliases.get((None, key)):
            return _alias_match(alias)
        only_host = self._host_of_alias.get(key) if host is None else None
        alias = self._aliases[only_host, key] if only_host else None
        if alias is None or alias.needs_host or alias.name != name or (author and only_host in self._closed_hosts):
            return None
        return _alias_match(alias)


def _alias_match(alias: PublishedAlias) -> NameMatch:
    return NameMatch(alias.model, "published alias", alias.evidence, alias.host)


def _unambiguous(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the pairs whose key has one value only."""
    found: dict[str, str] = {}
    ambiguous = set()
    for key, value in pairs:
        if found.setdefault(key, value) != value:
            ambiguous.add(key)
    return {key: value for key, value in found.items() if key not in ambiguous}

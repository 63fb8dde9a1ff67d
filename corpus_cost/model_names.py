"""Names of models as callers send them: the model that counts for them, the price, and a suggestion for unknown ones."""

import json
from functools import lru_cache
from typing import NamedTuple

from pricing_data import PriceBook
from pricing_data.errors import BadUsage
from pricing_data.named_models import NamedModel
from pricing_data.responses.providers import host_of
from tokenizer_registry import Registry
from tokenizer_registry.names import NameResolver, Resolution

# No name of a model is longer; longer ones are not searched for.
MAX_NAME_CHARACTERS = 300
MAX_SHOWN_CHARACTERS = 80
# Names that are kept with their models.
MAX_NAMES = 8_192
# Suggestions of one request: each compares the name with the whole catalogue.
MAX_SUGGESTIONS = 10


class CountedName(NamedTuple):
    """A name as it was sent, the model of the catalogue that counts for it, and what it says about its price."""

    name: str
    model: str
    named: NamedModel


class UnknownNames:
    """Describes the unknown names of one request; the first MAX_SUGGESTIONS get a suggestion."""

    def __init__(self, resolver: NameResolver) -> None:
        self._resolver = resolver
        self._sentences: dict[str, str] = {}

    def sentence(self, name: str) -> str:
        """Return `unknown model "gpt4o" (did you mean gpt-4o?)`."""
        sentence = self._sentences.get(name)
        if sentence is not None:
            return sentence
        if len(self._sentences) >= MAX_SUGGESTIONS:
            return f"unknown model {shown(name)}"
        near = suggested(self._resolver, name)
        sentence = f"unknown model {shown(name)}" + (f" (did you mean {near}?)" if near else "")
        self._sentences[name] = sentence
        return sentence


class ModelNames:
    """Finds the models of names, for one registry and one price book. Safe to use from many threads.

    A name that the book itself has, such as one of the operator's own prices, has that price.
    """

    def __init__(self, registry: Registry, book: PriceBook) -> None:
        self.registry = registry
        self.book = book
        self._resolution = lru_cache(MAX_NAMES)(registry.names.find)

    def resolution(self, name: str) -> Resolution | None:
        """Return what a name stands for, None if that is no model of the catalogue."""
        return self._resolution(name) if len(name) <= MAX_NAME_CHARACTERS else None

    def counted(self, name: str) -> CountedName | None:
        """Return the model that counts for a name with the price of the name, None for an unknown name."""
        found = self.resolution(name)
        return None if found is None else CountedName(name, found.model, self._named(name, found))

    def priced(self, name: str) -> NamedModel | None:
        """Return the model of the book that a name stands for, None for an unknown name."""
        if name in self.book.overrides or name in self.book.histories:
            return self._own(name)
        found = self.resolution(name)
        return None if found is None else self._named(name, found)

    def resolve(self, name: str, provider: str | None = None) -> NamedModel:
        """Return the model of the book that a name stands for. Raise BadUsage for an unknown name.

        A `provider` sells the call, unless the name says who does.
        """
        return self.resolver()(name, provider)

    def resolver(self) -> "NamesOfRequest":
        """Return a function that resolves the names of one request or one file."""
        return NamesOfRequest(self)

    def _named(self, name: str, found: Resolution) -> NamedModel:
        if name in self.book.overrides or name in self.book.histories:
            return self._own(name)
        return NamedModel(name, found.model, self._author(found.model), *found.terms)

    def _own(self, name: str) -> NamedModel:
        return NamedModel(name, name, self._author(name))

    def _author(self, model: str) -> str | None:
        known = self.registry.models.get(model)
        return known.author if known else None


class NamesOfRequest:
    """Resolves the names of one request or file. An unknown one raises BadUsage with a suggestion."""

    def __init__(self, names: ModelNames) -> None:
        self._names = names
        self._unknown = UnknownNames(names.registry.names)

    def __call__(self, name: str, provider: str | None) -> NamedModel:
        """Return the model of the book that a name stands for. Raise BadUsage."""
        found = self._names.priced(name)
        if found is None:
            raise BadUsage("model", self._unknown.sentence(name))
        host = host_of(provider)
        if host is None or found.host is not None or name in self._names.book.overrides:
            return found
        return found._replace(host=host)


def suggested(resolver: NameResolver, name: str) -> str | None:
    """Return the known name that was most likely meant by an unknown one."""
    return resolver.suggest(name) if len(name) <= MAX_NAME_CHARACTERS else None


def shown(name: str) -> str:
    """Return a name for a message: in quotes, on one line, cut after MAX_SHOWN_CHARACTERS."""
    return json.dumps(name[:MAX_SHOWN_CHARACTERS]) + ("…" if len(name) > MAX_SHOWN_CHARACTERS else "")

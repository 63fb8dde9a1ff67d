"""A model as a caller names it: the model of the book, and what the name says about its price."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from pricing_data.book import PriceBook
from pricing_data.errors import BadUsage, shown
from pricing_data.host_terms import host_terms
from pricing_data.price import STANDARD
from pricing_data.usage import Terms

OPENROUTER = "openrouter"


class NamedModel(NamedTuple):
    """A name as it was sent, and the `model` of the book that it stands for.

    `author` is the model's author and `host` sells the call, if it is not the author. `region` and `service` are as in
    `Terms`. Fine-tuned models and free offers never have the price of the model.
    """

    name: str
    model: str
    author: str | None = None
    host: str | None = None
    region: str | None = None
    service: str | None = None
    is_fine_tuned: bool = False
    is_free: bool = False

    @property
    def is_plain(self) -> bool:
        """Return whether the name says nothing about the price but the model."""
        return self[3:] == _PLAIN

    def terms(self, stated: Terms, *, service_is_stated: bool = False) -> Terms:
        """Return the terms of a call together with those of the name. Raise BadUsage where they contradict each other.

        The standard service contradicts another one only if the caller has stated it.
        """
        service, region = self.service or stated.service, self.region or stated.region
        if service != stated.service and (service_is_stated or stated.service != STANDARD):
            raise BadUsage("service_tier", _contradiction(self.name, service, stated.service))
        if stated.region is not None and region != stated.region:
            raise BadUsage("region", _contradiction(self.name, str(region), stated.region))
        if (service, region) == (stated.service, stated.region):
            return stated
        return replace(stated, service=service, region=region)


_PLAIN = NamedModel("", "")[3:]

# Returns the model that a name stands for, of a provider if that is known. Raises BadUsage for an unknown one.
ResolveModel = Callable[[str, str | None], NamedModel]


def names_of(book: PriceBook) -> ResolveModel:
    """Return a function that finds the names of the book alone, on OpenRouter also with the author's before them."""

    def resolve(name: str, provider: str | None) -> NamedModel:
        if name in book.histories or name in book.overrides:
            return NamedModel(name, name)
        prefix, _, own = name.partition("/")
        author = host_terms().author_called(prefix) if provider == OPENROUTER else None
        if author is not None and own in book.histories:
            return NamedModel(name, own, author, OPENROUTER)
        raise BadUsage("model", f"there is no price of a model {shown(name)}")

    return resolve


def _contradiction(name: str, said: str, stated: str) -> str:
    return f"{shown(stated)} contradicts the name {shown(name)}, which says {shown(said)}"

"""What hosts charge for the models of other authors: whether it is the author's price, and their factors of regions."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pricing_data.data import DATA
from pricing_data.errors import UnpricedUsage
from pricing_data.price import Price

HOST_TERMS, AUTHORS = DATA / "host_terms.toml", DATA / "authors.toml"
HOST_BASIS = "host:"


@dataclass(frozen=True, slots=True)
class ListPrice:
    """A host sells the models of an author at the author's prices: those that `models` matches."""

    hosts: frozenset[str]
    author: str
    models: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class RegionFactor:
    """A host charges this factor on all token rates of matching models in these regions."""

    hosts: frozenset[str]
    models: re.Pattern[str]
    regions: tuple[str, ...]
    factor: Decimal


class HostTerms:
    """The terms of all known hosts. `own_hosts` has the names by which authors are hosts of their own models."""

    def __init__(
        self, own_hosts: Mapping[str, frozenset[str]], list_prices: Iterable[ListPrice], factors: Iterable[RegionFactor]
    ) -> None:
        self._own_hosts = own_hosts
        self._list_prices = tuple(list_prices)
        self._factors = tuple(factors)
        # At most one for each row and host. The row is kept, so that its id is not used again.
        self._sold: dict[tuple[int, str], tuple[Price, Price]] = {}

    def author_called(self, prefix: str) -> str | None:
        """Return the author whose models have this name before a slash, None for no author."""
        return next((author for author, names in self._own_hosts.items() if prefix in names), None)

    def sold_by(self, host: str, price: Price, author: str | None) -> Price:
        """Return the price at which a host sells a model. Raise UnpricedUsage if it is not known.

        The price of an author is not that of a host unless that is documented; nor is that of another host.
        """
        if host in self._own_hosts.get(author or "", ()):
            return price
        found = self._sold.get((id(price), host))
        if found is None:
            self._check(host, price, author)
            tariff = replace(price.tariff, regions=self._regions(host, price.model))
            found = self._sold[id(price), host] = price, replace(price, tariff=tariff)
        return found[1]

    def _check(self, host: str, price: Price, author: str | None) -> None:
        if price.basis.startswith(HOST_BASIS):
            seller = price.basis.removeprefix(HOST_BASIS)
            if seller != host:
                raise UnpricedUsage(price.model, f"the price is that of {seller}, and {host} asks prices of its own")
        elif not any(_applies(rule, host, price.model) and rule.author == author for rule in self._list_prices):
            raise UnpricedUsage(
                price.model, f"{host} asks prices of its own for this model, and the price is that of {author or 'its author'}"
            )

    def _regions(self, host: str, model: str) -> tuple[tuple[str, Decimal], ...]:
        rules = (rule for rule in self._factors if _applies(rule, host, model))
        return tuple(sorted((region, rule.factor) for rule in rules for region in rule.regions))


@lru_cache(1)
def host_terms() -> HostTerms:
    """Return the terms of hosts in the data of this package."""
    raw = tomllib.loads(HOST_TERMS.read_text(encoding="utf-8"))
    authors = tomllib.loads(AUTHORS.read_text(encoding="utf-8"))["author"]
    return HostTerms(
        {author["name"]: _own_hosts(author) for author in authors},
        [
            ListPrice(frozenset(entry["hosts"]), author, re.compile(models))
            for entry in raw["list_price"]
            for author, models in entry["models"].items()
        ],
        [
            RegionFactor(
                frozenset(entry["hosts"]),
                re.compile(entry["models"]),
                tuple(entry["regions"]),
                Decimal(entry["factor"]),
            )
            for entry in raw["region"]
        ],
    )


def _applies(rule: ListPrice | RegionFactor, host: str, model: str) -> bool:
    return host in rule.hosts and rule.models.fullmatch(model) is not None


def _own_hosts(author: Mapping[str, Any]) -> frozenset[str]:
    """Return the names under which an author sells its own models. Providers that sell for others are not among them."""
    return frozenset(author["prefixes"]) | {author["name"].lower()}

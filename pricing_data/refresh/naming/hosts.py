"""The price of open weights at a host that an operator has chosen: by exact name, and only where it is one price."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pricing_data.data import DATA
from pricing_data.refresh.model_rules import ModelRule
from pricing_data.refresh.naming.authors import Author, author_of
from pricing_data.refresh.source_snapshot import Offer, SourceSnapshot

HOSTS = DATA / "hosts.toml"
# Words by which a host or an author marks the very same weights.
SAME_WEIGHTS = re.compile(r"^(meta-|google-|mistralai-)|-(fp8|fp16|bf16|maas|turbo|hf)$")


@dataclass(frozen=True, slots=True)
class Host:
    """A seller of others' models: its provider names in each source, by package."""

    name: str
    providers: Mapping[str, Sequence[str]]


def read_hosts() -> dict[str, Host]:
    """Every known host, by name."""
    raw = tomllib.loads(HOSTS.read_text(encoding="utf-8"))["host"]
    return {
        name: Host(name, {field.replace("_", "-"): tuple(found) for field, found in entry.items()})
        for name, entry in raw.items()
    }


def with_hosts(
    model_rules: Mapping[str, ModelRule],
    hosts: Sequence[Host],
    authors: Sequence[Author],
    snapshots: Mapping[str, SourceSnapshot],
) -> dict[str, ModelRule]:
    """Return the rules, in which models without a price of their own take that of the first host that sells them."""
    found = dict(model_rules)
    unpriced = [model for model, model_rule in model_rules.items() if model_rule.policy == "none"]
    known = {model: spelling(model) for model in model_rules}
    for host in reversed(hosts):
        sold = {package: _sold(host, authors, snapshot) for package, snapshot in snapshots.items()}
        for model in unpriced:
            ids = {
                package: key
                for package, offers in sold.items()
                if (key := _one(offers.get(known[model], ()), model)) is not None
            }
            if ids:
                found[model] = ModelRule(model, "reference_host", ids, host.name)
    return found


def spelling(name: str) -> str:
    """A name without what hosts add to it, and with one spelling of its version."""
    plain = SAME_WEIGHTS.sub("", SAME_WEIGHTS.sub("", name.lower()))
    return re.sub("(?<=[a-z])(?=[0-9])", "-", plain.replace(".", "-").replace("_", "-"))


def _sold(host: Host, authors: Sequence[Author], snapshot: SourceSnapshot) -> dict[str, list[tuple[str, str, Offer]]]:
    """What a host sells, by spelling: the key, the name there, and the newest offer."""
    found: dict[str, list[tuple[str, str, Offer]]] = {}
    for key, offers in snapshot.offers.items():
        newest = offers[-1]
        if newest.source.provider in host.providers.get(snapshot.package, ()):
            known = author_of(authors, snapshot.package, newest.source.provider, newest.source.id)
            name = known[1] if known else newest.source.id.rpartition("/")[2]
            found.setdefault(spelling(name), []).append((key, name, newest))
    return found


def _one(offers: Iterable[tuple[str, str, Offer]], model: str) -> str | None:
    """The key of the offer with the model's own name, else of any, if all of them ask the same."""
    listed = list(offers)
    exact = [offer for offer in listed if offer[1] == model] or listed
    prices = {(offer.tariff.rates.input, offer.tariff.rates.output) for _, _, offer in exact}
    return min(key for key, _, _ in exact) if len(prices) == 1 else None

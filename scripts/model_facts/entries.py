"""The entries of the pinned sources, and which of them speak of a model of the catalogue.

An entry is the author's own if its seller is the author (authors.toml), otherwise a host's. It belongs to a model if
upstream.toml reads the model's price there, or if its id is the model's name: in another case, with hyphens for dots,
or with a prefix or suffix of the seller. Names are never matched by likeness.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from pricing_data.refresh.model_rules import ModelRule, PinnedSources
from pricing_data.refresh.naming.authors import Author, author_of
from pricing_data.refresh.sources import genai_prices
from pricing_data.refresh.sources.litellm import MEMBER as LITELLM_MEMBER
from pricing_data.refresh.sources.package_file import read_member
from scripts.model_releases import PROVIDERS
from scripts.models_dev import Catalogue, content_of, entries_of
from scripts.price_history.releases import Release, price_file

MODELS_DEV, LITELLM, GENAI_PRICES = "models.dev", "litellm", "genai-prices"
# Hosts whose entries all have the same sizes and flags, whatever the model.
HOSTS_LEFT_OUT = ("cloudflare-ai-gateway",)


@dataclass(frozen=True, slots=True)
class Edition:
    """A release of a source: its name in the file, its package and version, the day of reading or of the release."""

    key: str
    kind: str
    release: str
    day: date


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an edition: who sells the model, under which id, and its fields.

    `of_undated`: it is that of the undated name of a snapshot.
    """

    edition: Edition
    key: str
    seller: str
    id: str
    fields: Mapping[str, Any]
    of_undated: bool = False

    @property
    def source(self) -> str:
        """Return how the file names it: the edition, then the entry's key."""
        return f"{self.edition.key} {self.key}"


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of one model, those that count most first: the author's own, and those of hosts."""

    own: Sequence[Entry] = ()
    hosts: Sequence[Entry] = ()


def models_dev_entries(folder: Path, pinned: Catalogue, edition: Edition) -> Iterator[Entry]:
    """Yield the entries of a copy of models.dev. Raise BadSource."""
    for key, fields in entries_of(content_of(folder, pinned)).items():
        seller, _, id_ = key.partition("/")
        yield Entry(edition, key, seller, id_, fields)


def litellm_entries(content: bytes, edition: Edition) -> Iterator[Entry]:
    """Yield the entries of a price file of LiteLLM."""
    for key, fields in json.loads(content).items():
        if key != "sample_spec":
            yield Entry(edition, key, str(fields.get("litellm_provider")), key, fields)


def old_litellm_entries(folder: Path, release: Release, edition: Edition) -> Iterator[Entry]:
    """Yield the entries of an old release of LiteLLM. Raise BadSource."""
    return litellm_entries(price_file(folder, release), edition)


def price_source_entries(folder: Path, pins: PinnedSources) -> Iterator[Entry]:
    """Yield the entries of LiteLLM and genai-prices as the price book reads them. Raise BadSource."""
    pin = pins.packages[LITELLM]
    edition = Edition("l", LITELLM, f"{LITELLM} {pin.version}", pins.recorded_at)
    yield from litellm_entries(read_member(folder, pin, LITELLM_MEMBER), edition)
    pin = pins.packages[GENAI_PRICES]
    edition = Edition("g", GENAI_PRICES, f"{GENAI_PRICES} {pin.version}", pins.recorded_at)
    for provider, model in genai_prices.models(read_member(folder, pin, genai_prices.MEMBER).decode("utf-8")):
        seller, id_ = str(provider.get("id")), str(model.get("id"))
        yield Entry(edition, f"{seller}/{id_}", seller, id_, dict(model.fields))


def entries_by_model(
    rows: Sequence[Mapping[str, str]],
    rules: Mapping[str, ModelRule],
    authors: Sequence[Author],
    entries: Iterable[Entry],
) -> dict[str, Entries]:
    """Return the entries of each model, in the order in which they are given."""
    by_name = {(row["author"], _plain(row["name"])): row["name"] for row in rows}
    read = _models_by_entry(rules)
    own: dict[str, list[Entry]] = defaultdict(list)
    hosts: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        found = author_of(authors, _package(entry), entry.seller, entry.id)
        model = by_name.get((found[0].name, _plain(found[1]))) if found else None
        ruled = read.get((entry.edition.kind, entry.key))
        if ruled is not None and model is None:
            own[ruled].append(entry)
        elif model is not None and found is not None and entry.seller not in HOSTS_LEFT_OUT:
            (own if _is_seller(found[0], entry) else hosts)[model].append(entry)
    return {row["name"]: Entries(own[row["name"]], hosts[row["name"]]) for row in rows}


def with_undated(snapshot: Entries, undated: Entries) -> Entries:
    """Return the entries of a snapshot, and after its own those of its undated name.

    Of an undated name that has entries in LiteLLM and genai-prices only those in models.dev count, if the snapshot has
    entries of its own there: the two may differ.
    """
    own = [entry for entry in undated.own if not snapshot.own or entry.edition.kind == MODELS_DEV]
    added = [replace(entry, of_undated=True) for entry in own]
    hosts = snapshot.hosts or [replace(entry, of_undated=True) for entry in undated.hosts]
    return Entries([*snapshot.own, *added], hosts)


def _models_by_entry(rules: Mapping[str, ModelRule]) -> dict[tuple[str, str], str]:
    """Return the model of each entry that upstream.toml names for exactly one model that its author sells."""
    users: dict[tuple[str, str], list[str]] = defaultdict(list)
    for rule in rules.values():
        if rule.policy == "first_party":
            for package, key in rule.ids.items():
                users[MODELS_DEV if package == "model-prices" else package, key].append(rule.model)
    return {entry: models[0] for entry, models in users.items() if len(models) == 1}


def _package(entry: Entry) -> str:
    """Return the package of authors.toml: model-prices has the providers of models.dev."""
    return "model-prices" if entry.edition.kind == MODELS_DEV else entry.edition.kind


def _is_seller(author: Author, entry: Entry) -> bool:
    if author.sells(_package(entry), entry.seller):
        return True
    return entry.edition.kind == MODELS_DEV and entry.seller in PROVIDERS.get(author.name, ())


def _plain(name: str) -> str:
    return name.casefold().replace(".", "-")

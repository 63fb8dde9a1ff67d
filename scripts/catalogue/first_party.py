"""The names of text and embeddings models that the price sources list as sold by their own author, priced or not."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pricing_data.refresh.naming.authors import Author, author_of
from pricing_data.refresh.sources import genai_prices, litellm
from pricing_data.refresh.sources.locate import read_source
from pricing_data.refresh.sources.package_file import PinnedPackage, read_member

# What LiteLLM calls the use of an entry; its other entries are no models of text.
TEXT_MODES = {"chat", "completion", "responses", "embedding"}


@dataclass(frozen=True, slots=True, order=True)
class FirstPartyName:
    """A name in a price source under which an author sells a model itself; `name` is the normalized one."""

    author: str
    name: str
    package: str
    key: str


def first_party_names(
    folder: Path, pins: Mapping[str, PinnedPackage], authors: Sequence[Author]
) -> list[FirstPartyName]:
    """Return the names of the pinned sources in a folder, by author and name. Raise BadSource."""
    found: set[FirstPartyName] = set()
    for package, read in {"genai-prices": _genai_ids, "litellm": _litellm_ids, "model-prices": _offered_ids}.items():
        for key, provider, id_ in read(folder, pins[package]):
            known = author_of(authors, package, provider, id_)
            if known and known[0].sells(package, provider):
                found.add(FirstPartyName(known[0].name, known[1], package, key))
    return sorted(found)


def _genai_ids(folder: Path, pin: PinnedPackage) -> Iterator[tuple[str, str, str]]:
    for provider, model in genai_prices.models(read_member(folder, pin, genai_prices.MEMBER).decode("utf-8")):
        seller, id_ = str(provider.get("id")), str(model.get("id"))
        yield f"{seller}/{id_}", seller, id_


def _litellm_ids(folder: Path, pin: PinnedPackage) -> Iterator[tuple[str, str, str]]:
    for key, entry in json.loads(read_member(folder, pin, litellm.MEMBER)).items():
        if entry.get("mode") in TEXT_MODES:
            yield key, str(entry.get("litellm_provider")), key


def _offered_ids(folder: Path, pin: PinnedPackage) -> Iterator[tuple[str, str, str]]:
    for key, offers in read_source(folder, pin).offers.items():
        yield key, offers[-1].source.provider, offers[-1].source.id

"""Suggests models that their authors sell and the catalogue lacks, as drafts for review."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pricing_data.refresh.model_rules import ID_FIELDS, ModelRule
from pricing_data.refresh.naming.authors import Author, author_of
from pricing_data.refresh.naming.display import NameSpelling
from pricing_data.refresh.naming.left_out import LeftOutNames
from pricing_data.refresh.source_snapshot import SourceSnapshot


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A model that its author sells: its id in each source, and the input price in USD per token."""

    author: str
    name: str
    display_name: str
    ids: Mapping[str, str]
    input: Decimal | None

    @property
    def model_row(self) -> str:
        """Return a draft of its row in models.toml, without a vocabulary."""
        fields = {"name": self.name, "author": self.author, "display_name": self.display_name}
        return "[[model]]\n" + "".join(
            f"{field} = {json.dumps(value, ensure_ascii=False)}\n" for field, value in fields.items()
        )

    @property
    def upstream_line(self) -> str:
        """Return a draft of its line in upstream.toml."""
        return upstream_line(self.name, self.ids)


def upstream_line(name: str, ids: Mapping[str, str]) -> str:
    """Return a line of upstream.toml: an inline table. Without ids the model has no price."""
    named = {ID_FIELDS[package]: ids[package] for package in ID_FIELDS if package in ids}
    fields = {"price_policy": "first_party" if ids else "none", **named}
    inner = ", ".join(f"{field} = {json.dumps(value)}" for field, value in fields.items())
    return f"{json.dumps(name)} = {{ {inner} }}"


def suggestions(
    snapshots: Mapping[str, SourceSnapshot],
    known: Mapping[str, ModelRule],
    authors: Sequence[Author],
    spelling: NameSpelling,
    left_out: LeftOutNames,
) -> list[Suggestion]:
    """Return a suggestion for each sold model whose name is no spelling of a known one, by author and name.

    An entry from which a known model's price is read is no suggestion, whatever its name there, nor is a name that
    is left out on purpose.
    """
    seen = {name.replace(".", "-") for name in known}
    read = {(package, key) for model_rule in known.values() for package, key in model_rule.ids.items()}
    ids: dict[tuple[str, str], dict[str, str]] = {}
    prices: dict[tuple[str, str], Decimal | None] = {}
    for package, snapshot in snapshots.items():
        for key, offers in snapshot.offers.items():
            if (package, key) in read:
                continue
            source = offers[-1].source
            found = author_of(authors, package, source.provider, source.id)
            if found is None or not found[0].sells(package, source.provider):
                continue
            author, name = found
            if name.replace(".", "-") in seen or left_out.reason(author.name, name):
                continue
            ids.setdefault((author.name, name), {}).setdefault(package, key)
            prices.setdefault((author.name, name), offers[-1].tariff.rates.input)
    return [
        Suggestion(author, name, spelling.display_name(name), ids[author, name], prices[author, name])
        for author, name in sorted(ids)
    ]

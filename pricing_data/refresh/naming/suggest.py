"""Models that their own authors sell and that are not known here: drafts for a person to accept."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pricing_data.refresh.model_rules import ID_FIELDS, ModelRule
from pricing_data.refresh.naming.authors import Author, author_of
from pricing_data.refresh.naming.display import NameSpelling
from pricing_data.refresh.source_snapshot import SourceSnapshot


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A name that an author sells itself: where each source has it, and the input price in USD per token."""

    author: str
    name: str
    display_name: str
    ids: Mapping[str, str]
    input: Decimal | None

    @property
    def model_row(self) -> str:
        """A draft for models.toml; a vocabulary is for a person to decide."""
        fields = {"name": self.name, "author": self.author, "display_name": self.display_name}
        return "[[model]]\n" + "".join(
            f"{field} = {json.dumps(value, ensure_ascii=False)}\n" for field, value in fields.items()
        )

    @property
    def upstream_line(self) -> str:
        """A draft for upstream.toml."""
        return upstream_line(self.name, self.ids)


def upstream_line(name: str, ids: Mapping[str, str]) -> str:
    """A line of upstream.toml: an inline table. Without ids the model has no price."""
    named = {ID_FIELDS[package]: ids[package] for package in ID_FIELDS if package in ids}
    fields = {"price_policy": "first_party" if ids else "none", **named}
    inner = ", ".join(f"{field} = {json.dumps(value)}" for field, value in fields.items())
    return f"{json.dumps(name)} = {{ {inner} }}"


def suggestions(
    snapshots: Mapping[str, SourceSnapshot],
    known: Mapping[str, ModelRule],
    authors: Sequence[Author],
    spelling: NameSpelling,
) -> list[Suggestion]:
    """A suggestion for each name that no known one is a spelling of, by author and name.

    An entry from which a known model's price is read is that model, however it is called there.
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
            if name.replace(".", "-") in seen or spelling.excludes(name) or spelling.sets_aside(author.name, name):
                continue
            ids.setdefault((author.name, name), {}).setdefault(package, key)
            prices.setdefault((author.name, name), offers[-1].tariff.rates.input)
    return [
        Suggestion(author, name, spelling.display_name(name), ids[author, name], prices[author, name])
        for author, name in sorted(ids)
    ]

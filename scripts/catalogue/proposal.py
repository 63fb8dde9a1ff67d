"""What the catalogue lacks of its sources: rows, where prices are read, and what is left out, as texts of files."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pricing_data.refresh.model_rules import read_model_rules
from pricing_data.refresh.naming.authors import read_authors
from pricing_data.refresh.naming.display import read_spelling
from pricing_data.refresh.naming.left_out import read_left_out
from scripts.build_prices import CACHE, ROOT, UPSTREAM
from scripts.catalogue.first_party import FirstPartyName, first_party_names
from scripts.catalogue.models_file import HEAD, MODELS, Row, read_rows, text
from scripts.catalogue.publishers import published_names
from scripts.catalogue.sources import CatalogueSources
from scripts.catalogue.vocabulary_rules import read_rules
from scripts.draft_models import draft
from scripts.draft_upstream import lines

NAMES = ROOT / "tests" / "data" / "first_party_names.json"
NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class CatalogueProposal:
    """The proposed files by path, and a line for each model that is new and each name that is newly left out."""

    files: Mapping[Path, str]
    added: Sequence[str]
    left_out: Sequence[str]


def propose(sources: CatalogueSources) -> CatalogueProposal:
    """Return what the sources in the caches list and the catalogue lacks. Raise BadSource."""
    names = [
        *first_party_names(CACHE, sources.prices.packages, read_authors()),
        *published_names(CACHE, sources.publishers),
    ]
    missing, left_out = sorted_out(names)
    rows = [_row(author, name) for author, name in sorted(missing)]
    listed = [*read_rows(), *rows]
    priced = read_model_rules(UPSTREAM)
    found = lines([row for row in listed if row["name"] not in priced], CACHE, sources.prices.packages)
    recorded = recorded_names()
    return CatalogueProposal(
        {
            **sources.texts(),
            MODELS: HEAD + text(listed),
            UPSTREAM: with_lines(UPSTREAM.read_text(encoding="utf-8"), found),
            NAMES: names_text(sources, names),
        },
        [_added(row, missing[row["author"], row["name"]]) for row in rows],
        [f"{a} {name}: {why}" for (a, name), why in sorted(left_out.items()) if name not in recorded.get(a, {})],
    )


def sorted_out(
    names: Iterable[FirstPartyName],
) -> tuple[dict[tuple[str, str], list[FirstPartyName]], dict[tuple[str, str], str]]:
    """Return the names that are neither listed nor left out, with their entries, and those left out with reasons.

    Of a name that sources spell with dots and with hyphens, the spelling with dots is proposed.
    """
    model_rules, reasons = read_model_rules(UPSTREAM), read_left_out()
    listed = {plain(row["name"]) for row in read_rows()}
    read = {(package, key) for model_rule in model_rules.values() for package, key in model_rule.ids.items()}
    missing: dict[tuple[str, str], list[FirstPartyName]] = {}
    left_out: dict[tuple[str, str], str] = {}
    spelling: dict[str, str] = {}
    for found in sorted(names, key=lambda found: -found.name.count(".")):
        if plain(found.name) in listed or (found.package, found.key) in read:
            continue
        if reason := reasons.reason(found.author, found.name):
            left_out[found.author, found.name] = reason
        else:
            name = spelling.setdefault(plain(found.name), found.name)
            missing.setdefault((found.author, name), []).append(found)
    return missing, left_out


def plain(name: str) -> str:
    """Return a name in the spelling with hyphens, which some sources use for dots."""
    return name.replace(".", "-")


def _row(author: str, name: str) -> Row:
    row = draft(author, name, read_spelling(), read_rules())
    return row if "vocabulary" in row or "reason" in row else {**row, "reason": NOT_CHECKED}


def _added(row: Row, entries: Iterable[FirstPartyName]) -> str:
    places = ", ".join(f"{entry.package} {entry.key}" for entry in entries)
    known = f"{row['vocabulary']} ({row['evidence']})" if "vocabulary" in row else f"no vocabulary: {row['reason']}"
    return f"{row['author']} {row['name']} ({places}); {known}"


def with_lines(upstream: str, new: Iterable[str]) -> str:
    """Return the text of upstream.toml with new lines in their places, by name."""
    head, table, body = upstream.partition("[models]\n")
    return head + table + "\n".join(sorted([*filter(None, body.split("\n")), *new], key=_name)) + "\n"


def _name(line: str) -> str:
    found = re.match(r'"([^"]*)"', line)
    if found is None:
        raise ValueError(f"not a line of upstream.toml: {line!r:.80}")
    return found[1]


def names_text(sources: CatalogueSources, names: Iterable[FirstPartyName]) -> str:
    """Return the record of what the sources list as sold by its author, for tests that have no network."""
    packages = [*sources.prices.packages.values(), *(publisher.pin for publisher in sources.publishers)]
    by_author: dict[str, dict[str, list[str]]] = {}
    for found in sorted(names):
        by_author.setdefault(found.author, {}).setdefault(found.name, []).append(f"{found.package} {found.key}")
    whole = {"sha256": {pin.package: pin.sha256 for pin in packages}, "names": by_author}
    return json.dumps(whole, indent=0, ensure_ascii=False) + "\n"


def recorded_names() -> dict[str, dict[str, list[str]]]:
    """Return the entries of the committed record, by author and name; none without a record."""
    names: dict[str, dict[str, list[str]]] = (
        json.loads(NAMES.read_text(encoding="utf-8"))["names"] if NAMES.exists() else {}
    )
    return names

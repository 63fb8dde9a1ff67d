"""Drafts the lines of pricing_data/data/upstream.toml that are missing, for a person to accept.

A line marked `# check` was found by a rule of genai-prices (a prefix, say) and not by the name itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pricing_data.refresh.model_rules import ID_FIELDS, read_model_rules, read_pins
from pricing_data.refresh.naming.authors import read_authors
from pricing_data.refresh.naming.suggest import upstream_line
from pricing_data.refresh.naming.upstream_ids import GENAI, GenaiRules, exact_ids, match
from pricing_data.refresh.sources.locate import read_source
from pricing_data.refresh.sources.package_file import PinnedPackage
from scripts.build_prices import CACHE, PINS, UPSTREAM
from scripts.catalogue.models_file import Row, read_rows

CHECK = "  # check"


def lines(rows: Iterable[Row], folder: Path, pins: Mapping[str, PinnedPackage]) -> Iterator[str]:
    """Yield one line for each of these models, by name, from the pinned sources in a folder. Raise BadSource."""
    authors = read_authors()
    rules = GenaiRules(folder, pins[GENAI], authors)
    ids = {package: exact_ids(authors, read_source(folder, pin)) for package, pin in pins.items()}
    for row in sorted(rows, key=lambda row: row["name"]):
        found = {package: match(ids[package], row["author"], row["name"]) for package in ID_FIELDS}
        proposed = rules.propose(row["author"], row["name"])
        check = CHECK if proposed and proposed != found[GENAI] else ""
        found[GENAI] = proposed or found[GENAI]
        yield upstream_line(row["name"], {package: key for package, key in found.items() if key}) + check


def missing_rows() -> list[Row]:
    """Return the models of the catalogue that upstream.toml lacks."""
    known = read_model_rules(UPSTREAM) if UPSTREAM.exists() else {}
    return [row for row in read_rows() if row["name"] not in known]


if __name__ == "__main__":
    print("\n".join(lines(missing_rows(), CACHE, read_pins(PINS).packages)))

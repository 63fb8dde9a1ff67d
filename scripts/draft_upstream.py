"""Drafts the lines of pricing_data/data/upstream.toml that are missing, for a person to accept.

A line marked `# check` was found by a rule of genai-prices (a prefix, say) and not by the name itself.
"""

from collections.abc import Iterator

from pricing_data.refresh.model_rules import ID_FIELDS, read_model_rules, read_pins
from pricing_data.refresh.naming.authors import read_authors
from pricing_data.refresh.naming.suggest import upstream_line
from pricing_data.refresh.naming.upstream_ids import GENAI, GenaiRules, exact_ids, match
from scripts.build_prices import CACHE, PINS, UPSTREAM, read_sources
from scripts.catalogue.models_file import read_rows


def lines() -> Iterator[str]:
    """One line for each model of the catalogue that upstream.toml lacks."""
    authors, snapshots = read_authors(), read_sources(CACHE)
    rules = GenaiRules(CACHE, read_pins(PINS).packages[GENAI], authors)
    ids = {package: exact_ids(authors, snapshot) for package, snapshot in snapshots.items()}
    known = read_model_rules(UPSTREAM) if UPSTREAM.exists() else {}
    for row in sorted(read_rows(), key=lambda row: row["name"]):
        if row["name"] in known:
            continue
        found = {package: match(ids[package], row["author"], row["name"]) for package in ID_FIELDS}
        proposed = rules.propose(row["author"], row["name"])
        check = "  # check" if proposed and proposed != found[GENAI] else ""
        found[GENAI] = proposed or found[GENAI]
        yield upstream_line(row["name"], {package: key for package, key in found.items() if key}) + check


if __name__ == "__main__":
    print("\n".join(lines()))

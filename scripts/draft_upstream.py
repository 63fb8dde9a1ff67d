"""Drafts the lines of pricing_data/upstream.toml that are missing, for a person to accept.

A line marked `# check` was found by a rule of genai-prices (a prefix, say) and not by the name itself.
"""

import json
from collections.abc import Iterator

from pricing_data.curation import ID_FIELDS, read_pins, read_upstream
from scripts.build_prices import CACHE, PINS, UPSTREAM, read_sources
from scripts.catalogue.authors import read_authors
from scripts.catalogue.models_file import read_rows
from scripts.catalogue.upstream_ids import GENAI, GenaiRules, exact_ids, match


def lines() -> Iterator[str]:
    """One line for each model of the catalogue that upstream.toml lacks."""
    authors, readings = read_authors(), read_sources(CACHE)
    rules = GenaiRules(CACHE, read_pins(PINS).packages[GENAI], authors)
    ids = {package: exact_ids(authors, reading) for package, reading in readings.items()}
    known = read_upstream(UPSTREAM) if UPSTREAM.exists() else {}
    for row in sorted(read_rows(), key=lambda row: row["name"]):
        if row["name"] in known:
            continue
        found = {package: match(ids[package], row["author"], row["name"]) for package in ID_FIELDS}
        proposed = rules.propose(row["author"], row["name"])
        check = "  # check" if proposed and proposed != found[GENAI] else ""
        found[GENAI] = proposed or found[GENAI]
        yield line(row["name"], {ID_FIELDS[package]: key for package, key in found.items() if key}) + check


def line(name: str, ids: dict[str, str]) -> str:
    """A line of upstream.toml: an inline table."""
    fields = {"price_policy": "first_party" if ids else "none", **ids}
    inner = ", ".join(f"{field} = {json.dumps(value)}" for field, value in fields.items())
    return f"{json.dumps(name)} = {{ {inner} }}"


if __name__ == "__main__":
    print("\n".join(lines()))

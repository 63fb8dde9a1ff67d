"""Makes tokenizer_registry/model_facts.jsonl from pinned sources; the same sources always give the same file.

python -m scripts.build_facts fetch    download the pinned packages into build, once
python -m scripts.build_facts check    1 if the file is not what the sources give
python -m scripts.build_facts write    write the file and its sha256, and print how many models have each fact
"""

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pricing_data.data import DATA
from pricing_data.refresh.model_releases import ModelRelease, read_model_releases
from pricing_data.refresh.model_rules import read_model_rules, read_pins
from pricing_data.refresh.naming.authors import read_authors
from scripts import build_prices, model_releases
from scripts.catalogue.models_file import read_rows
from scripts.model_facts.curated import Curated, Decision, by_fact, read_curated
from scripts.model_facts.entries import (
    LITELLM,
    MODELS_DEV,
    Edition,
    Entries,
    Entry,
    entries_by_model,
    models_dev_entries,
    old_litellm_entries,
    price_source_entries,
    with_undated,
)
from scripts.model_facts.precedence import Statement, Statements, facts_of
from scripts.models_dev import fetch, read_catalogues
from scripts.price_history.__main__ import CACHE as HISTORY_CACHE
from scripts.price_history.__main__ import PINS as HISTORY_PINS
from scripts.price_history.releases import Release, read_releases
from scripts.price_history.releases import fetch as fetch_release

ROOT = Path(__file__).parent.parent
FILE = ROOT / "tokenizer_registry" / "model_facts.jsonl"
DIGEST = FILE.with_suffix(".jsonl.sha256")
LICENCE = "made from copies of models.dev, LiteLLM and genai-prices, all MIT, and from decisions of our own"
RELEASES = "r"


def old_releases(curated: Curated) -> list[Release]:
    """Return the pinned old releases of LiteLLM that are read, in the curated order."""
    pinned = {release.version: release for release in read_releases(HISTORY_PINS)[LITELLM]}
    return [pinned[version] for version in curated.litellm_editions]


def read_entries(curated: Curated) -> list[Entry]:
    """Return the entries of all sources, in order of precedence. Raise BadSource."""
    found: list[Entry] = []
    for number, pinned in enumerate(read_catalogues(), start=1):
        edition = Edition(f"m{number}", MODELS_DEV, f"{pinned.package} {pinned.version}", curated.recorded_at)
        found += models_dev_entries(model_releases.CACHE, pinned, edition)
    found += price_source_entries(build_prices.CACHE, read_pins(DATA / "sources.toml"))
    for number, release in enumerate(old_releases(curated), start=1):
        edition = Edition(f"l{number}", LITELLM, f"{release.package} {release.version}", release.day)
        found += old_litellm_entries(HISTORY_CACHE, release, edition)
    return found


def facts_by_model(
    rows: Sequence[Mapping[str, str]],
    entries: Mapping[str, Entries],
    curated: Curated,
    releases: Mapping[str, ModelRelease],
) -> dict[str, dict[str, Statements]]:
    """Return the statements of each fact of each model of which anything is known, by name."""
    found: dict[str, dict[str, Statements]] = {}
    for row in rows:
        name, author = row["name"], row["author"]
        undated = curated.undated(author, name)
        known = with_undated(entries[name], entries[undated]) if undated in entries else entries[name]
        facts = facts_of(
            author,
            known,
            decisions=_stated(curated.decisions, author, name),
            defaults=_stated(curated.defaults, author, name),
        )
        if name in releases:
            facts["released"] = [Statement(str(releases[name].released), f"{RELEASES} {releases[name].source}")]
        if facts:
            found[name] = facts
    return dict(sorted(found.items()))


def _stated(decisions: Iterable[Decision], author: str, name: str) -> dict[str, Statement]:
    found = by_fact(decisions, author, name)
    return {fact: Statement(one.facts[fact], f"{one.key} {one.source}") for fact, one in found.items()}


def text_of(sources: Mapping[str, tuple[str, str]], facts: Mapping[str, Mapping[str, Statements]]) -> str:
    """Return the text of the file."""
    head = {"sources": sources, "licence": LICENCE}
    lines = [head, *(_line(name, found) for name, found in facts.items())]
    return "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)


def _line(name: str, facts: Mapping[str, Statements]) -> dict[str, object]:
    places: dict[str, int] = {}
    values = {fact: list(_values(statements, places)) for fact, statements in facts.items()}
    return {"model": name, "entries": list(places), **values}


def _values(statements: Statements, places: dict[str, int]) -> Iterator[list[object]]:
    """Yield each value with the places of its sources, in order; a new source gets the next place."""
    by_value: dict[object, list[int]] = {}
    for statement in statements:
        place = places.setdefault(statement.source, len(places))
        by_value.setdefault(statement.value, []).append(place)
    for value, sources in by_value.items():
        yield [value, *sources]


def sources_of(entries: Iterable[Entry], curated: Curated) -> dict[str, tuple[str, str]]:
    """Return the release and the day of each source, by key."""
    editions = {entry.edition.key: entry.edition for entry in entries}
    found = {key: (edition.release, str(edition.day)) for key, edition in editions.items()}
    found[RELEASES] = ("", str(curated.recorded_at))
    return found | {one.key: ("", str(one.day)) for one in (*curated.decisions, *curated.defaults)}


def build() -> tuple[str, dict[str, dict[str, Statements]]]:
    """Return the text of the file, and the facts in it. Raise BadSource."""
    curated, rows = read_curated(), read_rows()
    entries = read_entries(curated)
    by_model = entries_by_model(rows, read_model_rules(DATA / "upstream.toml"), read_authors(), entries)
    facts = facts_by_model(rows, by_model, curated, read_model_releases())
    return text_of(sources_of(entries, curated), facts), facts


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["fetch", "check", "write"])
    command = parser.parse_args(arguments).command
    if command == "fetch":
        build_prices.fetch(build_prices.CACHE)
        for pinned in read_catalogues():
            fetch(model_releases.CACHE, pinned)
        for release in old_releases(read_curated()):
            fetch_release(HISTORY_CACHE, release)
        return 0
    text, facts = build()
    if command == "check":
        same = FILE.read_text(encoding="utf-8") == text
        print("the file is up to date" if same else f"{FILE} is not what the sources give")
        return 0 if same else 1
    FILE.write_text(text, encoding="utf-8")
    DIGEST.write_text(f"{hashlib.sha256(text.encode()).hexdigest()}  {FILE.name}\n", encoding="utf-8")
    counts = Counter(fact for found in facts.values() for fact in found)
    print(f"{len(facts)} models: {', '.join(f'{fact} {count}' for fact, count in sorted(counts.items()))}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

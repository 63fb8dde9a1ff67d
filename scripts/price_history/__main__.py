"""Makes pricing_data/data/history from pinned old releases of the price sources.

The same releases always give the same files.

python -m scripts.price_history fetch    download the pinned releases; keep their price files in build/price_history
python -m scripts.price_history check    1 if a history is not what the releases give
python -m scripts.price_history write    write the histories
python -m scripts.price_history pin PACKAGE VERSION DAY
                                         print the pin of a release; DAY is that of its upload, as the index says

A history keeps the entries that a first party sells, in any release, and those that upstream.toml names.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

from pricing_data.data import DATA
from pricing_data.errors import BadSource
from pricing_data.refresh.model_rules import read_model_rules
from scripts.price_history import genai_prices, litellm
from scripts.price_history.changes import text
from scripts.price_history.releases import MEMBERS, Release, entry, fetch, pin, price_file, read_releases
from scripts.price_history.states import State

ROOT = Path(__file__).parents[2]
CACHE = ROOT / "build" / "price_history"
HISTORY = DATA / "history"
PINS, UPSTREAM = HISTORY / "releases.toml", DATA / "upstream.toml"

Reader = Callable[[bytes], tuple[State, frozenset[str]]]
READERS: Mapping[str, Reader] = {"litellm": litellm.read, "tokencost": litellm.read, "genai-prices": genai_prices.read}


def texts(folder: Path) -> dict[Path, str]:
    """Return the text of each history, by path. Raise BadSource."""
    found: dict[Path, str] = {}
    kept: dict[Reader, set[str]] = {}
    for package, releases in read_releases(PINS).items():
        read = READERS[package]
        states = [(release, *state_of(folder, release)) for release in releases]
        # tokencost copies LiteLLM's file and adds to it: it is read for the keys of LiteLLM's own releases.
        if read not in kept:
            kept[read] = named_upstream(package).union(*(sold for _, _, sold in states))
        chosen = ((release, _only(state, kept[read])) for release, state, _ in states)
        found[HISTORY / f"{package.replace('-', '_')}.jsonl"] = text(chosen)
    return found


def state_of(folder: Path, release: Release) -> tuple[State, frozenset[str]]:
    """Return the entries of a fetched release, and the keys that a first party sells. Raise BadSource."""
    try:
        return READERS[release.package](price_file(folder, release))
    except (ValueError, TypeError, AttributeError) as fault:
        raise BadSource(release.path(folder), str(fault)) from fault


def named_upstream(package: str) -> set[str]:
    """Return the ids of a package that the curated file names."""
    return {model.ids[package] for model in read_model_rules(UPSTREAM).values() if package in model.ids}


def _only(state: State, keys: set[str]) -> State:
    return {key: found for key, found in state.items() if key in keys}


def arguments_of(arguments: list[str]) -> argparse.Namespace:
    """Return the parsed command line; see the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("fetch", "check", "write"):
        commands.add_parser(name)
    new = commands.add_parser("pin")
    new.add_argument("package", choices=MEMBERS)
    new.add_argument("version")
    new.add_argument("day", type=date.fromisoformat)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status."""
    chosen = arguments_of(arguments)
    if chosen.command == "pin":
        print(entry(pin(chosen.package, chosen.version, chosen.day)))
        return 0
    if chosen.command == "fetch":
        for release in (release for releases in read_releases(PINS).values() for release in releases):
            fetch(CACHE, release)
        return 0
    files = texts(CACHE)
    if chosen.command == "check":
        stale = [path for path, content in files.items() if path.read_text(encoding="utf-8") != content]
        print("\n".join(f"{path} is not what the releases give" for path in stale) or "the histories are up to date")
        return 1 if stale else 0
    for path, content in files.items():
        path.write_text(content, encoding="utf-8")
        print(f"{path.name}: {content.count(chr(10))} changes, {len(content.encode()):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

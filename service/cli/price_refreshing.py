"""One refresh of the book in use: from the sources to a file that is replaced atomically."""

import fcntl
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pricing_data import BadSource, OlderSource, PriceBook
from pricing_data.book.file import book_text, write
from pricing_data.book.lines import SourceVersion
from pricing_data.book.overrides import PricesFile, read_prices_file
from pricing_data.data import DATA
from pricing_data.errors import SourcesMissing
from pricing_data.refresh.evidence import CuratedFacts
from pricing_data.refresh.model_rules import PACKAGES, ModelRule, PinnedSources, read_model_rules
from pricing_data.refresh.naming.authors import read_authors
from pricing_data.refresh.naming.hosts import Host, with_hosts
from pricing_data.refresh.next_book import RefreshInputs, RefreshResult, refresh
from pricing_data.refresh.review_queue import read_review_queue, review_queue_text
from pricing_data.refresh.source_snapshot import SourceSnapshot
from pricing_data.refresh.sources.locate import find_installed, pin_wheel, read_source, version_key
from pricing_data.refresh.sources.package_file import PinnedPackage
from service.tokens.price_book import notes_path

DOWNLOAD_TIMEOUT_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Located:
    """A source, and the folder in which it lies."""

    folder: Path
    pin: PinnedPackage


def locate(wheels: Sequence[Path]) -> dict[str, Located]:
    """Each source by package: a named wheel, else what is installed. Raises SourcesMissing, BadSource."""
    found = {pin.package: Located(path.parent, pin) for path in wheels for pin in [pin_wheel(path)]}
    for package in PACKAGES:
        installed = None if package in found else find_installed(package)
        if installed:
            found[package] = Located(*installed)
    missing = [package for package in PACKAGES if package not in found]
    if missing:
        raise SourcesMissing(
            f"A refresh compares {', '.join(PACKAGES)}; {', '.join(missing)} is not at hand. "
            "Name their wheels with --wheel, or let pip fetch them with --download."
        )
    return found


def download(folder: Path, pins: PinnedSources | None, say: Callable[[str], None]) -> list[Path]:
    """The wheels of all sources, fetched by pip: those of `pins`, else the newest. Raises SourcesMissing, BadSource.

    A pinned wheel with another sha256 than the recorded one is refused.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wheels: list[Path] = []
    for package in PACKAGES:
        pin = pins.packages[package] if pins else None
        wanted = f"{package}=={pin.version}" if pin else package
        say(f"downloading {wanted}")
        wheel = _fetched(folder / package, wanted)
        if pin and (found := pin_wheel(wheel)).sha256 != pin.sha256:
            raise BadSource(wheel, f"its sha256 is {found.sha256}, not the recorded {pin.sha256}")
        wheels.append(wheel)
    return wheels


def readings(located: dict[str, Located]) -> dict[str, SourceSnapshot]:
    """What each source says. Raises BadSource."""
    return {package: read_source(source.folder, source.pin) for package, source in located.items()}


def _fetched(folder: Path, wanted: str) -> Path:
    options = ["--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--no-input", "--quiet"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), wanted]
    try:
        done = subprocess.run(  # noqa: S603  our own interpreter, with fixed arguments
            command, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise SourcesMissing(f"pip did not fetch {wanted} within {DOWNLOAD_TIMEOUT_SECONDS} s.") from None
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        lines = done.stderr.strip().splitlines()
        raise SourcesMissing(f"pip cannot fetch {wanted}: {lines[-1] if lines else 'it says nothing'}")
    return wheels[-1]


UPSTREAM, OVERRIDES, PINS = DATA / "upstream.toml", DATA / "overrides.toml", DATA / "sources.toml"


@dataclass(frozen=True, slots=True)
class Plan:
    """A refresh that has been worked out and not yet written."""

    done: RefreshResult
    text: str
    before: PriceBook
    upstreams: dict[str, ModelRule]


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
    found: dict[str, SourceSnapshot] = readings(sources)
    upstreams = with_hosts(read_model_rules(UPSTREAM), hosts, read_authors(), found)
    cited = read_prices_file(OVERRIDES).joined(PricesFile((), own.corrections, own.allowed))
    notes = read_review_queue(notes_path(path))
    done = refresh(book.rows, RefreshInputs(upstreams, cited, found, notes, today, CuratedFacts.packaged()))
    return Plan(done, book_text(done.rows, today, snapshots(sources)), book, upstreams)


def write_book(plan: Plan, path: Path) -> None:
    """Write the new book, then its notes. A book older than the packaged one is kept under its version."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and PriceBook.from_file(path).version != plan.before.version:
        path.replace(path.with_name(f"prices-{PriceBook.from_file(path).version}.jsonl"))
    write(path, plan.text)
    write(notes_path(path), review_queue_text(plan.done.notes))


def refuse_older(book: PriceBook, sources: dict[str, Located]) -> None:
    """Raise OlderSource for a source older than that of the last refresh: it would undo changes."""
    for stored in book.source_versions:
        pin = sources[stored.package].pin
        if version_key(pin.version) < version_key(stored.version):
            raise OlderSource(pin.package, pin.version, stored.version)


def snapshots(sources: dict[str, Located]) -> list[SourceVersion]:
    """Return the sources as the book's closing line states them."""
    pins = (source.pin for _, source in sorted(sources.items()))
    return [SourceVersion(pin.package, pin.version, pin.sha256) for pin in pins]

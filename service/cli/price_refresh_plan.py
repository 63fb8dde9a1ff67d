"""One refresh of the price book: find or download the sources, plan the changes, replace the book atomically."""

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

UPSTREAM, OVERRIDES, PINS = DATA / "upstream.toml", DATA / "overrides.toml", DATA / "sources.toml"
DOWNLOAD_TIMEOUT_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Located:
    """A source package, and the folder that holds it."""

    folder: Path
    pin: PinnedPackage


def locate(wheels: Sequence[Path]) -> dict[str, Located]:
    """Return each source by package: a named wheel, else the installed package. Raise SourcesMissing, BadSource."""
    found = {pin.package: Located(path.parent, pin) for path in wheels for pin in [pin_wheel(path)]}
    for package in PACKAGES:
        installed = None if package in found else find_installed(package)
        if installed:
            found[package] = Located(*installed)
    missing = [package for package in PACKAGES if package not in found]
    if missing:
        raise SourcesMissing(
            f"Missing source packages: {', '.join(missing)}. "
            "Name their wheels with --wheel, or download them with --download."
        )
    return found


def download(folder: Path, pins: PinnedSources | None, say: Callable[[str], None]) -> list[Path]:
    """Download the wheels of all sources with pip: the versions of `pins`, else the newest.

    Raise SourcesMissing if pip fails, BadSource for a wheel whose sha256 is not the pinned one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wheels: list[Path] = []
    for package in PACKAGES:
        pin = pins.packages[package] if pins else None
        wanted = f"{package}=={pin.version}" if pin else package
        say(f"downloading {wanted}")
        wheel = _download_wheel(folder / package, wanted)
        if pin and (found := pin_wheel(wheel)).sha256 != pin.sha256:
            raise BadSource(wheel, f"its sha256 is {found.sha256}, not the recorded {pin.sha256}")
        wheels.append(wheel)
    return wheels


def readings(located: dict[str, Located]) -> dict[str, SourceSnapshot]:
    """Return what each source states, by package. Raise BadSource."""
    return {package: read_source(source.folder, source.pin) for package, source in located.items()}


def _download_wheel(folder: Path, wanted: str) -> Path:
    """Return the wheel of a requirement such as `litellm==1.2`, downloaded into the folder. Raise SourcesMissing."""
    options = ["--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--no-input", "--quiet"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), wanted]
    try:
        done = subprocess.run(  # noqa: S603  our own interpreter, with fixed arguments
            command, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise SourcesMissing(f"pip did not download {wanted} within {DOWNLOAD_TIMEOUT_SECONDS} s.") from None
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        lines = done.stderr.strip().splitlines()
        raise SourcesMissing(f"pip cannot download {wanted}: {lines[-1] if lines else 'no reason given'}")
    return wheels[-1]


@dataclass(frozen=True, slots=True)
class RefreshPlan:
    """A refresh that is not written yet: `text` is the new file, `before` the book that it replaces."""

    done: RefreshResult
    text: str
    before: PriceBook
    upstreams: dict[str, ModelRule]


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock of the book at `path` during the block: a second refresh starts from what the first wrote."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.with_name(".refresh.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def plan_refresh(
    book: PriceBook,
    path: Path,
    sources: dict[str, Located],
    hosts: Sequence[Host],
    own: PricesFile,
    today: date,
) -> RefreshPlan:
    """Return what a refresh would append to the book at `path`. Raise PricingError.

    Of the operator's own file, corrections and allowed changes are used. Its overrides are not: they are applied
    whenever a book is read.
    """
    refuse_older(book, sources)
    found: dict[str, SourceSnapshot] = readings(sources)
    upstreams = with_hosts(read_model_rules(UPSTREAM), hosts, read_authors(), found)
    cited = read_prices_file(OVERRIDES).joined(PricesFile((), own.corrections, own.allowed))
    notes = read_review_queue(notes_path(path))
    done = refresh(book.rows, RefreshInputs(upstreams, cited, found, notes, today, CuratedFacts.packaged()))
    return RefreshPlan(done, book_text(done.rows, today, snapshots(sources)), book, upstreams)


def write_book(plan: RefreshPlan, path: Path) -> None:
    """Write the new book, then its notes. An older book that the packaged one superseded is kept under its version."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and PriceBook.from_file(path).version != plan.before.version:
        path.replace(path.with_name(f"prices-{PriceBook.from_file(path).version}.jsonl"))
    write(path, plan.text)
    write(notes_path(path), review_queue_text(plan.done.notes))


def refuse_older(book: PriceBook, sources: dict[str, Located]) -> None:
    """Raise OlderSource if a source is older than in the last refresh: it would undo changes."""
    for stored in book.source_versions:
        pin = sources[stored.package].pin
        if version_key(pin.version) < version_key(stored.version):
            raise OlderSource(pin.package, pin.version, stored.version)


def snapshots(sources: dict[str, Located]) -> list[SourceVersion]:
    """Return the sources as the last line of the book states them."""
    pins = (source.pin for _, source in sorted(sources.items()))
    return [SourceVersion(pin.package, pin.version, pin.sha256) for pin in pins]

"""One refresh of the price book: find or download the sources, plan the changes, replace the book atomically."""

import fcntl
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pricing_data
from pricing_data import BadSource, OlderSource, PriceBook
from pricing_data.book_file import Snapshot, text_of, write
from pricing_data.curation import PACKAGES, Pins, Upstream, read_upstream
from pricing_data.errors import SourcesMissing
from pricing_data.known_facts import KnownFacts
from pricing_data.naming.authors import read_authors
from pricing_data.naming.hosts import Host, with_hosts
from pricing_data.notes import notes_text, read_notes
from pricing_data.offers import Reading
from pricing_data.overrides import PricesFile, read_prices_file
from pricing_data.refresh import Inputs, Refresh, refresh
from pricing_data.sources.locate import find_installed, pin_wheel, read_source, version_key
from pricing_data.sources.package_file import Pin
from service.tokens.price_book import notes_path

DATA = Path(pricing_data.__file__).parent
UPSTREAM, OVERRIDES, PINS = DATA / "upstream.toml", DATA / "overrides.toml", DATA / "sources.toml"
DOWNLOAD_TIMEOUT_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Located:
    """A source package, and the folder that holds it."""

    folder: Path
    pin: Pin


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


def download(folder: Path, pins: Pins | None, say: Callable[[str], None]) -> list[Path]:
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


def readings(located: dict[str, Located]) -> dict[str, Reading]:
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

    done: Refresh
    text: str
    before: PriceBook
    upstreams: dict[str, Upstream]


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
    found: dict[str, Reading] = readings(sources)
    upstreams = with_hosts(read_upstream(UPSTREAM), hosts, read_authors(), found)
    cited = read_prices_file(OVERRIDES).joined(PricesFile((), own.corrections, own.allowed))
    notes = read_notes(notes_path(path))
    done = refresh(book.rows, Inputs(upstreams, cited, found, notes, today, KnownFacts.packaged()))
    return RefreshPlan(done, text_of(done.rows, today, snapshots(sources)), book, upstreams)


def write_book(plan: RefreshPlan, path: Path) -> None:
    """Write the new book, then its notes. An older book that the packaged one superseded is kept under its version."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and PriceBook.from_file(path).version != plan.before.version:
        path.replace(path.with_name(f"prices-{PriceBook.from_file(path).version}.jsonl"))
    write(path, plan.text)
    write(notes_path(path), notes_text(plan.done.notes))


def refuse_older(book: PriceBook, sources: dict[str, Located]) -> None:
    """Raise OlderSource if a source is older than in the last refresh: it would undo changes."""
    for stored in book.snapshots:
        pin = sources[stored.package].pin
        if version_key(pin.version) < version_key(stored.version):
            raise OlderSource(pin.package, pin.version, stored.version)


def snapshots(sources: dict[str, Located]) -> list[Snapshot]:
    """Return the sources as the last line of the book states them."""
    pins = (source.pin for _, source in sorted(sources.items()))
    return [Snapshot(pin.package, pin.version, pin.sha256) for pin in pins]

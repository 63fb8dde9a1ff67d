"""The three price sources for a refresh: named wheels, downloads through pip, or what is installed."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pricing_data import BadSource
from pricing_data.errors import SourcesMissing
from pricing_data.refresh.model_rules import PACKAGES, PinnedSources
from pricing_data.refresh.source_snapshot import SourceSnapshot
from pricing_data.refresh.sources.locate import find_installed, pin_wheel, read_source
from pricing_data.refresh.sources.package_file import PinnedPackage

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

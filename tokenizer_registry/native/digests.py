"""Digests of contents and of files, by which is known what was built from what."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def digest(content: bytes | memoryview) -> str:
    """Return the sha256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def digest_of(paths: Iterable[Path]) -> str:
    """Return one digest of the names and contents of files. Raise OSError."""
    lines = (f"{path.name} {digest(path.read_bytes())}\n" for path in paths)
    return digest("".join(lines).encode())

"""Files for their owner alone (mode 0600), written whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def private_files() -> Iterator[None]:
    """For the time of the block, this process and those that it starts make files for their owner alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def write_if_absent(path: Path, text: str) -> bool:
    """Write a new file. False, and nothing changed, if there is one; of several writers one wins."""
    with _written(path, text) as temporary:
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
    _sync_folder(path.parent)
    return True


def write(path: Path, text: str) -> None:
    """Write a file, in place of the one that is there, if any."""
    with _written(path, text) as temporary:
        temporary.replace(path)
    _sync_folder(path.parent)


@contextmanager
def _written(path: Path, text: str) -> Iterator[Path]:
    """A temporary file beside `path` that holds the text on disk; gone afterwards."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a new name in a folder survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

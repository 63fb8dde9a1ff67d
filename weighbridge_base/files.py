"""Atomic file replacement: a reader sees the old file or the new one, never a part of either.

The new content is written to a temporary file in the same folder, which is then renamed. If writing fails, for
instance because the disk is full, the temporary file is removed and the old file stays as it was.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

# The mode of files that only their owner may read, such as secrets.
OWNER_ONLY = 0o600


@contextmanager
def replacing(path: Path, *, mode: int | None = None, durable: bool = False) -> Iterator[BinaryIO]:
    """Yield a binary file that replaces `path` when the block succeeds. Raise OSError.

    `mode` is the mode of the new file whatever the umask; by default the umask decides. `durable` makes the new
    content survive a power loss. It costs two flushes to disk, so use it for what cannot be made again.
    """
    temporary = _beside(path)
    try:
        with _create(temporary, mode) as file:
            yield file
            _flush(file, durable)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if durable:
        _sync_folder(path.parent)


def replace_file(path: Path, content: bytes, *, mode: int | None = None, durable: bool = False) -> None:
    """Write `content` to `path` in place of the file that is there, if any. Raise OSError.

    `mode` and `durable` are those of `replacing`.
    """
    with replacing(path, mode=mode, durable=durable) as file:
        file.write(content)


def create_file(path: Path, content: bytes, *, mode: int | None = None) -> bool:
    """Write `content` to a new file that survives a power loss. Raise OSError.

    Return False, and change nothing, if `path` exists already. Of several processes exactly one creates it.
    """
    temporary = _beside(path)
    try:
        with _create(temporary, mode) as file:
            file.write(content)
            _flush(file, durable=True)
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)
    return True


@contextmanager
def owner_only_files() -> Iterator[None]:
    """Set the umask of this process to 077 for the block, so that new files belong to their owner alone.

    Processes that are started within the block inherit it.
    """
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _beside(path: Path) -> Path:
    """Return a hidden path in the folder of `path` that no other process or thread uses."""
    return path.with_name(f".{path.name}.{os.urandom(6).hex()}")


def _create(path: Path, mode: int | None) -> BinaryIO:
    """Open a new file for writing. With `mode` nobody else can read it before the mode is set."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666 if mode is None else OWNER_ONLY)
    file = os.fdopen(handle, "wb")
    if mode is not None:
        os.fchmod(handle, mode)
    return file


def _flush(file: BinaryIO, durable: bool) -> None:
    file.flush()
    if durable:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make a new name in a folder survive a power loss."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""A real file system of a few megabytes that a test can fill, free and make read-only."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MEBIBYTE = 1 << 20


class SmallDisk:
    """A mounted file system; `folder` is where."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    @property
    def free_bytes(self) -> int:
        """What can still be written."""
        system = os.statvfs(self.folder)
        return system.f_bavail * system.f_frsize

    def fill(self) -> None:
        """Write a file until nothing more fits, however often it is called."""
        with self._filler.open("ab", buffering=0) as file:
            for size_bytes in (65_536, 4_096, 512, 1):
                try:
                    while True:
                        file.write(b"\0" * size_bytes)
                except OSError:
                    continue

    def free(self) -> None:
        """Remove what `fill` wrote."""
        self._filler.unlink(missing_ok=True)

    def remount(self, options: str) -> None:
        """Mount it anew with such options, as in `ro`."""
        subprocess.run(["mount", "-o", f"remount,{options}", self.folder], check=True, capture_output=True)


@contextmanager
def small_disk(folder: Path, size_bytes: int = 6 * MEBIBYTE) -> Iterator[SmallDisk]:
    """A tmpfs at `folder` for the time of the block. Skips the test, with the reason, where none can be mounted."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=700", "weighbridge-test", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", folder], check=True)

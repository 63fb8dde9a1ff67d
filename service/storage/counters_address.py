"""Where the embedded store of a running service is, for commands in other processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.storage import files as private_file

FILE_NAME = "counters-url"


@contextmanager
def published(data_dir: Path, url: str) -> Iterator[None]:
    """For the time of the block, other processes find the URL in the data folder."""
    path = data_dir / FILE_NAME
    private_file.write(path, url + "\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def find(data_dir: Path) -> str | None:
    """The URL that a running service published, if one does. A service that was killed leaves it behind."""
    path = data_dir / FILE_NAME
    return path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else None

"""Where the embedded store of a running service is, for commands in other processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from weighbridge_base.files import OWNER_ONLY, replace_file

FILE_NAME = "counters-url"


@contextmanager
def published(data_dir: Path, url: str) -> Iterator[None]:
    """For the time of the block, other processes find the URL in the data folder."""
    path = data_dir / FILE_NAME
    replace_file(path, f"{url}\n".encode(), mode=OWNER_ONLY, durable=True)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def find(data_dir: Path) -> str | None:
    """The URL that a running service published, if one does. A service that was killed leaves it behind."""
    path = data_dir / FILE_NAME
    return path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else None

"""The data folder: everything that the service stores locally, readable and writable by its owner only."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from platformdirs import user_data_path

DATABASE_FILE: Final = "weighbridge.db"
PEPPER_FILE: Final = "pepper"
# The data folder of `make serve`, and of all commands of earlier versions.
HERE: Final = Path("data")
OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
# What the service and its commands write there, and what a newly formatted volume contains.
NAMES: Final = frozenset(
    ("counters-url", "demo-key", "estimates", "lost+found", "metrics", "pepper", "prices", "valkey", "vocabularies")
)
# A database with its log, and temporary files of atomic writes.
PREFIXES: Final = ("weighbridge.db", ".counters-url.", ".demo-key.", ".pepper.")
SECRET_NAMES: Final = ("counters-url", "demo-key", "metrics", "pepper", "valkey")


class DataFolderUnusable(Exception):
    """Raised if the data folder cannot be created, written or made private. The message is one sentence."""


def default() -> Path:
    """Return the user's data folder of the platform, or `./data` if that has a database or a pepper already.

    `./data` is for upgraded services and for commands in a checkout: with another pepper or an empty database every
    key would be refused.
    """
    has_data = any(os.path.lexists(HERE / name) for name in (DATABASE_FILE, PEPPER_FILE))
    return HERE if has_data else user_data_path("weighbridge", appauthor=False)


def prepare(folder: Path, report: Callable[[str], None] = lambda _: None) -> Path:
    """Return the absolute folder, created if it is missing, with mode 0700.

    `report` gets a sentence if other users had access to it. Raise DataFolderUnusable.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(None, "it is not writable")
        mode = stat.S_IMODE(folder.stat().st_mode)
    except OSError as error:
        raise DataFolderUnusable(
            f"Cannot use the data folder {folder}: {error.strerror}. "
            "Choose another with --data-dir or WEIGHBRIDGE_DATA_DIR."
        ) from None
    if mode & OTHERS:
        _make_private(folder, mode)
        report(f"The data folder {folder} was open to others (mode {mode:04o}); its mode is now 0700.")
    for path in _secrets_in(folder):
        with suppress(OSError):  # the folder itself is private already
            tighten(path)
    return folder.resolve()


def tighten(path: Path) -> bool:
    """Remove the access of other users to a file or folder. Return whether they had any. Raise OSError."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & OTHERS:
        return False
    path.chmod(mode & ~OTHERS)
    return True


def _make_private(folder: Path, mode: int) -> None:
    """Set the mode of the folder to 0700, unless it holds foreign files: other programs may share it."""
    try:
        foreign = next((name for name in sorted(path.name for path in folder.iterdir()) if not _is_ours(name)), None)
        if foreign is not None:
            raise PermissionError(None, f"it holds other files, such as {foreign}")
        folder.chmod(0o700)
        if folder.stat().st_mode & OTHERS:
            raise PermissionError(None, "its file system keeps no modes")
    except OSError as error:
        raise DataFolderUnusable(
            f"Cannot use the data folder {folder}: it is open to others (mode {mode:04o}), and that cannot be changed "
            f"({error.strerror}). Run `chmod 700` on it, or choose another with --data-dir or WEIGHBRIDGE_DATA_DIR."
        ) from None


def _is_ours(name: str) -> bool:
    return name in NAMES or name.startswith(PREFIXES)


def _secrets_in(folder: Path) -> Iterator[Path]:
    """Yield the files and folders that may hold keys, the pepper or usage of accounts; links are not followed."""
    for name in SECRET_NAMES:
        path = folder / name
        if path.is_symlink() or not path.exists():
            continue
        yield path
        for inner, folders, files in os.walk(path):
            yield from (Path(inner, one) for one in (*folders, *files) if not Path(inner, one).is_symlink())

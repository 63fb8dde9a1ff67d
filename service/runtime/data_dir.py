"""The folder of everything that the service keeps by itself: for its owner alone, with all that is in it."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from platformdirs import user_data_path

DATABASE_FILE: Final = "weighbridge.db"
PEPPER_FILE: Final = "pepper"
# Where `make serve` keeps its data, and where all commands of earlier versions did.
HERE: Final = Path("data")
OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
# What the service and its commands put there, and what a new volume may bring along.
NAMES: Final = frozenset(
    ("counters-url", "demo-key", "estimates", "lost+found", "metrics", "pepper", "prices", "valkey", "vocabularies")
)
# A database with its log, and files that are being written.
PREFIXES: Final = ("weighbridge.db", ".counters-url.", ".demo-key.", ".pepper.")
SECRET_NAMES: Final = ("counters-url", "demo-key", "metrics", "pepper", "valkey")


class DataFolderUnusable(Exception):
    """The data folder cannot be made, written or kept from others. The message is one sentence for a person."""


def default() -> Path:
    """Return the platform's data folder of the user, or `./data` if that has accounts or a pepper already.

    An upgraded service, and commands in a checkout that serves, find what is there: with another pepper or an empty
    database every key would be refused.
    """
    has_data = any(os.path.lexists(HERE / name) for name in (DATABASE_FILE, PEPPER_FILE))
    return HERE if has_data else user_data_path("weighbridge", appauthor=False)


def prepare(folder: Path, report: Callable[[str], None] = lambda _: None) -> Path:
    """Return the folder, made if need be, and kept from others; `report` gets a sentence if they could read it.

    Raise DataFolderUnusable.
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
        _keep_from_others(folder, mode)
        report(f"The data folder {folder} was open to others (mode {mode:04o}); its mode is now 0700.")
    for path in _secrets_in(folder):
        with suppress(OSError):  # no other user comes into the folder
            tighten(path)
    return folder.resolve()


def tighten(path: Path) -> bool:
    """Take all rights of others from a file or folder; return whether they had any. Raise OSError if it is not ours."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & OTHERS:
        return False
    path.chmod(mode & ~OTHERS)
    return True


def _keep_from_others(folder: Path, mode: int) -> None:
    """Change a folder that is the service's own: other programs would lose one that they share."""
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
    """Every file and folder in which keys, the pepper or numbers of accounts may be, without what links lead to."""
    for name in SECRET_NAMES:
        path = folder / name
        if path.is_symlink() or not path.exists():
            continue
        yield path
        for inner, folders, files in os.walk(path):
            yield from (Path(inner, one) for one in (*folders, *files) if not Path(inner, one).is_symlink())

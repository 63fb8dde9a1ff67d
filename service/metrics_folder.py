"""The folder in which the worker processes of a server keep their numbers for each other.

It lies in the data folder and is locked as long as one of the processes lives; the next server to start removes
what a killed one left behind.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prometheus_client import values
from prometheus_client.multiprocess import mark_process_dead

from service import settings

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
PARENT_NAME = "metrics"
LOCK_NAME = "lock"


@contextmanager
def shared_between_processes(data_dir: Path) -> Iterator[tuple[Path, Callable[[int], None]]]:
    """A new folder, for `Metrics` of this process and those forked in the block; and what to call when one has ended.

    The library can be told of its folder by the environment alone, and decides at its import whether it shares:
    so it is told anew.
    """
    with _own_folder(data_dir / PARENT_NAME) as folder:
        settings.hand_on(FOLDER_VARIABLE, str(folder))
        alone = values.ValueClass
        values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]  # the library leaves it so
        try:
            yield folder, lambda process_id: mark_process_dead(process_id, str(folder))  # type: ignore[no-untyped-call]
        finally:
            values.ValueClass = alone


@contextmanager
def _own_folder(parent: Path) -> Iterator[Path]:
    """A new folder whose lock this process and those that it forks hold."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(parent / LOCK_NAME):
        for folder in filter(Path.is_dir, parent.iterdir()):
            _remove_if_left_behind(folder)
        folder = Path(tempfile.mkdtemp(dir=parent))
        held = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(held, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """For the time of the block nobody else has the lock; waits for it."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _remove_if_left_behind(folder: Path) -> None:
    with suppress(BlockingIOError), (folder / LOCK_NAME).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)

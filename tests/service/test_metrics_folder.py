"""The folder that workers share, and what becomes of it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from service.metrics_folder import FOLDER_VARIABLE, LOCK_NAME, PARENT_NAME, shared_between_processes

HOLDER = (
    "import sys, time; from pathlib import Path; from service.metrics_folder import shared_between_processes\n"
    "with shared_between_processes(Path(sys.argv[1])) as (folder, _):\n"
    "    print(folder, flush=True)\n"
    "    time.sleep(60)\n"
)


@pytest.fixture(autouse=True)
def _own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set for the processes of a server is not left to the servers of other tests."""
    monkeypatch.setenv(FOLDER_VARIABLE, "")
    monkeypatch.delenv(FOLDER_VARIABLE)


def held_by_another(data_dir: Path) -> tuple["subprocess.Popen[str]", Path]:
    """A process that has a folder, and the folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(data_dir)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_a_killed_server_leaves_nothing_for_long(tmp_path: Path) -> None:
    """The folder of a process that was killed is gone once the next has started, that of a living one stays."""
    killed, left = held_by_another(tmp_path)
    living, kept = held_by_another(tmp_path)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    with shared_between_processes(tmp_path) as (own, _):
        assert sorted(path for path in (tmp_path / PARENT_NAME).iterdir() if path.is_dir()) == sorted([own, kept])
        assert not left.exists()
    living.kill()
    living.communicate()


def test_a_folder_is_removed_at_the_end(tmp_path: Path) -> None:
    """A server that stops in good order leaves no folder behind."""
    with shared_between_processes(tmp_path) as (folder, _):
        assert folder.is_dir()
    assert [path.name for path in (tmp_path / PARENT_NAME).iterdir()] == [LOCK_NAME]

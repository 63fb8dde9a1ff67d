"""What the service keeps is for its owner alone; a pepper or a database that is not whole is one sentence."""

import os
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli.main import main
from tests.end_to_end.server import COMMAND, running
from tests.end_to_end.test_start_and_stop import failed_start


@pytest.fixture
def usual_umask() -> Iterator[None]:
    """As most systems have it."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """The files, folders and sockets that others have any right to."""
    return [str(path) for path in (folder, *folder.rglob("*")) if stat.S_IMODE(path.lstat().st_mode) & 0o077]


def command(folder: Path, *arguments: str) -> tuple[int, str]:
    """The exit status and the errors of a command on this data folder."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WEIGHBRIDGE_")}
    done = CliRunner().invoke(main, arguments, env={**environ, "WEIGHBRIDGE_DATA_DIR": str(folder)})
    return done.exit_code, done.stderr


def test_every_file_of_a_service_is_private(tmp_path: Path, usual_umask: None) -> None:
    """Database, its log, counters, socket, pepper, demo key and numbers, while it runs and after, new and old."""
    folder = tmp_path / "data"
    folder.mkdir(0o755)
    with running(folder, None, "--workers", "2") as server:
        assert open_to_others(folder) == []
        for path in folder.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        folder.chmod(0o755)
        server.stop(signal.SIGKILL)
    with running(folder) as server:
        assert open_to_others(folder) == []
        assert f"The data folder {folder} was open to others (mode 0755); its mode is now 0700.\n" in server.text
    assert open_to_others(folder) == []


def test_a_database_made_by_a_command_is_private(tmp_path: Path, usual_umask: None) -> None:
    """The first key is made before the first start."""
    assert command(tmp_path / "data", "keys", "create", "--account", "a")[0] == 0
    assert open_to_others(tmp_path / "data") == []


PEPPERS: dict[str, Callable[[Path], object]] = {
    "binary": lambda path: path.write_bytes(bytes(range(256))),
    "invalid UTF-8": lambda path: path.write_bytes(b"\xff\xfe\x00"),
    "NUL": lambda path: path.write_bytes(b"\x00" * 44),
    "empty": lambda path: path.write_bytes(b""),
    "not base64": lambda path: path.write_text("pepper and salt"),
    "folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("write", PEPPERS.values(), ids=PEPPERS)
def test_a_pepper_that_cannot_be_read_is_one_sentence(tmp_path: Path, write: Callable[[Path], object]) -> None:
    """By `serve` and by commands, without a traceback, and what is there is not replaced."""
    assert command(tmp_path, "keys", "create", "--account", "a")[0] == 0
    (tmp_path / "pepper").unlink()
    write(tmp_path / "pepper")
    status, said = command(tmp_path, "keys", "create", "--account", "a")
    assert status == 1
    assert said.startswith(f"Error: Cannot read a pepper from {tmp_path}/pepper: ")
    assert len(said.strip().splitlines()) == 1


def test_serve_with_a_binary_pepper(tmp_path: Path) -> None:
    """The same at a start."""
    (tmp_path / "pepper").write_bytes(bytes(range(256)))
    assert command(tmp_path, "db", "create")[0] == 0
    said = failed_start({"WEIGHBRIDGE_DATA_DIR": str(tmp_path)}, "--port", "0")
    assert said.startswith(f"Error: Cannot read a pepper from {tmp_path}/pepper: it is not text.")


@pytest.fixture
def with_a_key(tmp_path: Path) -> Path:
    """A data folder in which a key was stored."""
    folder = tmp_path / "data"
    assert command(folder, "keys", "create", "--account", "a")[0] == 0
    return folder


def lose(folder: Path) -> None:
    """The database is gone: a volume that was not mounted."""
    for path in folder.glob("weighbridge.db*"):
        path.unlink()


def empty(folder: Path) -> None:
    """There is a file, and nothing in it."""
    lose(folder)
    (folder / "weighbridge.db").touch()


@pytest.mark.parametrize("how", [lose, empty])
def test_an_empty_database_beside_a_pepper_is_refused(with_a_key: Path, how: Callable[[Path], None]) -> None:
    """No start, command or upgrade begins anew in silence; whoever means it says `db create`."""
    how(with_a_key)
    database = with_a_key / "weighbridge.db"
    sentence = f"Error: The database sqlite:///{database} is empty, but there is a pepper in {with_a_key}/pepper"
    assert failed_start({"WEIGHBRIDGE_DATA_DIR": str(with_a_key)}, "--port", "0").startswith(sentence)
    for arguments in (["keys", "list"], ["db", "upgrade"], ["users", "list"]):
        status, said = command(with_a_key, *arguments)
        assert (status, said.startswith(sentence), len(said.splitlines())) == (1, True, 1), said
    assert command(with_a_key, "db", "create")[0] == 0
    assert command(with_a_key, "keys", "list")[0] == 0
    status, said = command(with_a_key, "db", "create")
    assert (status, said) == (1, f"Error: The database sqlite:///{database} is not empty. Nothing was changed.\n")


def test_a_first_start_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    """Killed at any moment of its first start, a service leaves a folder on which the next one starts."""
    folder = tmp_path / "data"
    for milliseconds in (*range(150, 900, 150), None):
        environ = {**os.environ, "WEIGHBRIDGE_DATA_DIR": str(folder), "WEIGHBRIDGE_PRELOAD_VOCABULARIES": "false"}
        with running(folder) if milliseconds is None else killed_after(environ, milliseconds / 1000):
            pass
        if milliseconds is not None and milliseconds % 300 == 0:
            shutil.rmtree(folder, ignore_errors=True)


def killed_after(environ: dict[str, str], seconds: float) -> "subprocess.Popen[bytes]":
    """A start that is killed."""
    begun = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0"], env=environ, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        begun.wait(seconds)
    except subprocess.TimeoutExpired:
        begun.kill()
    return begun


def test_a_pepper_of_the_settings_needs_no_old_database(with_a_key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the file in the folder says that keys were stored here."""
    lose(with_a_key)
    monkeypatch.setenv("WEIGHBRIDGE_PEPPER", (with_a_key / "pepper").read_text().strip())
    done = CliRunner().invoke(main, ["keys", "list"], env={"WEIGHBRIDGE_DATA_DIR": str(with_a_key), **os.environ})
    assert done.exit_code == 0

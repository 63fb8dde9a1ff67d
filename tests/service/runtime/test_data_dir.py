"""The data folder, with all that is in it, is private to its owner."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli.main import main
from service.runtime.data_dir import DataFolderUnusable, prepare
from service.runtime.settings_loading import load

NOBODY = 65534


def mode_of(path: Path) -> int:
    """Return the permission bits of a path."""
    return stat.S_IMODE(path.stat().st_mode)


def refusal(folder: Path) -> str:
    """Return the sentence with which a folder is refused."""
    with pytest.raises(DataFolderUnusable) as raised:
        prepare(folder)
    return str(raised.value)


def as_nobody(work: Callable[[], str]) -> str:
    """Return what `work` returns in a process of the user `nobody`."""
    if os.geteuid():
        pytest.skip("only root can become another user")
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(writer, work().encode())
        except BaseException as error:
            os.write(writer, repr(error).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as said:
        return said.read()


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o777, 0o701])
def test_a_folder_that_is_open_to_others_is_closed(tmp_path: Path, mode: int) -> None:
    """The folder and the secrets in it are made private, and one sentence says so, once."""
    folder, reports = tmp_path / "data", list[str]()
    (folder / "valkey" / "appendonlydir").mkdir(parents=True)
    (folder / "metrics").mkdir()
    files = [folder / name for name in ("pepper", "demo-key", "valkey/appendonlydir/a.aof", "metrics/lock")]
    for path in files:
        path.write_text("secret")
        path.chmod(0o644)
    folder.chmod(mode)
    assert prepare(folder, reports.append) == folder
    assert reports == [f"The data folder {folder} was open to others (mode {mode:04o}); its mode is now 0700."]
    assert {mode_of(path) for path in files} == {0o600}
    assert {mode_of(path) for path in (folder, *folder.rglob("*")) if path.is_dir()} == {0o700}
    prepare(folder, reports.append)
    assert len(reports) == 1


def test_a_new_folder_is_closed(tmp_path: Path) -> None:
    """A new folder is private, whatever the process's umask."""
    before = os.umask(0o022)
    try:
        assert mode_of(prepare(tmp_path / "new" / "data")) == 0o700
    finally:
        os.umask(before)


def test_a_folder_that_others_share_is_refused(tmp_path: Path) -> None:
    """A folder such as /var/lib or a home folder, named by mistake, is refused and not changed."""
    (tmp_path / "photo.jpg").write_text("")
    (tmp_path / "pepper").write_text("")
    tmp_path.chmod(0o755)
    said = refusal(tmp_path)
    assert said.startswith(f"Cannot use the data folder {tmp_path}: it is open to others (mode 0755), and that cannot")
    assert "(it holds other files, such as photo.jpg). Run `chmod 700`" in said
    assert mode_of(tmp_path) == 0o755
    tmp_path.chmod(0o700)
    assert prepare(tmp_path) == tmp_path


def test_a_folder_of_another_user_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A folder that belongs to another user is refused with one sentence, because it cannot be made private."""
    folder = Path("/tmp") / f"weighbridge-test-{os.getpid()}"  # others cannot enter that of pytest
    folder.mkdir()
    folder.chmod(0o777)
    try:
        said = as_nobody(lambda: refusal(folder))
        assert "it is open to others (mode 0777), and that cannot be changed (Operation not permitted)." in said
        assert len(said.splitlines()) == 1
    finally:
        folder.rmdir()


def test_links_are_left_alone(tmp_path: Path) -> None:
    """A pepper that is mounted from elsewhere keeps its permissions."""
    folder, elsewhere = tmp_path / "data", tmp_path / "secret"
    elsewhere.write_text("pepper")
    elsewhere.chmod(0o644)
    folder.mkdir(0o700)
    (folder / "pepper").symlink_to(elsewhere)
    prepare(folder)
    assert mode_of(elsewhere) == 0o644


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working folder of a user whose data folder is `home/weighbridge`."""
    monkeypatch.delenv("WEIGHBRIDGE_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    working = tmp_path / "working"
    working.mkdir()
    monkeypatch.chdir(working)
    return working


def test_data_is_kept_with_the_user(elsewhere: Path) -> None:
    """A key that is made goes to the user's data folder, which the command names; the working folder stays empty."""
    made = CliRunner().invoke(main, ["keys", "create", "--account", "Ada"])
    database = elsewhere.parent / "home" / "weighbridge" / "weighbridge.db"
    assert f"It is stored in SQLite in {database}." in made.stderr
    assert database.exists()
    assert list(elsewhere.iterdir()) == []


def test_an_estimate_leaves_nothing_in_the_working_folder(elsewhere: Path) -> None:
    """The state with which an estimate can be resumed is in the user's data folder."""
    text = elsewhere.parent / "text.txt"
    text.write_text("some text", encoding="utf-8")
    done = CliRunner().invoke(main, ["estimate", str(text), "-m", "gpt-4o", "--workers", "1"])
    assert done.exit_code == 0, done.output
    assert list(elsewhere.iterdir()) == []


def test_the_setting_wins(elsewhere: Path) -> None:
    """A folder named by a setting is used, whatever the working folder contains."""
    (elsewhere / "data").mkdir()
    (elsewhere / "data" / "pepper").touch()
    assert load({"WEIGHBRIDGE_DATA_DIR": "other"}).settings.data_dir == Path("other")


@pytest.mark.parametrize("file", ["weighbridge.db", "pepper"])
def test_data_of_an_earlier_version_is_found(elsewhere: Path, file: str) -> None:
    """`./data` with accounts or a pepper is used; otherwise every key would be refused after an upgrade."""
    assert load({}).settings.data_dir == elsewhere.parent / "home" / "weighbridge"
    (elsewhere / "data").mkdir()
    assert load({}).settings.data_dir == elsewhere.parent / "home" / "weighbridge"
    (elsewhere / "data" / file).touch()
    assert load({}).settings.data_dir == Path("data")
    assert load({}).sources["data_dir"] == "default"

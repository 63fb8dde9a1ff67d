"""Where data is kept: with the user, not wherever one stands."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import main
from service.settings import load


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder of a user whose data folder is `home/weighbridge`."""
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
    """What an estimate could go on with is kept with the user."""
    text = elsewhere.parent / "text.txt"
    text.write_text("some text", encoding="utf-8")
    done = CliRunner().invoke(main, ["estimate", str(text), "-m", "gpt-4o", "--workers", "1"])
    assert done.exit_code == 0, done.output
    assert list(elsewhere.iterdir()) == []


def test_the_setting_wins(elsewhere: Path) -> None:
    """A folder that is named is used, whatever the working folder has."""
    (elsewhere / "data").mkdir()
    (elsewhere / "data" / "pepper").touch()
    assert load({"WEIGHBRIDGE_DATA_DIR": "other"}).settings.data_dir == Path("other")


@pytest.mark.parametrize("file", ["weighbridge.db", "pepper"])
def test_data_of_an_earlier_version_is_found(elsewhere: Path, file: str) -> None:
    """`./data` with accounts or a pepper is used: with others every key would be refused after an upgrade."""
    assert load({}).settings.data_dir == elsewhere.parent / "home" / "weighbridge"
    (elsewhere / "data").mkdir()
    assert load({}).settings.data_dir == elsewhere.parent / "home" / "weighbridge"
    (elsewhere / "data" / file).touch()
    assert load({}).settings.data_dir == Path("data")
    assert load({}).sources["data_dir"] == "default"

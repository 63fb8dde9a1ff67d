"""A proposal is written as a whole or not at all, and ends clearly without a network."""

from pathlib import Path

import pytest

from scripts import propose_catalogue
from scripts.build_prices import PINS, UPSTREAM
from scripts.catalogue import proposal
from scripts.catalogue.models_file import MODELS
from scripts.catalogue.package_index import NewestRelease, NoPackageIndex
from scripts.propose_catalogue import main, replace_all


def state() -> list[bytes]:
    """Return the contents of the files that a proposal writes first."""
    return [path.read_bytes() for path in (MODELS, UPSTREAM, PINS)]


def no_index(registry: str, package: str, folder: Path) -> NewestRelease:
    """Raise as an index does that cannot be asked."""
    raise NoPackageIndex(package, "no route")


def test_without_a_network_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    before = state()
    assert main([], no_index) == 1
    assert "could not be asked for genai-prices: no route\nNothing was written" in capsys.readouterr().err
    assert state() == before


def test_offline_without_archives_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty cache is named, and no index is asked."""
    monkeypatch.setattr(proposal, "CACHE", tmp_path)
    before = state()
    assert main(["--offline"], no_index) == 1
    assert str(tmp_path) in capsys.readouterr().err
    assert state() == before


def test_files_are_replaced_together(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("old", encoding="utf-8")
    replace_all({one: "new", other: "made"})
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {
        "one": "new",
        "other": "made",
    }


def test_no_file_is_replaced_if_one_cannot_be_written(tmp_path: Path) -> None:
    one = tmp_path / "one"
    one.write_text("old", encoding="utf-8")
    with pytest.raises(FileNotFoundError):
        replace_all({one: "new", tmp_path / "missing" / "other": "made"})
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["old"]


def test_a_dry_run_prints_a_difference_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The difference is that of the files, in the form that patches have."""
    changed = proposal.CatalogueProposal({MODELS: MODELS.read_text(encoding="utf-8") + "# new\n"}, ["Maker new-1"], [])
    monkeypatch.setattr(propose_catalogue, "propose", lambda sources: changed)
    before = state()
    assert main(["--offline", "--dry-run"], no_index) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("added: Maker new-1\n--- a/tokenizer_registry/models.toml\n")
    assert printed.endswith("+# new\n")
    assert state() == before

"""Atomic file replacement: whole or not at all, with the mode that was asked for, and nothing left behind."""

import errno
import os
import stat
from pathlib import Path

import pytest

from weighbridge_base.files import OWNER_ONLY, create_file, owner_only_files, replace_file, replacing


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that others may read."""
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)
    return path


def mode_of(path: Path) -> int:
    """The permission bits of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    """Only the first writer creates it, and its content stays."""
    path = tmp_path / "file"
    assert create_file(path, b"first", mode=OWNER_ONLY)
    assert not create_file(path, b"second", mode=OWNER_ONLY)
    assert path.read_text() == "first"
    assert mode_of(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("durable", [False, True])
def test_a_replaced_file_is_private_again(path: Path, durable: bool) -> None:
    """A file that others could read is replaced by one that they cannot."""
    replace_file(path, b"new", mode=OWNER_ONLY, durable=durable)
    assert path.read_text() == "new"
    assert mode_of(path) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_the_umask_decides_where_no_mode_is_given(tmp_path: Path) -> None:
    """And it does not where one is."""
    with owner_only_files():
        replace_file(tmp_path / "a", b"")
        replace_file(tmp_path / "b", b"", mode=0o644)
    assert (mode_of(tmp_path / "a"), mode_of(tmp_path / "b")) == (0o600, 0o644)


@pytest.mark.parametrize("durable", [False, True])
def test_a_block_that_fails_changes_nothing(path: Path, durable: bool) -> None:
    """The old file stays, and the temporary one is removed."""
    with pytest.raises(ZeroDivisionError), replacing(path, durable=durable) as file:
        assert file.write(b"half") / 0
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_a_full_disk_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the system reports it when the content is flushed."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(path, b"new", durable=True)
    with pytest.raises(OSError, match="No space left"):
        create_file(path.with_name("other"), b"new")
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_is_missing_is_not_made(tmp_path: Path) -> None:
    """A misspelt path is an error."""
    with pytest.raises(FileNotFoundError):
        replace_file(tmp_path / "none" / "file", b"new")

"""Files for their owner alone."""

import stat
from pathlib import Path

from service.storage import files as private_file


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    """Who comes second is told so, and the first one's text stays."""
    path = tmp_path / "file"
    assert private_file.write_if_absent(path, "first")
    assert not private_file.write_if_absent(path, "second")
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_replaced_file_is_private_again(tmp_path: Path) -> None:
    """A file that others could read is replaced by one that they cannot."""
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)
    private_file.write(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]

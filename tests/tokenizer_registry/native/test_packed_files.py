"""Files that are mapped: what is read of them, and what they cost."""

import gc
from pathlib import Path

import pytest

from tokenizer_registry.native.packed_files import Mapped


def test_a_mapped_file_keeps_no_descriptor(tmp_path: Path) -> None:
    """However many vocabularies are loaded, a process with few descriptors has them for its connections."""
    path = tmp_path / "file"
    path.write_bytes(b"content")
    before = len(list(Path("/proc/self/fd").iterdir()))
    mapped = [Mapped(path) for _ in range(100)]
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert {bytes(one.content) for one in mapped} == {b"content"}


def test_what_is_read_holds_the_file_mapped(tmp_path: Path) -> None:
    """A part of a file may outlive what mapped it."""
    path = tmp_path / "file"
    path.write_bytes(b"content")
    part = Mapped(path).content[3:]
    gc.collect()
    assert bytes(part) == b"tent"


def test_a_file_that_cannot_be_mapped_is_an_error(tmp_path: Path) -> None:
    """An empty one, or none."""
    (tmp_path / "empty").touch()
    for name in ("empty", "missing"):
        with pytest.raises(OSError, match=name):
            Mapped(tmp_path / name)

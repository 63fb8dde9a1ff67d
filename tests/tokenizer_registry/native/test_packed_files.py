"""Files that are mapped into memory: their contents and their costs."""

import gc
from pathlib import Path

import pytest

from tokenizer_registry.native.packed_files import Mapped


def test_a_mapped_file_keeps_no_descriptor(tmp_path: Path) -> None:
    """Loaded vocabularies use no descriptors, which a process needs for its connections."""
    path = tmp_path / "file"
    path.write_bytes(b"content")
    before = len(list(Path("/proc/self/fd").iterdir()))
    mapped = [Mapped(path) for _ in range(100)]
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert {bytes(one.content) for one in mapped} == {b"content"}


def test_what_is_read_holds_the_file_mapped(tmp_path: Path) -> None:
    """A part of a file stays readable after the object that mapped it is gone."""
    path = tmp_path / "file"
    path.write_bytes(b"content")
    part = Mapped(path).content[3:]
    gc.collect()
    assert bytes(part) == b"tent"


def test_a_file_that_cannot_be_mapped_is_an_error(tmp_path: Path) -> None:
    """Mapping an empty or a missing file raises an error."""
    (tmp_path / "empty").touch()
    for name in ("empty", "missing"):
        with pytest.raises(OSError, match=name):
            Mapped(tmp_path / name)

"""Which models an author's package lists."""

import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from pricing_data.errors import BadSource
from scripts.catalogue.first_party import FirstPartyName
from scripts.catalogue.publishers import (
    PUBLISHERS,
    PublisherPackage,
    literals,
    published_names,
    publishers_text,
    read_publishers,
)

PROGRAM = 'from typing import Literal\nModel = Union[Literal["new-1", "New-2"], str]\nx: Literal[3]\ny = ["other"]\n'


def packed(folder: Path, digest: str | None = None) -> PublisherPackage:
    """Return a package with one file of models, which is written into the folder."""
    path = folder / "maker-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("maker/models.py", PROGRAM)
    found = digest or sha256(path.read_bytes()).hexdigest()
    return PublisherPackage("Maker", "maker", "1", path.name, found, ["maker/models.py"])


def test_names_are_the_texts_of_literal_types() -> None:
    assert sorted(literals(PROGRAM)) == ["New-2", "new-1"]


def test_a_program_is_read_and_never_run() -> None:
    assert list(literals('raise SystemExit\nModel = Literal["new-1"]')) == ["new-1"]


def test_a_package_gives_names_of_its_author(tmp_path: Path) -> None:
    assert published_names(tmp_path, [packed(tmp_path)]) == [
        FirstPartyName("Maker", "new-1", "maker", "new-1"),
        FirstPartyName("Maker", "new-2", "maker", "New-2"),
    ]


def test_another_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match="its sha256 is"):
        published_names(tmp_path, [packed(tmp_path, "0" * 64)])


def test_the_committed_file_is_what_would_be_written() -> None:
    assert publishers_text(read_publishers()) == PUBLISHERS.read_text(encoding="utf-8")

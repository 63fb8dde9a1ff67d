"""The packed vocabularies that were built with the package, and their digests."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from tokenizer_registry.native.library import FILE
from tokenizer_registry.native.plan import Mapped

FOLDER: Final = Path(__file__).parent / "packed"
INDEX: Final = "index.json"
CHARACTERS: Final = "characters"


class BadPack(Exception):
    """A packed vocabulary is missing, damaged, or of another content than it should be."""


class Packs:
    """A folder of packed vocabularies: all in a checkout and in an image, none in a wheel.

    Its index has, by name, the sha256 of the content and of the packed file; and that of the C library which was built
    with them, for another one would read them otherwise.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    def has(self, name: str, sha256: str) -> bool:
        """Return whether the packed vocabulary is here; a folder without an index needs none."""
        try:
            return _index(self._folder).get(name, (None, ""))[0] == sha256
        except OSError:
            return True

    def open(self, name: str, sha256: str) -> Mapped:
        """The packed vocabulary whose content has this digest. Raises BadPack, OSError."""
        index = _index(self._folder)
        content, packed = index.get(name, (None, ""))
        if content != sha256:
            raise BadPack(f"the packed file of {name} is of another vocabulary, or missing")
        return self._checked(name, packed)

    def characters(self) -> Mapped:
        """The table of characters. Raises BadPack, OSError."""
        library, packed = _index(self._folder).get(CHARACTERS, ("", ""))
        if hashlib.sha256(FILE.read_bytes()).hexdigest() != library:
            raise BadPack("it is not the one that the packed files were built with")
        return self._checked(CHARACTERS, packed)

    def _checked(self, name: str, sha256: str) -> Mapped:
        mapped = Mapped(self._folder / name)
        if hashlib.sha256(mapped.content).hexdigest() != sha256:
            raise BadPack(f"the packed file of {name} is damaged")
        return mapped


@cache
def _index(folder: Path) -> Mapping[str, tuple[str, str]]:
    document = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    return {name: (content, packed) for name, (content, packed) in document.items()}

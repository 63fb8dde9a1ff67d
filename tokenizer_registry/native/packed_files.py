"""The packed vocabularies that were built with the package, and their digests."""

import ctypes
import json
import mmap
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from tokenizer_registry.native.digests import digest, digest_of
from tokenizer_registry.native.library import files, library

FOLDER: Final = Path(__file__).parent / "packed"
INDEX: Final = "index.json"
CHARACTERS: Final = "characters"


class Mapped:
    """A file in memory, which all processes share. Raises OSError.

    Mapped by the system's own function: Python's keeps a descriptor for each, and there are a hundred vocabularies.
    """

    # What holds the bytes of one that is no file.
    _memory: mmap.mmap

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self.size = os.fstat(file.fileno()).st_size
            self.address = _map(self.size, file.fileno(), path)
        self._owner: object = library(frees_gil=False).weighbridge_own_file(self.address, self.size)

    @classmethod
    def in_memory(cls, content: bytes) -> "Mapped":
        """Return content that no file has; processes that are forked from this one share it."""
        mapped = cls.__new__(cls)
        mapped._memory = memory = mmap.mmap(-1, len(content))
        memory.write(content)
        mapped.size = len(memory)
        mapped.address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        return mapped

    @property
    def content(self) -> memoryview:
        """The bytes. They hold the file mapped."""
        characters: Any = (ctypes.c_char * self.size).from_address(self.address)
        characters.owner = self
        return memoryview(characters).cast("B")


@cache
def _system() -> ctypes.CDLL:
    system = ctypes.CDLL(None, use_errno=True)
    system.mmap.restype = ctypes.c_void_p
    system.mmap.argtypes = (
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_int64,
    )
    return system


def _map(size: int, descriptor: int, path: Path) -> int:
    address: int = _system().mmap(None, size, mmap.PROT_READ, mmap.MAP_PRIVATE, descriptor, 0)
    if address == ctypes.c_void_p(-1).value:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(path))
    return address


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
        if digest_of(files()) != library:
            raise BadPack("it is not the one that the packed files were built with")
        return self._checked(CHARACTERS, packed)

    def _checked(self, name: str, sha256: str) -> Mapped:
        mapped = Mapped(self._folder / name)
        if digest(mapped.content) != sha256:
            raise BadPack(f"the packed file of {name} is damaged")
        return mapped


@cache
def _index(folder: Path) -> Mapping[str, tuple[str, str]]:
    document = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    return {name: (content, packed) for name, (content, packed) in document.items()}

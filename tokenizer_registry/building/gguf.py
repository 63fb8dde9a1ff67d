"""Reading the metadata of GGUF files (version 2 and later, little-endian): llama.cpp's own format."""

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

MAGIC: Final = b"GGUF"
STRING: Final = 8
ARRAY: Final = 9
# Type number to struct letter.
SCALARS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


class NotGguf(Exception):
    """The content is not a GGUF file of a known version."""


def read_metadata(content: bytes) -> Mapping[str, Any]:
    """All key and value pairs. Raises NotGguf."""
    if content[:4] != MAGIC:
        raise NotGguf("the file does not begin with GGUF")
    reader = _Reader(content, position=4)
    version, _tensors, pairs = reader.scalar("I"), reader.scalar("Q"), reader.scalar("Q")
    if version not in (2, 3):
        raise NotGguf(f"version {version}")
    return {reader.text(): reader.value(reader.scalar("I")) for _ in range(pairs)}


class _Reader:
    """Takes values off the front of the content, one after the other."""

    def __init__(self, content: bytes, position: int) -> None:
        self._content = content
        self._position = position

    def scalar(self, letter: str) -> Any:
        return self._unpack(f"<{letter}")[0]

    def text(self) -> str:
        size = self.scalar("Q")
        self._position += size
        return self._content[self._position - size : self._position].decode("utf-8", "surrogateescape")

    def value(self, kind: int) -> Any:
        if kind == STRING:
            return self.text()
        if kind == ARRAY:
            return self._array(self.scalar("I"), self.scalar("Q"))
        return self.scalar(SCALARS[kind])

    def _array(self, kind: int, length: int) -> list[Any]:
        if kind in SCALARS:
            return list(self._unpack(f"<{length}{SCALARS[kind]}"))
        read: Callable[[], Any] = self.text if kind == STRING else lambda: self.value(kind)
        return [read() for _ in range(length)]

    def _unpack(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(form, self._content, self._position)
        self._position += struct.calcsize(form)
        return values

"""Random access to bytes that stand as base64: only what is read is decoded."""

import base64
import binascii
from typing import Final

_URL_SAFE: Final = str.maketrans("-_", "+/")
_WHITE: Final = (" ", "\t", "\r", "\n")


class Base64Bytes:
    """The bytes of a base64 text, standard or URL-safe, with line ends or without."""

    def __init__(self, text: str) -> None:
        self._text = "".join(text.split()) if any(white in text for white in _WHITE) else text
        self.size: Final = len(self._text.rstrip("=")) * 3 // 4

    def read(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes; fewer at the end, and none where the text is no base64."""
        first, last = offset // 3, -(-(offset + size) // 3)
        groups = self._text[first * 4 : last * 4].rstrip("=").translate(_URL_SAFE)
        try:
            decoded = base64.b64decode(groups + "=" * (-len(groups) % 4), validate=True)
        except (binascii.Error, ValueError):
            return b""
        start = offset - first * 3
        return decoded[start : start + size]

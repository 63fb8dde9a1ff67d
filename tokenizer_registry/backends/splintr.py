"""Rank files and tokenizer.json files, cut by `splintr`. Its encode frees the GIL."""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

import splintr

# The library keeps some 50 bytes of working memory for each byte of the longest text that a thread has given it.
LONG_CHARACTERS: Final = 65_536
EMPTY_TOKEN: Final = re.compile(rb"^= \d+\n", re.MULTILINE)
# An identifier is four bytes of what the library answers.
IDENTIFIER_BYTES: Final = 4


class _Tokenizer(Protocol):
    def encode_flat(self, text: str) -> bytes: ...
    def encode_ordinary(self, text: str) -> list[int]: ...


class SplintrEngine:
    """Byte-level BPE and WordPiece. Texts that are long in one piece are cut in a thread that then ends."""

    __slots__ = ("_flat", "_normalize", "_ordinary")

    def __init__(self, tokenizer: _Tokenizer, normalize: Callable[[str], str] | None = None) -> None:
        self._flat = tokenizer.encode_flat
        self._ordinary = tokenizer.encode_ordinary
        self._normalize = normalize
        self.count("a" * 1000 + " 1\n")  # its regular expressions are completed at their first use

    def count(self, text: str) -> int:
        """The number of tokens."""
        if not text:
            return 0  # where the owner puts a space in front of a text, the library does so even if there is none
        if self._normalize is not None:
            text = self._normalize(text)
        if len(text) > LONG_CHARACTERS:
            return len(_in_own_thread(self._flat, text)) // IDENTIFIER_BYTES
        return len(self._flat(text)) // IDENTIFIER_BYTES

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        if self._normalize is not None or any(len(text) > LONG_CHARACTERS or not text for text in texts):
            return list(map(self.count, texts))
        return [len(identifiers) // IDENTIFIER_BYTES for identifiers in map(self._flat, texts)]

    def encode(self, text: str) -> list[int]:
        if not text:
            return []
        return self._ordinary(text if self._normalize is None else self._normalize(text))


def rank_engine(
    content: bytes, pattern: str, normalize: Callable[[str], str] | None = None, *, pcre2: bool = False
) -> SplintrEngine:
    """An engine for a rank file. The token of no bytes that some files have is left out: no text has it."""
    tokenizer = splintr.Tokenizer.from_bytes(EMPTY_TOKEN.sub(b"", content), pattern, {})
    return SplintrEngine(tokenizer.pcre2() if pcre2 else tokenizer, normalize)


def json_engine(content: bytes) -> SplintrEngine:
    """An engine for a tokenizer.json file."""
    return SplintrEngine(splintr.from_json_bytes(content))


def _in_own_thread(call: Callable[[str], bytes], text: str) -> bytes:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call, text).result()

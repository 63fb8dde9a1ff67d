"""Rank files, cut by `tiktoken`. Its encode frees the GIL."""

from collections.abc import Callable, Sequence

import tiktoken

from tokenizer_registry.errors import UnknownToken
from tokenizer_registry.normalization import aligned
from tokenizer_registry.vocabulary import Token


class TiktokenEngine:
    """Byte-level BPE from ranks and a split pattern, without any special token."""

    __slots__ = ("_encoding", "_normalize")

    def __init__(
        self, name: str, ranks: dict[bytes, int], pattern: str, normalize: Callable[[str], str] | None = None
    ) -> None:
        """Takes the ranks over: the dictionary is empty afterwards."""
        self._encoding = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        self._normalize = normalize
        # The library keeps both its own table and this dictionary, which is 30 MB for 200,000 tokens and is
        # only needed for pickling.
        ranks.clear()

    def count(self, text: str) -> int:
        return len(self.encode(text))

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        return list(map(self.count, texts))

    def encode(self, text: str) -> list[int]:
        if self._normalize is not None:
            text = self._normalize(text)
        # Not encode_ordinary: on a million spaces that one ends in a panic, this one in a ValueError.
        return self._encoding.encode(text, disallowed_special=())

    def tokens(self, text: str) -> list[Token]:
        cut, places = aligned(text, self._normalize) if self._normalize else (text, None)
        owners = [number for number, character in enumerate(cut) for _ in character.encode("utf-8")]
        found: list[Token] = []
        begin = 0
        for number in self._encoding.encode(cut, disallowed_special=()):
            end = begin + len(self._encoding.decode_single_token_bytes(number))
            first, last = owners[begin], owners[end - 1]
            found.append(Token(number, places[first][0] if places else first, places[last][1] if places else last + 1))
            begin = end
        return found

    def token_bytes(self, ids: Sequence[int]) -> list[bytes | None]:
        found: list[bytes | None] = []
        for place, number in enumerate(ids):
            try:
                found.append(self._encoding.decode_single_token_bytes(number))
            except (KeyError, OverflowError):
                raise UnknownToken(place, number) from None
        return found

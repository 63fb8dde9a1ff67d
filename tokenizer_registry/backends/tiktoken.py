"""Rank files, cut by `tiktoken`. Its encode frees the GIL."""

from collections.abc import Callable, Sequence

import tiktoken


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

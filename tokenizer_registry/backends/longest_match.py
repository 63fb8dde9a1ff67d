"""Lists of tokens, of which the longest that matches is always taken, as by RWKV's own trie."""

from collections.abc import Iterator, Mapping, Sequence

from tokenizer_registry.errors import UnknownToken
from tokenizer_registry.vocabulary import Token


class LongestMatchEngine:
    """Cuts a text's bytes from left to right. Every byte has to be a token, so that each text can be cut."""

    __slots__ = ("_lengths", "_numbers")

    def __init__(self, numbers: Mapping[bytes, int]) -> None:
        self._numbers = numbers
        lengths: dict[int, set[int]] = {}
        for token in numbers:
            lengths.setdefault(token[0], set()).add(len(token))
        # By the first byte, the longest first.
        self._lengths = {byte: sorted(found, reverse=True) for byte, found in lengths.items()}

    def count(self, text: str) -> int:
        return sum(1 for _ in self._cuts(text.encode("utf-8")))

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        return list(map(self.count, texts))

    def encode(self, text: str) -> list[int]:
        return [number for number, _, _ in self._cuts(text.encode("utf-8"))]

    def tokens(self, text: str) -> list[Token]:
        places = [place for place, character in enumerate(text) for _ in character.encode("utf-8")]
        cuts = self._cuts(text.encode("utf-8"))
        return [Token(number, places[begin], places[end - 1] + 1) for number, begin, end in cuts]

    def token_bytes(self, ids: Sequence[int]) -> list[bytes | None]:
        tokens = {number: token for token, number in self._numbers.items()}
        found: list[bytes | None] = []
        for place, number in enumerate(ids):
            if number not in tokens:
                raise UnknownToken(place, number)
            found.append(tokens[number])
        return found

    def _cuts(self, text: bytes) -> Iterator[tuple[int, int, int]]:
        """Number, begin and end of each token."""
        at = 0
        while at < len(text):
            for length in self._lengths[text[at]]:
                number = self._numbers.get(text[at : at + length])
                if number is not None and at + length <= len(text):
                    yield number, at, at + length
                    at += length
                    break

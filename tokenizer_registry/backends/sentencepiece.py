"""SentencePiece models, cut by `sentencepiece`. Its encode frees the GIL and takes NUL like any character."""

from collections.abc import Sequence
from typing import Final

import sentencepiece

from tokenizer_registry.backends.pieces import SPACE, byte_of, without_prefix
from tokenizer_registry.errors import UncountableText, UnknownToken
from tokenizer_registry.processors import usable_processors
from tokenizer_registry.vocabulary import Token

# The library starts threads for each batch, which smaller ones are not worth.
BATCH_CHARACTERS: Final = 16_384
# The library keeps places as C's int, in the text as it is after a space has become three bytes. A character has up to
# four bytes.
MAX_CHARACTERS: Final = (2**31 - 1) // 4


class SentencePieceEngine:
    """A model from its file's bytes. Control pieces are never matched, user-defined ones are, as by its owner."""

    __slots__ = ("_processor", "_threads")

    def __init__(self, content: bytes) -> None:
        self._processor = sentencepiece.SentencePieceProcessor(model_proto=content)
        self._threads = usable_processors()

    def count(self, text: str) -> int:
        return len(self.encode(text))

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        if sum(map(len, texts)) < BATCH_CHARACTERS:
            return list(map(self.count, texts))
        for text in texts:
            _refuse_long(text)
        found = self._processor.encode(
            list(texts), out_type=int, add_bos=False, add_eos=False, num_threads=self._threads
        )
        return list(map(len, found))

    def encode(self, text: str) -> list[int]:
        _refuse_long(text)
        tokens: list[int] = self._processor.encode(text, out_type=int, add_bos=False, add_eos=False)
        return tokens

    def pieces(self) -> list[str]:
        """All pieces, by their numbers."""
        return list(map(self._processor.id_to_piece, range(self._processor.get_piece_size())))

    def tokens(self, text: str) -> list[Token]:
        _refuse_long(text)
        found = self._processor.encode(text, return_type="offset_mapping", add_bos=False, add_eos=False)
        return [Token(number, *place) for number, place in zip(found["ids"], found["offsets"], strict=True)]

    def token_bytes(self, ids: Sequence[int]) -> list[bytes | None]:
        size = self._processor.get_piece_size()
        for place, number in enumerate(ids):
            if not 0 <= number < size:
                raise UnknownToken(place, number)
        found = list(map(self._bytes_of, ids))
        return without_prefix(found, self._processor.id_to_piece(self.encode("a")[0]))

    def _bytes_of(self, number: int) -> bytes | None:
        processor = self._processor
        if processor.is_unknown(number):
            return None
        if processor.is_control(number):
            return b""
        piece: str = processor.id_to_piece(number)
        return byte_of(piece) if processor.is_byte(number) else piece.replace(SPACE, " ").encode()


def _refuse_long(text: str) -> None:
    """Raise UncountableText where places in the text do not fit."""
    if len(text) > MAX_CHARACTERS:
        raise UncountableText(f"it has more than {MAX_CHARACTERS:,} characters, the most that its library can count")

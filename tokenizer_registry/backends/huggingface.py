"""tokenizer.json files, cut by `tokenizers`."""

from collections.abc import Sequence
from functools import cache
from typing import Final

from tokenizers import Encoding, Tokenizer, models

from tokenizer_registry.backends.pieces import SPACE, byte_of, is_byte_piece, without_prefix
from tokenizer_registry.errors import UnknownToken
from tokenizer_registry.formats import byte_alphabet
from tokenizer_registry.vocabulary import Token

# The library takes ids of 32 bits.
MAX_IDS: Final = 2**32
# Files that we build have a space before a marker, so that no text matches it.
UNKNOWN_PIECES: Final = ("<unk>", " <unk>")


class HuggingFaceEngine:
    """A tokenizer from its file's bytes, never changed after it is built.

    Special tokens count as text; other added tokens of the file are matched whole. The files that we build have only
    those of ordinary text: no marker is among them (docs/vocabularies.md has the rule).
    """

    __slots__ = ("_tokenizer",)

    def __init__(self, content: bytes) -> None:
        self._tokenizer = Tokenizer.from_buffer(content)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True

    def count(self, text: str) -> int:
        return len(self._encoding(text))

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return list(map(len, encodings))

    def encode(self, text: str) -> list[int]:
        return self._encoding(text).ids

    def tokens(self, text: str) -> list[Token]:
        # The fast call leaves the places out.
        encoding = self._tokenizer.encode_batch([text], add_special_tokens=False)[0]
        return [Token(number, *place) for number, place in zip(encoding.ids, encoding.offsets, strict=True)]

    def token_bytes(self, ids: Sequence[int]) -> list[bytes | None] | None:
        model = self._tokenizer.model
        if isinstance(model, models.WordPiece) or getattr(model, "end_of_word_suffix", None):
            return None
        is_byte_level = "ByteLevel(" in repr(self._tokenizer.pre_tokenizer)
        bytes_of = _byte_level_bytes if is_byte_level else _piece_bytes
        model_size = self._tokenizer.get_vocab_size(with_added_tokens=False)
        unknown = {*UNKNOWN_PIECES, getattr(model, "unk_token", None)}
        found: list[bytes | None] = []
        for place, number in enumerate(ids):
            piece = self._tokenizer.id_to_token(number) if 0 <= number < MAX_IDS else None
            if piece is None:
                raise UnknownToken(place, number)
            # Tokens that were added after those of the model are written as they are.
            known = bytes_of(piece) if number < model_size else piece.encode()
            found.append(None if piece in unknown else known)
        return found if is_byte_level else without_prefix(found, self._first_piece())

    def _first_piece(self) -> str:
        return self._tokenizer.id_to_token(self.encode("a")[0]) or ""

    def _encoding(self, text: str) -> Encoding:
        # The batch call frees the GIL, the call for one text holds it.
        return self._tokenizer.encode_batch_fast([text], add_special_tokens=False)[0]


@cache
def _bytes_by_letter() -> dict[str, int]:
    return {letter: byte for byte, letter in byte_alphabet().items()}


def _byte_level_bytes(piece: str) -> bytes:
    """Return the bytes of letters; a run of spaces among the model's tokens is written as it is."""
    bytes_of = _bytes_by_letter()
    return bytes(map(bytes_of.__getitem__, piece)) if bytes_of.keys() >= set(piece) else piece.encode()


def _piece_bytes(piece: str) -> bytes:
    return byte_of(piece) if is_byte_piece(piece) else piece.replace(SPACE, " ").encode()

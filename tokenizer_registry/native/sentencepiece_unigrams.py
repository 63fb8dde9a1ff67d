"""SentencePiece models of unigrams, whose pieces may have several words: texts are counted whole."""

import struct
from typing import Final

from tokenizer_registry.native.layout import META_SPACE, Method, PackedSection, Tables
from tokenizer_registry.native.sentencepiece import PieceKind, SentencePieceModel
from tokenizer_registry.native.tables import trie

UNKNOWN_PENALTY: Final = 10.0
TRIE_HEAD: Final = struct.Struct("<4I")
ARRAY_SIZE: Final = struct.Struct("<I")
PRINTABLE: Final = range(0x20, 0x7F)
ASCII: Final = range(0x80)


def unigram_tables(model: SentencePieceModel) -> Tables:
    """The tables for such a model. Raises ValueError where the C library does not know its ways."""
    if not model.has_byte_fallback or not model.keeps_spaces or model.puts_space_first or not model.charsmap:
        raise ValueError("unigrams are known with byte fallback, and with a normalizer that keeps spaces as they are")
    pieces = [piece for piece in model.pieces if piece.kind in (PieceKind.NORMAL, PieceKind.USER_DEFINED)]
    scores = {_with_spaces(piece.text): piece.score for piece in pieces}
    if len(scores) < len(pieces) or b" " not in scores:
        raise ValueError("a piece stands twice, or a space is none")
    _check_user_defined(model, max(scores.values()))
    _check_rules(model.charsmap)
    found = trie(scores)
    head = TRIE_HEAD.pack(found.longest, 0, 0, 0)
    sections = {PackedSection.CHARSMAP: model.charsmap, PackedSection.PIECE_TRIE: head + found.units}
    normal = min(piece.score for piece in pieces if piece.kind is PieceKind.NORMAL)
    return Tables(Method.UNSPLIT_UNIGRAM, sections, unknown_score=normal - UNKNOWN_PENALTY)


def _with_spaces(text: str) -> bytes:
    """Return a piece with a space for each bar: a normalized text has bars alone, and a space is one byte."""
    if " " in text:
        raise ValueError(f"{text!r} has a space, which no normalized text has")
    return text.encode().replace(META_SPACE, b" ")


def _check_user_defined(model: SentencePieceModel, best: float) -> None:
    """Raise ValueError unless those pieces are counted by their own score, and no rule changes them."""
    units = _units(model.charsmap)
    for piece in model.pieces:
        if piece.kind is not PieceKind.USER_DEFINED:
            continue
        if piece.score or best or len(piece.text) > 1 or not piece.text.isascii():
            raise ValueError("user-defined pieces are known as single bytes with a score of 0, the best of all")
        if _label(units[_offset(units[0]) ^ ord(piece.text)]) == ord(piece.text):
            raise ValueError(f"a rule for {piece.text!r}, which is user-defined and never normalized")


def _check_rules(charsmap: bytes) -> None:
    """Raise ValueError if a rule makes a bar, or is for printable ASCII before ASCII."""
    units = _units(charsmap)
    if META_SPACE in charsmap[ARRAY_SIZE.size + units.nbytes :]:
        raise ValueError("a rule that makes a bar")
    for byte in PRINTABLE:
        place = _offset(units[0]) ^ byte
        if _label(units[place]) == byte and _changes(units, place):
            raise ValueError(f"a rule for {chr(byte)!r} before ASCII")


def _units(charsmap: bytes) -> "memoryview[int]":
    """Return the double array, which stands behind its size."""
    (size,) = ARRAY_SIZE.unpack_from(charsmap)
    return memoryview(charsmap)[ARRAY_SIZE.size : ARRAY_SIZE.size + size].cast("I")


def _changes(units: "memoryview[int]", place: int) -> bool:
    """Return whether a rule ends here, or goes on with ASCII."""
    node = place ^ _offset(units[place])
    return bool(units[place] >> 8 & 1) or any(_label(units[node ^ byte]) == byte for byte in ASCII)


def _offset(unit: int) -> int:
    return unit >> 10 << (unit >> 6 & 8)


def _label(unit: int) -> int:
    return unit & (1 << 31 | 0xFF)

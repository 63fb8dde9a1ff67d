"""CLIP's form of tokenizer.json, in the terms of the C library: merges in which the end of a word is a symbol.

The last character of a word has another symbol than the same character inside of one. Here the end of a word is a byte
that no text has, behind the word; to merge it with the byte in front of it comes before all other merges.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tokenizer_registry.formats import byte_alphabet
from tokenizer_registry.native.characters import read_characters
from tokenizer_registry.native.layout import Method, PackedSection, Tables, changed_sections, flag_of
from tokenizer_registry.native.merges import SymbolPair, ranked_strings
from tokenizer_registry.native.pre_tokenizers import document_splits
from tokenizer_registry.native.tables import ascii_pairs, strings

SUFFIX: Final = "</w>"
# One letter for the suffix while merges are looked at, and the byte for it in a text.
SUFFIX_LETTER: Final = "\ue000"
END_OF_WORD: Final = b"\xff"
STEPS: Final = ["NFC", "Replace", "Lowercase"]


def word_end_tables(
    model: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], pre_tokenizer: Mapping[str, Any]
) -> Tables:
    """The tables for words of bytes with an end. Raises ValueError for ways that the C library does not know."""
    if model["end_of_word_suffix"] != SUFFIX or model.get("ignore_merges") or model.get("dropout"):
        raise ValueError("options of merges that are not known here")
    if [step["type"] for step in steps] != STEPS or steps[1]["content"] != " ":
        raise ValueError(f"normalizers that are not known here: {steps}")
    splits = document_splits(pre_tokenizer)
    if not splits[0].drops_gaps:
        raise ValueError("words that white space may be in")
    texts = _texts(model["merges"])
    sections = {
        PackedSection.TOKENS: strings(texts),
        PackedSection.ASCII_PAIRS: ascii_pairs(texts),
        PackedSection.END_OF_WORD: END_OF_WORD,
        **changed_sections(read_characters().forms["lower case"]),
    }
    return Tables(Method.BYTE_BPE, sections, splits=splits, plain=flag_of("NFC"))


def _texts(merges: Sequence[str | list[str]]) -> list[bytes]:
    """The symbols as bytes, in the order in which they are made."""
    byte_of = {letter: bytes([byte]) for byte, letter in byte_alphabet().items()} | {SUFFIX_LETTER: END_OF_WORD}
    ends: list[SymbolPair] = [(letter, SUFFIX_LETTER) for letter in byte_alphabet().values()]
    made = ranked_strings([*ends, *map(_pair, merges)])
    return [bytes([byte]) for byte in range(256)] + [b"".join(map(byte_of.__getitem__, text)) for text in made]


def _pair(merge: str | list[str]) -> SymbolPair:
    left, right = merge.split(" ") if isinstance(merge, str) else merge
    return _with_letter(left), _with_letter(right)


def _with_letter(symbol: str) -> str:
    return symbol.removesuffix(SUFFIX) + SUFFIX_LETTER if symbol.endswith(SUFFIX) else symbol

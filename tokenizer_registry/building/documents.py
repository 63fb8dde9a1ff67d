"""tokenizer.json documents of vocabularies that no package has in that form, as `transformers` converts them."""

import gzip
import json
import re
import struct
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from tokenizer_registry.building.conversion import TokenizerDocument
from tokenizer_registry.formats import byte_alphabet

CONTROL: Final = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}

END_OF_WORD: Final = "</w>"
CLIP_MERGES: Final = 48_894
CLIP_MARKERS: Final = ("<|startoftext|>", "<|endoftext|>")
CLIP_PATTERN: Final = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
CLIP_NORMALIZERS: Final = (
    {"type": "NFC"},
    {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
    {"type": "Lowercase"},
)
CLIP_STEPS: Final = (
    {"type": "Split", "pattern": {"Regex": CLIP_PATTERN}, "behavior": "Removed", "invert": True},
    {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
)


def clip_document(content: bytes) -> TokenizerDocument:
    """CLIP's tokenizer, of the gzipped list of merges that OpenAI publishes with it.

    The first line is a heading. Of the merges behind it only so many belong to CLIP.
    """
    merges = gzip.decompress(content).decode("utf-8").splitlines()[1 : CLIP_MERGES + 1]
    letters = _letters_in_order()
    tokens = [*letters, *(letter + END_OF_WORD for letter in letters), *(line.replace(" ", "") for line in merges)]
    model = {
        "type": "BPE",
        "unk_token": CLIP_MARKERS[-1],
        "continuing_subword_prefix": "",
        "end_of_word_suffix": END_OF_WORD,
        "vocab": {token: number for number, token in enumerate([*tokens, *CLIP_MARKERS])},
        "merges": merges,
    }
    added = [{"id": len(tokens) + place, "content": marker, **CONTROL} for place, marker in enumerate(CLIP_MARKERS)]
    return _document(
        {"type": "Sequence", "normalizers": [*CLIP_NORMALIZERS]},
        {"type": "Sequence", "pretokenizers": [*CLIP_STEPS]},
        model,
        added,
    )


def _letters_in_order() -> list[str]:
    """The letters for the bytes in the order of GPT-2: first those that stand for themselves."""
    return sorted(byte_alphabet().values(), key=lambda letter: (ord(letter) >= 0x100, ord(letter)))


BERT_NORMALIZER: Final = {
    "type": "BertNormalizer",
    "clean_text": True,
    "handle_chinese_chars": True,
    "strip_accents": None,
    "lowercase": False,
}
BERT_MARKERS: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
BEGINS_WORD: Final = b" "
CONTINUES: Final = "##"


def bert_document(content: bytes) -> TokenizerDocument:
    """A cased BERT's tokenizer, of BlingFire's list of its pieces by number.

    The list is three chunks, of which the second has the number of pieces, where each begins, and their text. A piece
    that begins a word has a space in front.
    """
    _chunks, _first, second, third = struct.unpack_from("<4I", content)
    chunk = content[second:third]
    (count,) = struct.unpack_from("<I", chunk)
    begins = struct.unpack_from(f"<{count + 1}I", chunk, 4)
    text = chunk[4 * (count + 2) :]
    pieces = [_word_piece(text[begin:end]) for begin, end in pairwise(begins)]
    numbers = {piece: number for number, piece in enumerate(pieces)}
    model = {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": CONTINUES,
        "max_input_chars_per_word": 100,
        "vocab": numbers,
    }
    added = [{"id": numbers[marker], "content": marker, **CONTROL} for marker in BERT_MARKERS]
    return _document(BERT_NORMALIZER, {"type": "BertPreTokenizer"}, model, added)


def _word_piece(written: bytes) -> str:
    piece = written.decode("utf-8")
    return piece.removeprefix(" ") if written.startswith(BEGINS_WORD) else CONTINUES + piece


T5_ARRAY: Final = re.compile(rb"t5_tokenizer_json_str\[\] = \{(.*?)\}", re.DOTALL)
STRIP_END: Final = {"type": "Strip", "strip_left": False, "strip_right": True}


def t5_document(content: bytes) -> TokenizerDocument:
    """T5's tokenizer.json, of the C++ header that has its bytes as an array.

    White space at the end of a text is dropped, as by SentencePiece with Google's model.
    """
    found = T5_ARRAY.search(content)
    if found is None:
        raise ValueError("the header has no array t5_tokenizer_json_str")
    document: TokenizerDocument = json.loads(
        bytes(int(number, 16) for number in found[1].split(b",") if number.strip())
    )
    first, *rest = document["normalizer"]["normalizers"]
    return {**document, "normalizer": {"type": "Sequence", "normalizers": [first, STRIP_END, *rest]}}


def _document(
    normalizer: Mapping[str, Any],
    pre_tokenizer: Mapping[str, Any],
    model: Mapping[str, Any],
    added_tokens: Sequence[Mapping[str, Any]],
) -> TokenizerDocument:
    return {
        "version": "1.0",
        "added_tokens": [*added_tokens],
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": None,
        "decoder": None,
        "model": model,
    }

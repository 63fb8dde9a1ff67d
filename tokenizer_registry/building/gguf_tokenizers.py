"""Owners' tokenizers rebuilt from the vocabulary-only GGUF files that llama.cpp ships.

A GGUF file has the pieces, their types and the merges. How text is split before merging it has by name only;
the splits below are the ones that the owners' tokenizer.json files of that name have.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from tokenizer_registry.building.gguf import read_metadata
from tokenizer_registry.building.sentencepiece_model import CONTROL, USER_DEFINED, Piece, bpe_model

UNKNOWN: Final = 2
PADDING: Final = re.compile(r"\[PAD\d+\]")
BYTE_LEVEL: Final = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
SPLITS: Final[Mapping[str, tuple[Mapping[str, Any], ...]]] = {
    "gpt-neox": (BYTE_LEVEL,),
    "starcoder2": ({"type": "Digits", "individual_digits": True}, BYTE_LEVEL),
    "falcon": (
        {"type": "Punctuation", "behavior": "Contiguous"},
        BYTE_LEVEL,
        {"type": "Digits", "individual_digits": False},
        {"type": "Split", "pattern": {"Regex": "[0-9][0-9][0-9]"}, "behavior": "Isolated", "invert": False},
    ),
}
NORMALIZERS: Final = {"gpt-neox": {"type": "NFC"}}


def tokenizer_document(name: str, content: bytes) -> dict[str, Any]:
    """The tokenizer.json, as a document, of the byte-level BPE vocabulary `name`, one of SPLITS."""
    metadata = read_metadata(content)
    tokens, kinds = metadata["tokenizer.ggml.tokens"], metadata["tokenizer.ggml.token_type"]
    added = [
        _added(number, token, special=kind == CONTROL)
        for number, (token, kind) in enumerate(zip(tokens, kinds, strict=True))
        if kind in (CONTROL, USER_DEFINED) and not PADDING.fullmatch(token)
    ]
    return {
        "version": "1.0",
        "added_tokens": added,
        "normalizer": NORMALIZERS.get(name),
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [*SPLITS[name]]},
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "BPE",
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": metadata["tokenizer.ggml.merges"],
        },
    }


def sentencepiece_model(content: bytes) -> bytes:
    """The SentencePiece model. Only piece 0 may be the unknown one; GGUF numbers the types like SentencePiece."""
    metadata = read_metadata(content)
    columns = (metadata[f"tokenizer.ggml.{column}"] for column in ("tokens", "scores", "token_type"))
    return bpe_model(
        [
            Piece(text, score, CONTROL if kind == UNKNOWN and number else kind)
            for number, (text, score, kind) in enumerate(zip(*columns, strict=True))
        ]
    )


def _added(number: int, token: str, *, special: bool) -> dict[str, Any]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {"id": number, "content": token, **flags, "special": special}

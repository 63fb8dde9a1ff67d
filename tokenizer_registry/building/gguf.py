"""Reading the metadata of GGUF files (version 2 and later, little-endian): llama.cpp's own format."""

import re
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

from tokenizer_registry.building.sentencepiece_model import CONTROL, USER_DEFINED, WrittenPiece, bpe_model

MAGIC: Final = b"GGUF"
STRING: Final = 8
ARRAY: Final = 9
# Type number to struct letter.
SCALARS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


class NotGguf(Exception):
    """The content is not a GGUF file of a known version."""


def read_metadata(content: bytes) -> Mapping[str, Any]:
    """All key and value pairs. Raises NotGguf."""
    if content[:4] != MAGIC:
        raise NotGguf("the file does not begin with GGUF")
    reader = _GgufReader(content, position=4)
    version, _tensors, pairs = reader.scalar("I"), reader.scalar("Q"), reader.scalar("Q")
    if version not in (2, 3):
        raise NotGguf(f"version {version}")
    return {reader.text(): reader.value(reader.scalar("I")) for _ in range(pairs)}


class _GgufReader:
    """Takes values off the front of the content, one after the other."""

    def __init__(self, content: bytes, position: int) -> None:
        self._content = content
        self._position = position

    def scalar(self, letter: str) -> Any:
        return self._unpack(f"<{letter}")[0]

    def text(self) -> str:
        size = self.scalar("Q")
        self._position += size
        return self._content[self._position - size : self._position].decode("utf-8", "surrogateescape")

    def value(self, kind: int) -> Any:
        if kind == STRING:
            return self.text()
        if kind == ARRAY:
            return self._array(self.scalar("I"), self.scalar("Q"))
        return self.scalar(SCALARS[kind])

    def _array(self, kind: int, length: int) -> list[Any]:
        if kind in SCALARS:
            return list(self._unpack(f"<{length}{SCALARS[kind]}"))
        read: Callable[[], Any] = self.text if kind == STRING else lambda: self.value(kind)
        return [read() for _ in range(length)]

    def _unpack(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(form, self._content, self._position)
        self._position += struct.calcsize(form)
        return values


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
            WrittenPiece(text, score, CONTROL if kind == UNKNOWN and number else kind)
            for number, (text, score, kind) in enumerate(zip(*columns, strict=True))
        ]
    )


def _added(number: int, token: str, *, special: bool) -> dict[str, Any]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {"id": number, "content": token, **flags, "special": special}

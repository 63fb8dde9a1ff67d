"""The file formats of other projects that vocabularies are built from, read and written by this project's code."""

import struct
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Tokenizer

from tests.tokenizer_registry.shipped import VOCABULARIES, shipped_specs
from tokenizer_registry.building import sdist
from tokenizer_registry.building.conversion import content_of_document, plain_document, with_runs_of_white_space
from tokenizer_registry.building.gguf import NotGguf, read_metadata, sentencepiece_model, tokenizer_document
from tokenizer_registry.building.sentencepiece_model import USER_DEFINED, WrittenPiece, bpe_model, with_plain_pieces
from tokenizer_registry.vocabulary_files import unpack

BYTES = [WrittenPiece(f"<0x{byte:02X}>", 0.0, 6) for byte in range(256)]
PIECES = [WrittenPiece("<unk>", 0.0, 2), WrittenPiece("<s>", 0.0, 3), WrittenPiece("</s>", 0.0, 3), *BYTES]
PIECES += [
    WrittenPiece("▁a", -1.0, 1),
    WrittenPiece("a", -2.0, 1),
    WrittenPiece("▁", -3.0, 1),
    WrittenPiece("<tag>", 0.0, USER_DEFINED),
]


def parsed(content: bytes) -> Any:
    """Return a model as the protobuf library reads it."""
    return sentencepiece_model_pb2.ModelProto.FromString(content)  # type: ignore[attr-defined]  # generated, untyped


def text(value: str) -> bytes:
    """Return a string as GGUF encodes it."""
    return struct.pack("<Q", len(value.encode())) + value.encode()


def gguf(values: Mapping[str, list[str] | list[int] | list[float] | int]) -> bytes:
    """Return a GGUF file with these values and no tensors."""
    written = b"GGUF" + struct.pack("<IQQ", 3, 0, len(values))
    for key, value in values.items():
        written += text(key)
        if isinstance(value, int):
            written += struct.pack("<II", 4, value)
        elif isinstance(value[0], str):
            written += struct.pack("<IIQ", 9, 8, len(value)) + b"".join(text(str(item)) for item in value)
        else:
            kind, letter = (5, "i") if isinstance(value[0], int) else (6, "f")
            written += struct.pack("<IIQ", 9, kind, len(value)) + struct.pack(f"<{len(value)}{letter}", *value)
    return written


def test_gguf_values_are_read() -> None:
    """Numbers, lists of numbers and lists of texts are read, in order."""
    values: Mapping[str, list[str] | list[int] | list[float] | int] = {
        "a": 7,
        "b": ["x", "日本"],
        "c": [1, -2],
        "d": [0.5],
    }
    assert dict(read_metadata(gguf(values))) == values


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"GGUF" + struct.pack("<IQQ", 9, 0, 0)])
def test_other_files_are_not_gguf(content: bytes) -> None:
    """A file of another kind, or of an unknown version, is refused."""
    with pytest.raises(NotGguf):
        read_metadata(content)


def test_a_written_model_is_what_the_library_reads() -> None:
    """The library reads the same pieces, scores and flags, and splits with them."""
    content = bpe_model(PIECES)
    model = parsed(content)
    assert [(piece.piece, piece.type) for piece in model.pieces] == [(piece.text, piece.kind) for piece in PIECES]
    assert (model.trainer_spec.model_type, model.trainer_spec.byte_fallback) == (2, True)
    assert (model.trainer_spec.unk_id, model.trainer_spec.pad_id) == (0, -1)
    processor = sentencepiece.SentencePieceProcessor(model_proto=content)
    assert processor.encode("a é<tag>", out_type=str) == ["▁a", "▁", "<0xC3>", "<0xA9>", "<tag>"]


def test_plain_pieces_change_nothing_else() -> None:
    """User-defined pieces become normal ones, as the protobuf library reads them; everything else is unchanged."""
    spec = next(spec for spec in shipped_specs() if spec.name == "gemma-3")
    gemma_3 = unpack(spec, VOCABULARIES)
    expected = parsed(gemma_3)
    for piece in expected.pieces:
        if piece.type == USER_DEFINED:
            piece.type = 1
    found = parsed(with_plain_pieces(gemma_3))
    assert [(p.piece, p.score, p.type) for p in found.pieces] == [(p.piece, p.score, p.type) for p in expected.pieces]
    assert found.normalizer_spec == expected.normalizer_spec


def test_a_gguf_model_becomes_a_sentencepiece_model() -> None:
    """Pieces, scores and types are carried over; only the first piece may be unknown."""
    rows = [WrittenPiece("<unk>", 0.0, 2), WrittenPiece("<x>", 0.0, 2), *BYTES, WrittenPiece("▁a", -1.0, 1)]
    columns: dict[str, list[str] | list[int] | list[float] | int] = {
        "tokenizer.ggml.tokens": [piece.text for piece in rows],
        "tokenizer.ggml.scores": [piece.score for piece in rows],
        "tokenizer.ggml.token_type": [piece.kind for piece in rows],
    }
    found = parsed(sentencepiece_model(gguf(columns)))
    assert [piece.type for piece in found.pieces][:2] == [2, 3]


def test_a_gguf_vocabulary_becomes_a_tokenizer() -> None:
    """Pieces, merges and added runs of spaces become a tokenizer.json that the library loads; padding is left out."""
    values: Mapping[str, list[str] | list[int] | list[float] | int] = {
        "tokenizer.ggml.tokens": ["<|endoftext|>", "a", "b", "ab", "  ", "[PAD7]"],
        "tokenizer.ggml.token_type": [3, 1, 1, 1, 4, 4],
        "tokenizer.ggml.merges": ["a b"],
    }
    document = tokenizer_document("gpt-neox", gguf(values))
    assert [token["content"] for token in document["added_tokens"]] == ["<|endoftext|>", "  "]
    tokenizer = Tokenizer.from_str(content_of_document(plain_document(document)).decode())
    assert tokenizer.encode("ab  ab").ids == [3, 4, 3]


def test_plain_documents_lose_markers_alone() -> None:
    """Markers are removed, white space and single characters stay, and no merge forms a marker's name."""
    tokens = [("<s>", True), ("<think>", False), ("  ", False), ("õ", False)]
    document = {
        "added_tokens": [{"content": content, "special": special} for content, special in tokens],
        "model": {"type": "BPE", "vocab": {}, "merges": ["< s>", ["s", ">"]]},
        "post_processor": {"type": "x"},
    }
    plain = plain_document(document)
    assert [token["content"] for token in plain["added_tokens"]] == ["  ", "õ"]
    assert plain["model"]["merges"] == [["s", ">"]]
    assert "post_processor" not in plain


def test_runs_of_white_space_follow_the_vocabulary() -> None:
    """CodeGen's runs are numbered on from the last entry: 30 of spaces, the longest first, then 8 of tabs."""
    document = with_runs_of_white_space(
        {"added_tokens": [], "model": {"vocab": dict.fromkeys(map(str, range(50257)), 0)}}
    )
    added = document["added_tokens"]
    assert [(added[place]["id"], len(added[place]["content"])) for place in (0, 29, 30, 37)] == [
        (50257, 31), (50286, 2), (50287, 9), (50294, 2),
    ]  # fmt: skip


def test_a_source_distribution_is_described_without_running_it(tmp_path: Path) -> None:
    """In the place of a build backend, name and version come from PKG-INFO, in a process that imports nothing else."""
    sdist.put_in_place_of_backends(tmp_path / "backends")
    (tmp_path / "PKG-INFO").write_text(
        "Metadata-Version: 2.1\nName: a-package\nVersion: 1.5\n\nText\n", encoding="utf-8"
    )
    call = "from setuptools.build_meta import *; print(prepare_metadata_for_build_wheel('out'))"
    (tmp_path / "out").mkdir()
    environment = {"PYTHONPATH": str(tmp_path / "backends")}
    done = subprocess.run(
        [sys.executable, "-c", call], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "a_package-1.5.dist-info"
    assert "Version: 1.5" in (tmp_path / "out" / "a_package-1.5.dist-info" / "METADATA").read_text(encoding="utf-8")

"""Documents of vocabularies that no package has as a tokenizer.json, from small files made here."""

import gzip
import json
import struct
from itertools import accumulate
from typing import Any

import pytest
from tokenizers import Tokenizer

from tokenizer_registry.building.conversion import plain_document, with_stated_words, without_prepended_space
from tokenizer_registry.building.documents import bert_document, clip_document, t5_document


def pieces_of(document: dict[str, Any], text: str) -> list[str]:
    """Return the pieces that the library cuts a text into."""
    pieces: list[str] = Tokenizer.from_str(json.dumps(document)).encode(text, add_special_tokens=False).tokens
    return pieces


def test_clip_lowers_and_ends_words() -> None:
    """The first line is no merge; the last symbol of a word is another one than inside of it."""
    content = gzip.compress(b'"heading\nc a\nca t</w>\na t\n')
    assert pieces_of(clip_document(content), "CAT catty") == ["cat</w>", "ca", "t", "t", "y</w>"]


def test_bert_keeps_case() -> None:
    """Pieces that begin a word have a space in BlingFire's list; the others continue one."""
    words = [b" [PAD]", b" [UNK]", b" [CLS]", b" [SEP]", b" [MASK]", b" Weigh", b"bridge", b" !"]
    begins = list(accumulate(map(len, words), initial=0))
    chunk = struct.pack(f"<I{len(begins)}I", len(words), *begins) + b"".join(words)
    content = struct.pack("<4I", 3, 16, 16, 16 + len(chunk)) + chunk
    assert pieces_of(bert_document(content), "Weighbridge! weigh") == ["Weigh", "##bridge", "!", "[UNK]"]


def test_t5_drops_white_space_at_the_end() -> None:
    """The bytes of the array are the document, to which the step is added in the second place."""
    document = {"normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "NFKC"}]}}
    written = ", ".join(hex(byte) for byte in json.dumps(document).encode())
    found = t5_document(f"static const unsigned char t5_tokenizer_json_str[] = {{\n{written},\n}};".encode())
    assert [step["type"] for step in found["normalizer"]["normalizers"]] == ["NFC", "Strip", "NFKC"]


def test_another_header_is_refused() -> None:
    """A header without the array stops the build."""
    with pytest.raises(ValueError, match="no array"):
        t5_document(b"static const unsigned char other[] = {0x7b};")


def test_a_stated_word_stays_and_a_marker_goes() -> None:
    """Of two added tokens the one that is stated to be a word is shipped, as its owner wrote it."""
    added = [{"content": content, "special": False} for content in ("<code>", "<think>")]
    document = {"version": "1.0", "added_tokens": added, "model": {"type": "BPE", "merges": []}}
    assert plain_document(with_stated_words(document, ("<code>",)))["added_tokens"] == [added[0]]


def test_no_space_is_put_in_front() -> None:
    """Only that step is left out."""
    steps = [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace"}]
    document = {"normalizer": {"type": "Sequence", "normalizers": steps}}
    assert without_prepended_space(document)["normalizer"]["normalizers"] == steps[1:]

"""Reading a packed vocabulary file: both digests are checked before anything is built from it."""

import hashlib
import lzma
from pathlib import Path

from tokenizer_registry.errors import DamagedVocabulary
from tokenizer_registry.spec import VocabularySpec


def unpack(spec: VocabularySpec, folder: Path) -> bytes:
    """The unpacked content of the vocabulary's file in `folder`. Raises DamagedVocabulary."""
    content = lzma.decompress(check(spec, folder))
    _check(spec.name, folder / spec.file, spec.sha256, content)
    return content


def check(spec: VocabularySpec, folder: Path) -> bytes:
    """The vocabulary's packed file, which is the one that was shipped. Raises DamagedVocabulary."""
    path = folder / spec.file
    try:
        packed = path.read_bytes()
    except OSError as error:
        raise DamagedVocabulary(spec.name, path, spec.packed_sha256, error.strerror or "no file") from error
    _check(spec.name, path, spec.packed_sha256, packed)
    return packed


def _check(name: str, path: Path, expected: str, content: bytes) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise DamagedVocabulary(name, path, expected, found)

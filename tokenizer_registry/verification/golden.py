"""Counts of the corpus, recorded when the vocabularies were built, with the owners' original files."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class GoldenCounts:
    """Tokens of each piece of the corpus, by vocabulary; `corpus_sha256` tells which corpus."""

    corpus_sha256: str
    counts: Mapping[str, tuple[int, ...]]


def read_golden_counts(folder: Path) -> GoldenCounts:
    """From golden_counts.json in the vocabularies' folder."""
    document = json.loads((folder / "golden_counts.json").read_text(encoding="utf-8"))
    return GoldenCounts(document["corpus_sha256"], {name: tuple(counts) for name, counts in document["counts"].items()})


def corpus_sha256(pieces: Iterable[str]) -> str:
    """The digest of the pieces, one after the other, in UTF-8."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece.encode("utf-8"))
    return digest.hexdigest()

"""Counts of the owners' libraries, kept in a folder: they take most of an hour and do not change with the engines."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

Counts = Callable[[Sequence[str]], list[int]]


class KeptCounts:
    """Counts batches of texts with one vocabulary; what was counted before is read from a file of the folder.

    A batch is known by the digest of its texts, a vocabulary by that of its content: another text or vocabulary is
    counted anew.
    """

    def __init__(self, count: Counts, folder: Path | None, vocabulary_sha256: str) -> None:
        self._count = count
        self._path = folder / f"{vocabulary_sha256}.jsonl" if folder is not None else None
        self._known: dict[str, list[int]] = {}
        if self._path is not None and self._path.exists():
            self._known = dict(map(json.loads, self._path.read_text(encoding="utf-8").splitlines()))

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text."""
        if self._path is None:
            return self._count(texts)
        digest = _digest(texts)
        if digest not in self._known:
            self._known[digest] = self._count(texts)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([digest, self._known[digest]]) + "\n")
        return self._known[digest]


def _digest(texts: Sequence[str]) -> str:
    found = hashlib.sha256()
    for text in texts:
        content = text.encode("utf-8")
        found.update(b"%d:" % len(content))
        found.update(content)
    return found.hexdigest()

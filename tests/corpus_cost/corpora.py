"""Corpora made from a seed: texts in many scripts, of very unlike lengths, no two alike."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tokenizer_registry.verification.corpus import corpus


def texts(count: int, seed: int, median_bytes: int = 400, spread: float = 1.2) -> Iterator[str]:
    """Texts whose lengths are log-normal, each put together from pieces of the verification corpus."""
    chance = random.Random(seed)
    pieces = list(corpus())
    for number in range(count):
        length = int(chance.lognormvariate(0, spread) * median_bytes) + 1
        parts = [f"{number} "]
        while length > 0:
            piece = chance.choice(pieces)
            begin = chance.randrange(len(piece))
            parts.append(piece[begin : begin + min(length, 2_000)])
            length -= len(parts[-1]) + 1
        yield "".join(parts)


def write_jsonl(path: Path, rows: list[Any]) -> Path:
    """A file of JSON lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path

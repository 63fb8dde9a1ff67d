"""Totals by a plain loop with the reference libraries, kept part by part, so that they are worked out once."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from pricing_data import PriceBook, Terms, Usage
from tests.corpus_cost.conftest import DAY
from tokenizer_registry import Registry
from tokenizer_registry.packed import unpack
from tokenizer_registry.processors import usable_processors
from tokenizer_registry.verification.references import CountAll, reference_counter

# The models of five vocabularies: byte-level of two kinds, SentencePiece, and one with its own rules.
MODELS = (
    "gpt-4o",
    "gpt-4.1",
    "gpt-4",
    "gpt-3.5-turbo",
    "claude-2.1",
    "claude-2.0",
    "gemini-2.5-pro",
    "gemini-2.5-flash",
    "deepseek-chat",
    "deepseek-reasoner",
)
Totals = Mapping[str, tuple[int, Decimal]]
# Gives the texts of one part of a corpus; it is sent to another process.
Part = Callable[[], list[str]]


class Counted(NamedTuple):
    """The totals of one part, under the digest of its texts."""

    digest: str
    bytes: int
    totals: Totals


def reference_totals(parts: Sequence[Part], kept: Path) -> tuple[Totals, int]:
    """Tokens and cost of each model, and the bytes of all texts. Parts that are in `kept` already are not counted."""
    known = _kept(kept)
    tokens, usd, size = dict.fromkeys(MODELS, 0), dict.fromkeys(MODELS, Decimal()), 0
    with get_context("spawn").Pool(usable_processors()) as pool, kept.open("a") as file:
        for part in pool.imap_unordered(partial(_counted, known), parts):
            if part.digest not in known:
                written = {model: [count, str(amount)] for model, (count, amount) in part.totals.items()}
                file.write(json.dumps([part.digest, part.bytes, written]) + "\n")
                file.flush()
            size += part.bytes
            for model, (count, amount) in part.totals.items():
                tokens[model] += count
                usd[model] += amount
    return {model: (tokens[model], usd[model]) for model in MODELS}, size


def _kept(path: Path) -> dict[str, Counted]:
    """What an earlier run has counted; a line that was not written to its end is left out."""
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    whole = "".join(line for line in lines if line.endswith("\n"))
    path.write_text(whole)
    found = {}
    for line in whole.splitlines():
        digest, size, totals = json.loads(line)
        found[digest] = Counted(digest, size, {name: (row[0], Decimal(row[1])) for name, row in totals.items()})
    return found


def _counted(known: Mapping[str, Counted], part: Part) -> Counted:
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    texts = part()
    encoded = [text.encode() for text in texts]
    digest = sha256(b"".join(sha256(content).digest() for content in encoded)).hexdigest()
    return known.get(digest) or Counted(digest, sum(map(len, encoded)), _totals(texts))


def _totals(texts: Sequence[str]) -> Totals:
    """One call a text, each priced by itself."""
    registry, book = _shipped()
    counts: dict[str, list[int]] = {}
    found = {}
    for model in MODELS:
        name = str(registry.models[model].vocabulary)
        if name not in counts:
            counts[name] = _reference(name)(texts)
        found[model] = (sum(counts[name]), sum((_call(book, model, tokens) for tokens in counts[name]), Decimal()))
    return found


@lru_cache
def _shipped() -> tuple[Registry, PriceBook]:
    return Registry.from_package(), PriceBook.from_package()


@lru_cache
def _reference(name: str) -> CountAll:
    registry, _ = _shipped()
    spec = registry.vocabularies[name]
    return reference_counter(spec, unpack(spec, registry.folder_of(name)))


@lru_cache(maxsize=1_000_000)
def _call(book: PriceBook, model: str, tokens: int) -> Decimal:
    return book.call_cost(model, Usage(tokens), Terms(DAY)).total

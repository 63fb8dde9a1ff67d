"""A large generated Parquet file for ten models of five vocabularies, against a plain loop with other libraries.

`python -m tests.estimation.prove 1000` makes 1,000 MB of texts, has `weighbridge estimate` count them, counts them
again with the references of `weighbridge vocab verify`, prices every call by itself, and compares: to the token, and
to the last decimal.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from pricing_data import PriceBook
from tests.estimation.conftest import DAY
from tests.estimation.memory import Watched
from tokenizer_registry import Registry
from tokenizer_registry.packed import unpack
from tokenizer_registry.verification.corpus import corpus
from tokenizer_registry.verification.references import reference_counter

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
ROWS_A_GROUP = 20_000
ONE_IN_MIXED = 20
LONGEST_WORD = 13

Totals = dict[str, tuple[int, str]]


class Outcome(NamedTuple):
    """What both sides found, and how: the estimate's seconds, and the most memory of all its processes."""

    estimated: Totals
    looped: Totals
    seconds: float
    peak_bytes: int
    text_bytes: int


def texts(megabytes: int, seed: int = 1) -> Iterator[str]:
    """Different texts of about so many bytes in all: prose in words, and one in twenty of scripts, code and signs."""
    chance = random.Random(seed)
    pieces = list(corpus())
    words = sorted({word for piece in pieces for word in piece.split() if is_word(word)})
    left = megabytes * 1_000_000
    number = 0
    while left > 0:
        number += 1
        if number % ONE_IN_MIXED == 0:
            text = f"{number} {chance.choice(pieces)}"
        else:
            text = f"{number} " + " ".join(chance.choices(words, k=int(chance.lognormvariate(5, 1))))
        left -= len(text.encode())
        yield text


def is_word(text: str) -> bool:
    """Whether it is like a word of English."""
    return text.isascii() and text.isalpha() and len(text) <= LONGEST_WORD


def write_parquet(path: Path, megabytes: int) -> int:
    """A file with the texts, written group by group; answers their bytes."""
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    schema = arrow.schema([("id", arrow.int64()), ("text", arrow.string())])
    group: list[str] = []
    total = written = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for text in texts(megabytes):
            group.append(text)
            total += len(text.encode())
            if len(group) == ROWS_A_GROUP:
                writer.write_table(arrow.table([range(written, written + len(group)), group], schema=schema))
                written += len(group)
                group = []
        writer.write_table(arrow.table([range(written, written + len(group)), group], schema=schema))
    return total


def estimated(path: Path, data: Path, *options: str) -> tuple[Totals, float, int]:
    """What the command finds, its seconds, and the most memory that it took."""
    names = [word for model in MODELS for word in ("--model", model)]
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "estimate", str(path), *names, "--as-of", str(DAY), "--json", *options],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "WEIGHBRIDGE_DATA_DIR": str(data)},
    )  # fmt: skip
    watched = Watched(process)
    output, _ = process.communicate()
    seconds = time.monotonic() - began
    peak_bytes = watched.stop()
    assert process.returncode == 0, process.returncode
    rows: list[dict[str, Any]] = json.loads(output, parse_float=Decimal)["models"]
    return {row["model"]: (row["input_tokens"], str(+row["cost_usd"])) for row in rows}, seconds, peak_bytes


def looped(path: Path) -> Totals:
    """The same by a plain loop with the references, one call a text; row groups are shared among the cores."""
    parquet = import_module("pyarrow.parquet")
    groups = range(parquet.ParquetFile(path).num_row_groups)
    tokens, usd = dict.fromkeys(MODELS, 0), dict.fromkeys(MODELS, Decimal())
    with get_context("spawn").Pool(len(os.sched_getaffinity(0))) as pool:
        for part in pool.imap_unordered(_group, [(path, group) for group in groups]):
            for model, (count, amount) in part.items():
                tokens[model] += count
                usd[model] += amount
    return {model: (tokens[model], str(usd[model])) for model in MODELS}


def _group(task: tuple[Path, int]) -> Mapping[str, tuple[int, Decimal]]:
    """The totals of one row group."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    path, group = task
    parquet = import_module("pyarrow.parquet")
    column = parquet.ParquetFile(path).read_row_group(group, columns=["text"]).column(0).to_pylist()
    registry, book = _shipped()
    counts: dict[str, list[int]] = {}
    found = {}
    for model in MODELS:
        name = str(registry.models[model].vocabulary)
        if name not in counts:
            counts[name] = _reference(name)(column)
        found[model] = (sum(counts[name]), sum((_call(book, model, tokens) for tokens in counts[name]), Decimal()))
    return found


@lru_cache
def _shipped() -> tuple[Registry, PriceBook]:
    return Registry.from_package(), PriceBook.from_package()


@lru_cache
def _reference(name: str) -> Any:
    registry, _ = _shipped()
    spec = registry.vocabularies[name]
    return reference_counter(spec, unpack(spec, registry.folder_of(name)))


@lru_cache(maxsize=1_000_000)
def _call(book: PriceBook, model: str, tokens: int) -> Decimal:
    return book.call_cost(model, tokens, at=DAY).total


def prove(megabytes: int, folder: Path, *options: str) -> Outcome:
    """Make, estimate, count again."""
    path = folder / "texts.parquet"
    text_bytes = write_parquet(path, megabytes)
    found, seconds, peak_bytes = estimated(path, folder / "data", *options)
    speed = text_bytes / seconds / 1e6
    sys.stdout.write(
        f"{text_bytes:,} bytes of texts, {seconds:.0f} s ({speed:.1f} MB/s for all five vocabularies), "
        f"most memory of all processes {peak_bytes / 1e6:.0f} MB\n"
    )
    sys.stdout.flush()
    return Outcome(found, looped(path), seconds, peak_bytes, text_bytes)


def main() -> None:
    """Print both sides, and fail where they differ."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = prove(int(sys.argv[1]), Path(folder), *sys.argv[2:])
    for model in MODELS:
        same = "same" if same_totals(outcome, model) else "DIFFERENT"
        sys.stdout.write(f"{model}: {outcome.estimated[model]} {outcome.looped[model]} {same}\n")
    sys.exit(0 if all(same_totals(outcome, model) for model in MODELS) else 1)


def same_totals(outcome: Outcome, model: str) -> bool:
    """Whether both sides have the same tokens and the same amount."""
    (tokens, usd), (other_tokens, other_usd) = outcome.estimated[model], outcome.looped[model]
    return tokens == other_tokens and Decimal(usd) == Decimal(other_usd)


if __name__ == "__main__":
    main()

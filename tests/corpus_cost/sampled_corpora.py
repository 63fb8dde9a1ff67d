"""Twenty corpora that are as unlike as corpora are, for the check of samples against full counts.

`python -m tests.corpus_cost.sampled_corpora 20` makes each of about 20 MB, estimates it by `--sample 1%` and in full,
and tells how often the interval holds the true cost.
"""

import csv
import gzip
import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner

from service.cli.main import main
from tests.corpus_cost.conftest import DAY
from tokenizer_registry.verification.corpus import corpus

MODEL = "gpt-4o"


class Kind(NamedTuple):
    """One corpus: how long its texts are, in log-normal terms, what they are made of, and how they lie."""

    median_bytes: int
    spread: float
    mix: str
    form: str
    options: tuple[str, ...] = ()


KINDS = (
    Kind(300, 0.3, "prose", "jsonl"),
    Kind(300, 1.0, "prose", "jsonl"),
    Kind(800, 2.0, "prose", "jsonl"),
    Kind(200, 2.5, "mixed", "jsonl"),
    Kind(2_000, 1.5, "mixed", "jsonl"),
    Kind(60, 1.0, "mixed", "jsonl"),
    Kind(500, 1.5, "sorted", "jsonl"),
    Kind(500, 1.5, "one in fifty", "jsonl"),
    Kind(400, 1.2, "long ones differ", "jsonl"),
    Kind(900, 1.0, "mixed", "csv"),
    Kind(300, 2.0, "one in fifty", "csv"),
    Kind(300, 2.0, "sorted", "csv.gz"),
    Kind(1_500, 1.5, "mixed", "jsonl.gz"),
    Kind(1_000, 1.0, "prose", "parquet"),
    Kind(500, 2.5, "mixed", "parquet"),
    Kind(300, 1.5, "long ones differ", "parquet"),
    Kind(3_000, 1.5, "sorted", "parquet"),
    Kind(4_000, 1.5, "mixed", "files"),
    Kind(4_000, 2.0, "one in fifty", "files"),
    Kind(400, 1.0, "mixed", "jsonl", ("--output-tokens", "30%", "--cached-share", "20%")),
)


class Check(NamedTuple):
    """A sample against the full count, in USD."""

    low: Decimal
    estimate: Decimal
    high: Decimal
    true: Decimal

    @property
    def holds(self) -> bool:
        """Whether the interval has the true cost in it."""
        return self.low <= self.true <= self.high


def check(number: int, folder: Path, bytes_wanted: int) -> Check:
    """Make a corpus, and estimate it both ways."""
    kind = KINDS[number]
    path = write(folder, kind, texts(kind, number, bytes_wanted))
    sampled = _report(path, *kind.options, "--sample", "1%", "--seed", str(number))
    low, high = sampled["cost_interval_usd"]
    return Check(low, sampled["cost_usd"], high, _report(path, *kind.options)["cost_usd"])


def texts(kind: Kind, seed: int, bytes_wanted: int) -> Iterator[str]:
    """The texts, until there are as many bytes as wanted."""
    chance = random.Random(seed)
    pieces = list(corpus(seed=seed + 1))
    words = [word for piece in pieces for word in piece.split() if word.isascii() and word.isalpha()]
    done = number = 0
    while done < bytes_wanted:
        number += 1
        length = int(kind.median_bytes * chance.lognormvariate(0, kind.spread)) + 1
        dense = is_dense(kind, number, length, done / bytes_wanted)
        body = "".join(chance.choices(pieces, k=length // 4_000 + 1)) if dense else prose(chance, words, length)
        text = f"{number} {body}"[:length]
        done += len(text.encode()) + 1
        yield text


def is_dense(kind: Kind, number: int, length: int, place: float) -> bool:
    """Whether a text is of scripts, code and signs, which have many more tokens in a byte than prose."""
    match kind.mix:
        case "mixed":
            return number % 3 == 0
        case "sorted":
            return place > 0.7
        case "one in fifty":
            return number % 50 == 0
        case "long ones differ":
            return length > 3 * kind.median_bytes
        case _:
            return False


def prose(chance: random.Random, words: list[str], length: int) -> str:
    """Words of about so many bytes in all."""
    return " ".join(chance.choices(words, k=length // 5 + 1))


def write(folder: Path, kind: Kind, rows: Iterator[str]) -> Path:
    """The corpus in its form."""
    path = folder / f"corpus.{kind.form}"
    writers: dict[str, Callable[[Path, Iterator[str]], None]] = {
        "jsonl": _jsonl, "jsonl.gz": _jsonl, "csv": _csv, "csv.gz": _csv, "parquet": _parquet, "files": _files,
    }  # fmt: skip
    writers[kind.form](path, rows)
    return path


def _jsonl(path: Path, rows: Iterator[str]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") if path.suffix == ".gz" else path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"id": number, "text": text}) + "\n" for number, text in enumerate(rows))


def _csv(path: Path, rows: Iterator[str]) -> None:
    packed = path.suffix == ".gz"
    with gzip.open(path, "wt", newline="") if packed else path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "text"), *enumerate(rows)])


def _parquet(path: Path, rows: Iterator[str]) -> None:
    table = import_module("pyarrow").table({"text": list(rows)})
    import_module("pyarrow.parquet").write_table(table, path, row_group_size=2_000)


def _files(path: Path, rows: Iterator[str]) -> None:
    path.mkdir()
    for number, text in enumerate(rows):
        (path / f"{number}.txt").write_text(text, encoding="utf-8", newline="")


def _report(path: Path, *options: str) -> dict[str, Any]:
    given = ["estimate", str(path), "-m", MODEL, "--as-of", str(DAY), "--json", *options]
    data = {"WEIGHBRIDGE_DATA_DIR": str(path.parent / "data")}
    done = CliRunner().invoke(main, given, env=data)
    models: list[dict[str, Any]] = json.loads(done.stdout, parse_float=Decimal)["models"]
    return models[0]


def main_() -> None:
    """Check all, and fail if fewer than 18 intervals hold."""
    held = 0
    for number, kind in enumerate(KINDS):
        with tempfile.TemporaryDirectory() as folder:
            found = check(number, Path(folder), int(sys.argv[1]) * 1_000_000)
        held += found.holds
        off, reach = (float(amount / found.true) for amount in (found.estimate - found.true, found.high - found.low))
        told = f"off {off:+.2%}, interval {reach:.2%} wide, {'holds' if found.holds else 'DOES NOT HOLD'}"
        sys.stdout.write(f"{kind.form}, {kind.mix}, {kind.median_bytes} B, spread {kind.spread}: {told}\n")
    sys.stdout.write(f"{held} of {len(KINDS)} intervals hold the true cost\n")
    sys.exit(0 if held >= 18 else 1)


if __name__ == "__main__":
    main_()

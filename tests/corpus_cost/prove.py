"""Large corpora for ten models of five vocabularies, against a plain loop with other libraries.

`python -m tests.corpus_cost.prove 1000` makes 1,000 MB of texts as Parquet and takes this repository's text files.
`weighbridge estimate` counts both; the references of `weighbridge vocab verify` count them again, and every call is
priced by itself: to the token, and to the last decimal. `--keep FOLDER` keeps the texts and what the references found,
part by part, so that a run that was stopped continues, and changed code is compared immediately.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from tests.corpus_cost.conftest import DAY
from tests.corpus_cost.large_corpora import file_texts, generated_parquet, group_texts, groups_of, tracked_texts
from tests.corpus_cost.memory import Watched
from tests.corpus_cost.reference_totals import MODELS, Part, Totals, reference_totals

FILES_A_PART = 50


class Corpus(NamedTuple):
    """What is estimated, with the options that it needs, and its texts for the references."""

    name: str
    inputs: Sequence[str]
    options: Sequence[str]
    parts: Sequence[Part]


class Estimated(NamedTuple):
    """What the command found, its seconds, and the most memory of all its processes."""

    totals: Totals
    seconds: float
    peak_bytes: int


def corpora(megabytes: int, folder: Path) -> list[Corpus]:
    """The generated file, and the sources of this repository."""
    path, files = generated_parquet(folder, megabytes), tracked_texts()
    groups = [partial(group_texts, path, group) for group in range(groups_of(path))]
    pieces = [partial(file_texts, files[at : at + FILES_A_PART]) for at in range(0, len(files), FILES_A_PART)]
    return [
        Corpus("own sources", [str(file) for file in files], ["--format", "text"], pieces),
        Corpus("generated Parquet", [str(path)], [], groups),
    ]


def estimated(corpus: Corpus, data: Path, options: Sequence[str]) -> Estimated:
    """Run `weighbridge estimate` on a corpus, and return what it printed and used."""
    names = [word for model in MODELS for word in ("--model", model)]
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "estimate", *names, "--as-of", str(DAY), "--json",
         *corpus.options, *options, "--", *corpus.inputs],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "WEIGHBRIDGE_DATA_DIR": str(data)},
    )  # fmt: skip
    watched = Watched(process)
    output, _ = process.communicate()
    seconds = time.monotonic() - began
    peak_bytes = watched.stop()
    assert process.returncode == 0, process.returncode
    rows: list[dict[str, Any]] = json.loads(output, parse_float=Decimal)["models"]
    return Estimated(
        {row["model"]: (row["input_tokens"], Decimal(row["cost_usd"])) for row in rows}, seconds, peak_bytes
    )


def prove(corpus: Corpus, folder: Path, options: Sequence[str]) -> bool:
    """Estimate, count again, print both; answers whether they are the same."""
    found = estimated(corpus, folder / "data", options)
    totals, size = reference_totals(corpus.parts, folder / "references.jsonl")
    sys.stdout.write(
        f"{corpus.name}: {size:,} bytes of texts, {found.seconds:.0f} s ({size / found.seconds / 1e6:.1f} MB/s for all "
        f"five vocabularies), most memory of all processes {found.peak_bytes / 1e6:.0f} MB\n"
    )
    for model in MODELS:
        same = "same" if found.totals[model] == totals[model] else "DIFFERENT"
        sys.stdout.write(f"{model}: {show(found.totals, model)}; references {show(totals, model)}: {same}\n")
    sys.stdout.flush()
    return found.totals == totals


def show(totals: Totals, model: str) -> str:
    """Return one model's tokens and cost as text."""
    tokens, usd = totals[model]
    return f"{tokens:,} tokens, {usd.normalize():f} USD"


def main() -> None:
    """Prove, and fail where they differ. Options that are not known here are given to `weighbridge estimate`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("megabytes", type=int)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--references-only", action="store_true")
    given, options = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        chosen = corpora(given.megabytes, folder)
        if given.references_only:
            for corpus in chosen:
                reference_totals(corpus.parts, folder / "references.jsonl")
            return
        outcomes = [prove(corpus, folder, options) for corpus in chosen]
    sys.exit(0 if all(outcomes) else 1)


if __name__ == "__main__":
    main()

"""Compare every engine with its reference on texts of many kinds.

`python -m tests.engine_equality [--keep FOLDER] [VOCABULARY...]`; the references' counts are kept in the folder.
"""

import sys
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import click

from tests.engine_equality.comparison import Comparison
from tests.engine_equality.fuzz import fuzzed_texts
from tests.engine_equality.texts import fixed_texts, generated_texts
from tests.hostile_inputs import hostile_texts
from tokenizer_registry import Registry

GENERATED_BYTES = 20_000_000
FUZZED_TEXTS = 200_000
# Some references need a minute for a million of one character; the recorded counts hold those (test_hostile.py).
HOSTILE_CHARACTERS = 100_000
SHOWN = 5


@click.command()
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="Folder for the references' counts.")
@click.argument("names", nargs=-1)
def main(names: tuple[str, ...], keep: Path | None) -> None:
    """One line a vocabulary; fails if any engine differs."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    registry = Registry.from_package()
    failed = False
    for name in names or list(registry.vocabularies):
        started = time.monotonic()
        comparison = Comparison(registry, name, keep)
        found = list(_first(comparison))
        seconds = time.monotonic() - started
        click.echo(f"{name:22} {'DIFFERS' if found else 'equal'}  {seconds:.0f} s")
        for difference in found:
            click.echo(f"    {difference}"[:300])
        failed = failed or bool(found)
    sys.exit(int(failed))


def _first(comparison: Comparison) -> Iterator[object]:
    hostile = (text for _, text, _ in hostile_texts() if len(text) <= HOSTILE_CHARACTERS and is_text(text))
    fuzzed = fuzzed_texts(1, FUZZED_TEXTS, comparison.tokens())
    texts = chain(fixed_texts(), hostile, fuzzed, generated_texts(2, GENERATED_BYTES))
    differences = comparison.differences(texts)
    yield from (difference for difference, _ in zip(differences, range(SHOWN), strict=False))


def is_text(text: str) -> bool:
    """Whether there is no lone surrogate in it."""
    return text == text.encode("utf-8", "replace").decode("utf-8")


if __name__ == "__main__":
    main()

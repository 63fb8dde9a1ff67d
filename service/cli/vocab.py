"""`weighbridge vocab`: list, verify, fetch and add vocabularies."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click

from service.cli.catalogue import extra_folder, load_registry
from service.cli.lazy import LazyGroup
from service.cli.table import CellValue, Column, TableCell, print_table, say
from tokenizer_registry import Registry, VocabularySpec
from tokenizer_registry.processors import usable_processors
from tokenizer_registry.verification.verify import Verification, verify

ENGINES = {
    "tiktoken": "tiktoken",
    "sentencepiece": "sentencepiece",
    "huggingface": "tokenizers",
    "longest-match": "rwkv",
}
PLACES = {"add": "vocab_add:add", "fetch": "vocab_fetch:fetch", "calibrate": "vocab_calibrate:calibrate"}
COLUMNS = (
    Column("name", "name"),
    Column("size", "number"),
    Column("models", "number"),
    Column("counts"),
    Column("licence class"),
    Column("source"),
    Column("engine"),
    Column("format"),
)


@click.group(cls=LazyGroup, places=PLACES)
def vocab() -> None:
    """List, verify, fetch and add vocabularies."""


@vocab.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def list_(as_json: bool) -> None:
    """List the vocabularies, and those that can be fetched."""
    registry = load_registry()
    users = Counter(model.vocabulary for model in registry.models.values())
    for estimator in registry.estimates.estimators.values():
        if estimator.vocabulary in registry.estimates.reconstructions:
            users[estimator.vocabulary] += len(estimator.models)
    rows: list[dict[str, Any]] = [
        {
            "name": spec.name,
            "size": spec.packed_bytes,
            "format": str(spec.format),
            "licence class": str(spec.licence.licence_class),
            "licence": spec.licence.name,
            "engine": ENGINES.get(spec.format, str(spec.format)),
            "source": f"{spec.source.package} {spec.source.version}",
            "models": users[spec.name],
            "counts": "exact" if spec.name in registry.vocabularies else "estimates",
            "sha256": spec.sha256,
        }
        for spec in _specs(registry)
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    print_table(COLUMNS, [[_value(row, column.heading) for column in COLUMNS] for row in rows])
    say(f"{len(rows)} vocabularies.")
    for name, absent in registry.fetchable.items():
        say(f"{name} is not installed ({absent.licence}). Run: weighbridge vocab fetch {name}")


def _specs(registry: Registry) -> list[VocabularySpec]:
    """Return the vocabularies, and the reconstructions that serve estimates only."""
    return [*registry.vocabularies.values(), *registry.estimates.reconstructions.values()]


def _value(row: dict[str, Any], column: str) -> CellValue:
    if column == "size":
        return TableCell(f"{row[column] / 1e6:.2f} MB", str(row[column]))
    value: int | str = row[column]
    return value


@vocab.command("verify")
@click.argument("names", nargs=-1)
def verify_(names: tuple[str, ...]) -> None:
    """Check vocabularies against their reference libraries.

    Checks digests, recorded counts, and the tokens of a megabyte of mixed text.
    """
    registry = load_registry()
    known = [spec.name for spec in _specs(registry)]
    for name in names:
        if name not in known:
            raise click.ClickException(f"There is no vocabulary {name!r}. `weighbridge vocab list` shows them.")
    chosen = names or tuple(known)
    failed = [done.vocabulary for done in _verify_all(chosen, extra_folder()) if not _print_verification(done)]
    if failed:
        raise click.ClickException(f"{len(failed)} of {len(chosen)} vocabularies failed: {', '.join(failed)}.")
    click.echo(f"{len(chosen)} of {len(chosen)} vocabularies verified.")


def _verify_all(names: Sequence[str], extra: Path) -> Iterator[Verification]:
    """Yield the outcome for each vocabulary; several are verified in parallel."""
    if len(names) == 1:
        yield _verify(names[0], extra)
        return
    with ProcessPoolExecutor(min(len(names), usable_processors()), mp_context=get_context("spawn")) as pool:
        yield from pool.map(_verify, names, [extra] * len(names))


def _verify(name: str, extra: Path) -> Verification:
    return verify(Registry.from_package(extra), name)


def _print_verification(done: Verification) -> bool:
    """Print the checks of a vocabulary. Return whether all passed."""
    click.echo(done.vocabulary)
    for check in done.checks:
        mark = click.style("ok    ", "green") if check.passed else click.style("FAILED", "red")
        click.echo(f"  {mark} {check.name}: {check.detail}")
    return done.passed

"""`weighbridge vocab add`: an operator's private vocabulary, and a model that uses it."""

import re
from pathlib import Path

import click

from service.cli.catalogue import extra_folder, load_registry
from tokenizer_registry import Registry
from tokenizer_registry.building.private import Splitting, Unsuitable, private_vocabulary
from tokenizer_registry.extra import add_model, add_vocabulary

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--file", "path", required=True, type=FILE, help="A tokenizer.json, a SentencePiece model or ranks.")
@click.option("--name", required=True, help="What the vocabulary will be called.")
@click.option("--pattern", help="The split pattern of a rank file.")
@click.option("--like", help="A known vocabulary whose pattern and normalizer the rank file has.")
@click.option("--normalizer", type=click.Choice(["NFC", "NFKC"]), help="The normal form that a rank file wants.")
@click.option("--model", help="A model that this vocabulary cuts.")
@click.option("--author", help="Who made the model.")
@click.option("--display-name", help="What the model is called in full; without it, its name.")
def add(
    path: Path,
    name: str,
    pattern: str | None,
    like: str | None,
    normalizer: str | None,
    model: str | None,
    author: str | None,
    display_name: str | None,
) -> None:
    """Add a vocabulary of your own.

    It is checked and put into the data folder; a running server needs a restart."""
    registry, folder = load_registry(), extra_folder()
    # An author of the catalogue keeps its spelling there: two that differ in case would be two authors.
    author = author and {each.author.casefold(): each.author for each in registry.models.values()}.get(
        author.casefold(), author
    )
    _check_name("vocabulary", name, {*registry.vocabularies, *registry.fetchable})
    if model is not None:
        _check_name("model", model, set(registry.models))
    if (model is None) != (author is None) or (display_name is not None and model is None):
        raise click.UsageError("--model and --author go together, and --display-name goes with them.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise click.ClickException(f"Cannot read {path}: {error.strerror}.") from None
    try:
        built = private_vocabulary(name, path.name, content, _splitting(registry, pattern, like, normalizer))
    except Unsuitable as fault:
        raise click.ClickException(str(fault)) from None
    add_vocabulary(folder, built.file, built.packed, built.row)
    if model is not None and author is not None:
        row = {"name": model, "author": author, "display_name": display_name or model, "vocabulary": name}
        add_model(folder, {**row, "evidence": "private: added by the operator"})
    click.echo(f"{name} is in {folder}." + (f" It cuts the model {model}." if model else ""))


def _check_name(kind: str, name: str, taken: set[str]) -> None:
    if not NAME.fullmatch(name):
        raise click.ClickException(
            f"{name!r} is not a name for a {kind}: use lower-case letters, digits, dots, dashes and underscores."
        )
    if name in taken:
        raise click.ClickException(f"There is a {kind} {name!r} already.")


def _splitting(registry: Registry, pattern: str | None, like: str | None, normalizer: str | None) -> Splitting:
    if like is None:
        return Splitting(pattern, normalizer)
    if pattern is not None:
        raise click.UsageError("--pattern and --like exclude each other.")
    known = registry.vocabularies.get(like)
    if known is None or known.pattern is None:
        raise click.ClickException(f"There is no rank vocabulary {like!r} to split like.")
    return Splitting(known.pattern, normalizer or known.normalizer, known.reference_splits)

"""`weighbridge vocab add`: add a private vocabulary, and optionally a model that uses it."""

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
@click.option(
    "--file",
    "path",
    required=True,
    type=FILE,
    help="A tokenizer.json, a SentencePiece model, or a rank file of tiktoken.",
)
@click.option("--name", required=True, help="Name of the vocabulary.")
@click.option("--pattern", help="Split pattern of a rank file.")
@click.option("--like", help="Known vocabulary with the same pattern and normalizer as the rank file.")
@click.option("--normalizer", type=click.Choice(["NFC", "NFKC"]), help="Unicode normal form that a rank file needs.")
@click.option("--model", help="Model that uses the vocabulary.")
@click.option("--author", help="Author of the model.")
@click.option("--display-name", help="Display name of the model (default: its name).")
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

    It is checked and stored in the data folder. Restart a running server to use it.
    """
    registry, folder = load_registry(), extra_folder()
    # Use the catalogue's spelling of the author: a different case would make a second author.
    author = author and {each.author.casefold(): each.author for each in registry.models.values()}.get(
        author.casefold(), author
    )
    _check_name("vocabulary", name, {*registry.vocabularies, *registry.fetchable})
    if model is not None:
        _check_name("model", model, set(registry.models))
    if (model is None) != (author is None) or (display_name is not None and model is None):
        raise click.UsageError("Use --model and --author together; --display-name needs both.")
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
    click.echo(f"Added {name} to {folder}." + (f" The model {model} uses it." if model else ""))


def _check_name(kind: str, name: str, taken: set[str]) -> None:
    if not NAME.fullmatch(name):
        raise click.ClickException(
            f"{name!r} is not a valid name of a {kind}: use lower-case letters, digits, dots, dashes and underscores."
        )
    if name in taken:
        raise click.ClickException(f"The {kind} {name!r} already exists.")


def _splitting(registry: Registry, pattern: str | None, like: str | None, normalizer: str | None) -> Splitting:
    if like is None:
        return Splitting(pattern, normalizer)
    if pattern is not None:
        raise click.UsageError("--pattern and --like cannot be used together.")
    known = registry.vocabularies.get(like)
    if known is None or known.pattern is None:
        raise click.ClickException(f"--like: {like!r} is not a known vocabulary of ranks.")
    return Splitting(known.pattern, normalizer or known.normalizer, known.reference_splits)

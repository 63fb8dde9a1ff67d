"""The registry for commands, and names of models and authors checked against it; faults end the command."""

from collections.abc import Container, Sequence
from pathlib import Path

import click

from service.cli.configuration import configuration
from tokenizer_registry import BadCatalogue, Registry
from weighbridge_base.suggestions import did_you_mean

VOCABULARIES_FOLDER = "vocabularies"


def extra_folder(data_dir: Path | None = None) -> Path:
    """Return the folder of fetched and private vocabularies, without creating it."""
    return (data_dir or configuration().settings.data_dir) / VOCABULARIES_FOLDER


def load_registry(data_dir: Path | None = None) -> Registry:
    """Return the packaged registry with the data folder's vocabularies; an unreadable catalogue ends the command."""
    try:
        return Registry.from_package(extra_folder(data_dir), fast=configuration().settings.engine == "fast")
    except BadCatalogue as error:
        raise click.ClickException(str(error)) from None


def wanted_models(registry: Registry, names: Sequence[str], options: str = "--model") -> list[str]:
    """Return the named models, or the default model. No model at all, or an unknown one, ends the command."""
    default = configuration().settings.default_model
    if not names and default is None:
        raise click.UsageError(f"Name models with {options}, or set WEIGHBRIDGE_DEFAULT_MODEL; --model '*' means all.")
    return known_models(registry, names or (str(default),))


def known_models(registry: Registry, names: Sequence[str], also: Container[str] = ()) -> list[str]:
    """Return the names in order, each once; `*` means all models. An unknown name ends the command.

    Names in `also` are accepted besides those of the catalogue.
    """
    if "*" in names:
        return list(registry.models)
    for name in names:
        if name not in registry.models and name not in also:
            hint = did_you_mean(name, registry.models, "`weighbridge models` lists the known ones.")
            raise click.ClickException(f"There is no model {name!r}. {hint}")
    return list(dict.fromkeys(names))


def known_author(registry: Registry, name: str) -> str:
    """Return the author with the catalogue's spelling; case is ignored. An unknown author ends the command."""
    known = {model.author.casefold(): model.author for model in registry.models.values()}
    if name.casefold() not in known:
        hint = did_you_mean(name, known.values(), "`weighbridge authors` lists the known ones.")
        raise click.ClickException(f"There is no author {name!r}. {hint}")
    return known[name.casefold()]

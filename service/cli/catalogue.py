"""The registry for commands, and names of models and authors checked against it; faults end the command."""

from collections.abc import Sequence
from pathlib import Path

import click

from corpus_cost.model_names import MAX_SHOWN_CHARACTERS, ModelNames, model_hint
from pricing_data.named_models import NamedModel
from service.cli.configuration import configuration
from service.tokens.aliases import BadAliasesFile, read_aliases
from tokenizer_registry import BadCatalogue, Registry
from tokenizer_registry.names import NameResolver
from weighbridge_base.suggestions import did_you_mean

VOCABULARIES_FOLDER = "vocabularies"


def extra_folder(data_dir: Path | None = None) -> Path:
    """Return the folder of fetched and private vocabularies, without creating it."""
    return (data_dir or configuration().settings.data_dir) / VOCABULARIES_FOLDER


def load_registry(data_dir: Path | None = None) -> Registry:
    """Return the packaged registry with the data folder's vocabularies and the operator's aliases.

    An unreadable catalogue or file of aliases ends the command.
    """
    settings = configuration().settings
    try:
        registry = Registry.from_package(extra_folder(data_dir), fast=settings.engine == "fast")
        if settings.aliases is not None:
            registry.names = NameResolver(registry.models, read_aliases(settings.aliases, registry.models))
    except (BadCatalogue, BadAliasesFile) as error:
        raise click.ClickException(str(error)) from None
    return registry


def wanted_models(registry: Registry, names: Sequence[str], options: str = "--model") -> list[str]:
    """Return the names as given, or the default model. No model at all, or an unknown one, ends the command."""
    default = configuration().settings.default_model
    if not names and default is None:
        raise click.UsageError(f"Name models with {options}, or set WEIGHBRIDGE_DEFAULT_MODEL; --model '*' means all.")
    return known_names(registry, names or (str(default),))


def known_names(registry: Registry, names: Sequence[str]) -> list[str]:
    """Return the names as given, each once; `*` means all models. An unknown name ends the command."""
    if "*" in names:
        return list(registry.models)
    for name in names:
        if registry.names.find(name) is None:
            raise unknown_model(registry, name)
    return list(dict.fromkeys(names))


def priced_name(names: ModelNames, name: str) -> NamedModel:
    """Return the model of the price book that a name stands for. An unknown name ends the command."""
    found = names.priced(name)
    if found is None:
        raise unknown_model(names.registry, name)
    return found


def unknown_model(registry: Registry, name: str) -> click.ClickException:
    """Return the fault of an unknown name, with a suggestion."""
    hint = model_hint(registry.names, name, "`weighbridge models` lists the known ones.")
    return click.ClickException(f"There is no model {name[:MAX_SHOWN_CHARACTERS]!r}. {hint}")


def known_author(registry: Registry, name: str) -> str:
    """Return the author with the catalogue's spelling; case is ignored. An unknown author ends the command."""
    known = {model.author.casefold(): model.author for model in registry.models.values()}
    if name.casefold() not in known:
        hint = did_you_mean(name, known.values(), "`weighbridge authors` lists the known ones.")
        raise click.ClickException(f"There is no author {name!r}. {hint}")
    return known[name.casefold()]

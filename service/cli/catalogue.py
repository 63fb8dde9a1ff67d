"""Names given on the command line, checked against the catalogue."""

from collections.abc import Container, Sequence

import click

from service.cli.configuration import configuration
from service.tokens.names import nearest
from tokenizer_registry import Registry


def wanted_models(registry: Registry, names: Sequence[str], options: str = "--model") -> list[str]:
    """Return the models named, else that of the setting. None, or an unknown one, ends the command."""
    default = configuration().settings.default_model
    if not names and default is None:
        raise click.UsageError(f"Name models with {options}, or set WEIGHBRIDGE_DEFAULT_MODEL; --model '*' means all.")
    return known_models(registry, names or (str(default),))


def known_author(registry: Registry, name: str) -> str:
    """Return the author as the catalogue spells it, whatever the case. An unknown one ends the command."""
    known = {model.author.casefold(): model.author for model in registry.models.values()}
    if name.casefold() not in known:
        near = nearest(name, known.values())
        hint = f"Did you mean {near}?" if near else "`weighbridge authors` lists the known ones."
        raise click.ClickException(f"There is no author {name!r}. {hint}")
    return known[name.casefold()]


def known_models(registry: Registry, names: Sequence[str], also: Container[str] = ()) -> list[str]:
    """Return the names in order, each once; `*` means all. An unknown name ends the command with one sentence.

    `also` are names that are known besides the catalogue's.
    """
    if "*" in names:
        return list(registry.models)
    for name in names:
        if name not in registry.models and name not in also:
            near = nearest(name, registry.models)
            hint = f"Did you mean {near}?" if near else "`weighbridge models` lists the known ones."
            raise click.ClickException(f"There is no model {name!r}. {hint}")
    return list(dict.fromkeys(names))

"""Names given on the command line, checked against the catalogue."""

from collections.abc import Sequence

import click

from service.tokens.request import nearest
from tokenizer_registry import Registry


def known_models(registry: Registry, names: Sequence[str]) -> list[str]:
    """The names in order, each once; `*` means all. An unknown name ends the command with one sentence."""
    if "*" in names:
        return list(registry.models)
    for name in names:
        if name not in registry.models:
            near = nearest(name, registry.models)
            hint = f"Did you mean {near}?" if near else "`weighbridge models` lists the known ones."
            raise click.ClickException(f"There is no model {name!r}. {hint}")
    return list(dict.fromkeys(names))

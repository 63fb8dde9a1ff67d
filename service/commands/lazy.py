"""Groups whose commands are imported when they are called: counting need not wait for the stores' libraries."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from service.uncollected import uncollected


class LazyGroup(click.Group):
    """A group that knows where its commands are: `places` has "module:attribute" for each name.

    `summaries`, if given, are the first sentences of their help, so that none is imported to list them.
    """

    def __init__(
        self, *args: Any, places: Mapping[str, str], summaries: Mapping[str, str] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.places = places
        self.summaries = summaries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in order."""
        return sorted({*super().list_commands(ctx), *self.places})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now if need be."""
        if cmd_name not in self.places:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self.places[cmd_name].partition(":")
        with uncollected():
            command: click.Command = getattr(import_module(f"service.commands.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands in the help."""
        if self.summaries is None:
            return super().format_commands(ctx, formatter)
        listed = click.Group(commands=[click.Command(name, help=text) for name, text in self.summaries.items()])
        return listed.format_commands(ctx, formatter)

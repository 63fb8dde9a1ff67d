"""Groups whose commands are imported when they are called: counting need not wait for the stores' libraries."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from service.runtime.startup import gc_paused

# Click cuts off what is longer.
MAX_SENTENCE = 1_000
NO_PLACES: Mapping[str, str] = {}


class LazyGroup(click.Group):
    """A group that knows where its commands are: `places` has "module:attribute" for those that are imported late.

    `summaries`, if given, are the first sentences of their help, so that none is imported to list them.
    """

    def __init__(
        self,
        *args: Any,
        places: Mapping[str, str] = NO_PLACES,
        summaries: Mapping[str, str] | None = None,
        **kwargs: Any,
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
        with gc_paused():
            command: click.Command = getattr(import_module(f"service.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, each with the whole first sentence of its help, broken into lines if need be."""
        with formatter.section("Commands"):
            formatter.write_dl(self._listed(ctx))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the names of commands and options."""
        found = [CompletionItem(name, help=text) for name, text in self._listed(ctx) if name.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def _listed(self, ctx: click.Context) -> list[tuple[str, str]]:
        if self.summaries is not None:
            return sorted(self.summaries.items())
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        return [(name, command.get_short_help_str(MAX_SENTENCE)) for name, command in commands if command]

"""Groups that import a command when it is called, so that `count` does not wait for the libraries of the stores."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from service.runtime.startup import gc_paused

# A length above that of every first sentence: click shortens longer ones.
MAX_SENTENCE = 1_000
NO_PLACES: Mapping[str, str] = {}


class LazyGroup(click.Group):
    """A group with lazily imported commands. `places` maps their names to "module:attribute" in `service.cli`.

    `summaries`, if given, has the first sentence of each command's help, so that listing them imports none.
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
        """Return the names of all commands, sorted."""
        return sorted({*super().list_commands(ctx), *self.places})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name, importing its module if necessary."""
        if cmd_name not in self.places:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self.places[cmd_name].partition(":")
        with gc_paused():
            command: click.Command = getattr(import_module(f"service.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, each with the whole first sentence of its help, wrapped if necessary."""
        with formatter.section("Commands"):
            formatter.write_dl(self._summaries(ctx))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the completions of a command or option name."""
        found = [CompletionItem(name, help=text) for name, text in self._summaries(ctx) if name.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def _summaries(self, ctx: click.Context) -> list[tuple[str, str]]:
        if self.summaries is not None:
            return sorted(self.summaries.items())
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        return [(name, command.get_short_help_str(MAX_SENTENCE)) for name, command in commands if command]

"""Commands that await something."""

import functools
from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, TypeVar

import anyio
import click

from service.data_folder import DataFolderUnusable
from service.pepper import PepperError
from service.stores.errors import StoreError

Options = ParamSpec("Options")
Tools = TypeVar("Tools")


def asynchronous(
    command: Callable[Concatenate[Tools, Options], Awaitable[None]],
) -> Callable[Concatenate[Tools, Options], None]:
    """Run a command in an event loop; a broken store becomes one sentence and exit status 1."""

    @functools.wraps(command)
    def run(tools: Tools, /, *arguments: Options.args, **options: Options.kwargs) -> None:
        try:
            anyio.run(functools.partial(command, tools, *arguments, **options))
        except (StoreError, PepperError, DataFolderUnusable) as error:
            raise click.ClickException(str(error)) from error

    return run

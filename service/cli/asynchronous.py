"""Commands that are coroutines."""

import functools
from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, TypeVar

import anyio
import click

from service.auth.pepper import PepperError
from service.limits import LimitsError
from service.runtime.data_dir import DataFolderUnusable
from service.storage.errors import StoreError

Options = ParamSpec("Options")
Tools = TypeVar("Tools")

FAULTS = (StoreError, LimitsError, PepperError, DataFolderUnusable)


def asynchronous(
    command: Callable[Concatenate[Tools, Options], Awaitable[None]],
) -> Callable[Concatenate[Tools, Options], None]:
    """Run a command in an event loop; a broken store becomes one sentence and exit status 1."""

    @functools.wraps(command)
    def run(tools: Tools, /, *arguments: Options.args, **options: Options.kwargs) -> None:
        try:
            anyio.run(functools.partial(command, tools, *arguments, **options))
        except FAULTS as error:
            raise click.ClickException(str(error)) from error

    return run

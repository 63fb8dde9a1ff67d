"""A bar on the terminal for what takes a while; without a terminal, nothing, and its library is not imported."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """For the time of the block there is a bar, which each call of the answer moves on by one."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    console = import_module("rich.console").Console(stderr=True)
    rich = import_module("rich.progress")
    columns = (rich.SpinnerColumn(), *rich.Progress.get_default_columns(), rich.TimeElapsedColumn())
    with rich.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)

"""Progress bars on standard error. Where that is no terminal, nothing is printed and rich is not imported."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar of `total` steps during the block; each call of the yielded function advances it by one."""
    if not _is_shown():
        yield lambda: None
        return
    rich = import_module("rich.progress")
    columns = (rich.SpinnerColumn(), *rich.Progress.get_default_columns(), rich.TimeElapsedColumn())
    with _bar(columns, what, total) as (bar, task):
        yield lambda: bar.advance(task)


@contextmanager
def share_progress(what: str) -> Iterator[Callable[[float], None]]:
    """Show a bar during the block; the yielded function sets it to a share from 0 to 1."""
    if not _is_shown():
        yield lambda share: None
        return
    rich = import_module("rich.progress")
    columns = (*rich.Progress.get_default_columns(), rich.TimeElapsedColumn())
    with _bar(columns, what, 1.0) as (bar, task):
        yield lambda share: bar.update(task, completed=share)


@contextmanager
def byte_progress(what: str, total_bytes: int) -> Iterator[Callable[[int], None]]:
    """Show bytes, rate and time left during the block; the yielded function advances the bar by a number of bytes."""
    if not _is_shown():
        yield lambda size: None
        return
    rich = import_module("rich.progress")
    columns = (
        rich.SpinnerColumn(),
        rich.BarColumn(),
        rich.DownloadColumn(),
        rich.TransferSpeedColumn(),
        rich.TimeRemainingColumn(),
    )
    with _bar(columns, what, total_bytes) as (bar, task):
        yield lambda size: bar.advance(task, size)


@contextmanager
def _bar(columns: Sequence[Any], what: str, total: float) -> Iterator[tuple[Any, Any]]:
    console = import_module("rich.console").Console(stderr=True)
    with import_module("rich.progress").Progress(*columns, console=console, transient=True) as bar:
        yield bar, bar.add_task(what, total=total)


def _is_shown() -> bool:
    """Return whether standard error is a terminal; it is none if it was closed."""
    return bool(sys.stderr) and sys.stderr.isatty()

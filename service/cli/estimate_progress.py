"""How far an estimate is: bytes, rate, time left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TimeRemainingColumn, TransferSpeedColumn

from corpus_cost.shards import Shard


@contextmanager
def counting_progress(total_bytes: int) -> Iterator[Callable[[Shard], None]]:
    """A bar on a terminal's standard error, for the time of the block; the function moves it by a shard."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("counting", total=total_bytes)
        yield lambda shard: progress.advance(task, shard.bytes)

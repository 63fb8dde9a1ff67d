"""Run every measurement on this machine and print it with what it ran on."""

import platform
import sys
from importlib.metadata import version

from rich.console import Console
from rich.table import Table

from bench.accounts import CALLS, MANY, ROUNDS, many_accounts
from bench.counting import count_speeds
from bench.endpoint import served
from bench.gateway import gateway_table

LIBRARIES = ("tiktoken", "tokenizers", "sentencepiece", "uvicorn", "starlette")


def main() -> None:
    """Print the machine, then the tables."""
    console = Console(width=100)
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    console.print(f"{platform.machine()}, {platform.system()}, Python {sys.version.split()[0]}, {libraries}")
    table = Table("vocabulary", title="Counting, texts not seen before, one thread; medians")
    for column in ("load, s", "2 kB prose, MB/s", "50 kB mixed, MB/s"):
        table.add_column(column, justify="right")
    for row in count_speeds():
        table.add_row(
            row.vocabulary,
            f"{row.load_seconds:.2f}",
            f"{row.small_mb_per_second:.1f}",
            f"{row.large_mb_per_second:.1f}",
        )
    console.print(table)
    endpoint = Table("what", "value", title="The service, one worker, one client, 2 kB text, one model")
    for what, value in served():
        endpoint.add_row(what, value)
    console.print(endpoint)
    rounds = f"medians of {ROUNDS} rounds of {CALLS} calls on each of two servers in turn"
    accounts = Table("what", "one account", f"{MANY:,}", "ratio", title=f"A call among many accounts: {rounds}")
    for compared in many_accounts():
        accounts.add_row(*compared)
    console.print(accounts)
    console.print(gateway_table())


if __name__ == "__main__":
    main()

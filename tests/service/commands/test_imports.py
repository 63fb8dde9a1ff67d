"""What a command waits for before it begins."""

import json
import subprocess
import sys

import pytest

HEAVY = {"redis", "sqlalchemy", "alembic", "uvicorn", "gunicorn", "httpx2", "aiohttp", "argon2", "opentelemetry"}
PROGRAM = (
    "import json, sys; from service.cli import main; main(sys.argv[1:], standalone_mode=False); "
    "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})), file=sys.stderr)"
)


@pytest.mark.parametrize("arguments", [["authors"], ["count", "--model", "gpt-4o", "LICENSE"], ["prices", "status"]])
def test_commands_without_stores_load_none_of_their_libraries(arguments: list[str]) -> None:
    """A command that needs neither stores nor HTTP imports no library of theirs, which would double its time."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], check=True, capture_output=True, text=True)
    assert HEAVY & set(json.loads(done.stderr.splitlines()[-1])) == set()


def test_the_store_begins_before_the_libraries_are_imported() -> None:
    """`serve` has what it needs to take the address and the folder before any of them: they are read meanwhile."""
    program = "import json, sys, service.commands.serve; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert HEAVY & {name.partition(".")[0] for name in json.loads(done.stdout)} == set()

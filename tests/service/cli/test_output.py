"""Commands whose output cannot be written end with a sentence, not with a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")
COMMANDS = ("models", "models gpt-4o", "authors", "count FILE -m gpt-4o", "estimate FILE -m gpt-4o", "cheapest FILE")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("hello", encoding="utf-8")
    return path


def run(command: str, file: Path, redirection: str) -> subprocess.CompletedProcess[str]:
    line = f"{sys.executable} -m weighbridge {command.replace('FILE', str(file))} {redirection}"
    return subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False)


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk_is_named(command: str, file: Path) -> None:
    done = run(command, file, f"> {FULL}")
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("Cannot write the output: No space left on device.")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("stream", [">&-", "2>&-"])
def test_a_closed_stream_is_no_terminal(command: str, stream: str, file: Path) -> None:
    done = run(command, file, stream)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)

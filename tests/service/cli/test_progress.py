"""The progress bar of long work."""

import subprocess
import sys
from io import StringIO

import pytest

from service.cli.progress import progress


class Terminal(StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the bar shows its label and advances."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress("loading vocabularies", 2) as advance:
        advance()
        advance()
    assert "loading vocabularies" in terminal.getvalue()
    assert "100%" in terminal.getvalue()


def test_a_pipe_gets_nothing() -> None:
    """Without a terminal nothing is written, and the library of the bar is not imported."""
    program = (
        "import sys; from service.cli.progress import progress\n"
        "with progress('loading', 2) as advance: advance()\n"
        "sys.exit('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "")

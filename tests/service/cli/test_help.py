"""The help of every command, and the completion of their names."""

import os
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from service.cli.main import main

# Click's own list cuts a sentence off that is longer, beside the longest name, on a terminal of 80 columns.
MAX_SHORT_HELP = 64


Path = tuple[str, ...]


def commands(command: click.Command = main, path: Path = ()) -> Iterator[tuple[Path, click.Command]]:
    """Every command and group with its path."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, (*path, name))


ALL = dict(commands())


@pytest.mark.parametrize("path", [path for path in ALL if path], ids=" ".join)
def test_the_short_help_is_one_whole_sentence(path: Path) -> None:
    """It begins with a capital letter, ends with a full stop, and is short enough for one line."""
    sentence = ALL[path].get_short_help_str(1_000)
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert "..." not in sentence
    assert len(sentence) <= MAX_SHORT_HELP


@pytest.mark.parametrize("width", [80, 50])
@pytest.mark.parametrize("path", [path for path in ALL if isinstance(ALL[path], click.Group)], ids=" ".join)
def test_no_sentence_of_a_list_is_cut_off(path: Path, width: int) -> None:
    """A group lists its commands with their whole sentences, broken into lines on a narrow terminal."""
    shown = CliRunner().invoke(main, [*path, "--help"], terminal_width=width).stdout
    listed = " ".join(shown.partition("Commands:")[2].split())
    below = {name: command for name, command in ALL.items() if name[:-1] == path and name}
    assert below
    for name, command in below.items():
        assert f"{name[-1]} {command.get_short_help_str(1_000)}" in listed


def test_the_shell_completes_names() -> None:
    """Click's completion knows the commands, and imports none of them to list them."""
    environ = {
        **os.environ,
        "_WEIGHBRIDGE_COMPLETE": "bash_complete",
        "COMP_WORDS": "weighbridge co",
        "COMP_CWORD": "1",
    }
    program = (
        "import atexit, sys; atexit.register(lambda: print('service.cli.count' in sys.modules, file=sys.stderr))\n"
        "from service.cli.main import main; main(prog_name='weighbridge')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environ)
    assert done.stdout.split() == ["plain,config", "plain,cost", "plain,count"]
    assert done.stderr.split() == ["False"]

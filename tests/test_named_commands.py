"""Commands that pages, documents and messages name exist, with the options that stand beside them."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from service.cli.main import main

ROOT = Path(__file__).parent.parent
# A word and what follows it in its line: values in braces of templates or in quotes may hold anything.
COMMAND = re.compile(r"weighbridge ((?:[a-z]+|-{1,2}[a-z])(?:\{\{[^}]*\}\}|\\\n|'[^'\n]*'|[^`<{\"'\n|#\\])*)")
PLACES = {
    ROOT / "README.md": r"`[^`\n]+`|^```.*?^```",
    ROOT / "docs": r"`[^`\n]+`|^```.*?^```",
    ROOT / "service/web/templates": r"<code>.*?</code>",
    ROOT / "service": r"`weighbridge [^`]*`",
}


def named() -> Iterator[tuple[str, str]]:
    """Where a command is named, and its words after `weighbridge`."""
    for place, quoted in PLACES.items():
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            if path.suffix in (".md", ".html", ".py"):
                text = path.read_text(encoding="utf-8")
                for block in re.findall(quoted, text, re.MULTILINE | re.DOTALL):
                    yield from ((str(path.relative_to(ROOT)), words) for words in COMMAND.findall(block))


def fault_of(words: list[str]) -> str | None:
    """What does not exist of the command."""
    command: click.Command = main
    for position, word in enumerate(words):
        if not isinstance(command, click.Group):
            options = {name for parameter in command.params for name in parameter.opts} | {"--help", "-h"}
            flags = [re.split(r"[=.,;:)]", each)[0] for each in words[position:] if re.match(r"\[?--?[a-z]", each)]
            return next((flag for flag in flags if flag.strip("[]") not in options), None)
        if word.startswith("-"):
            return None if word in ("--help", "--version", "-h") else word
        below = command.get_command(click.Context(command), word.strip(".,;:)"))
        if below is None:
            return word
        command = below
    return None


def test_commands_are_found_at_all() -> None:
    """A pattern that finds nothing would let the other test pass for nothing."""
    found = {place for place, _ in named()}
    assert {"README.md", "docs/corpora.md", "service/web/templates/console_statement.html"} <= found


@pytest.mark.parametrize(("place", "words"), sorted(set(named())))
def test_a_named_command_exists(place: str, words: str) -> None:
    """Its groups, its name and its options are those of the command line."""
    assert fault_of(re.sub(r"\{\{.*?\}\}|\\\n", " x ", words).split()) is None, f"{place}: weighbridge {words}"

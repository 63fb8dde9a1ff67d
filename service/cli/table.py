"""Tables as all commands print them: boxes for people on a terminal, tab-separated values anywhere else."""

import sys
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

import click

from pricing_data import plain

NOTHING = "-"
CENT = Decimal("0.01")
SIGNIFICANT_DIGITS = 4
# Controls, lone surrogates, and what ends a line: none may reach a terminal or break a row.
ESCAPED = {"Cc", "Cs", "Zl", "Zp"}


class Column(NamedTuple):
    """A heading, and how the column gives way on a narrow terminal.

    A `name` is always whole. A `number` is whole or left out. A `text` is broken into lines, and is left out first.
    """

    heading: str
    kind: Literal["name", "number", "text"] = "text"


class Cell(NamedTuple):
    """A value as people read it, and as programs do."""

    shown: str
    exact: str


Value = Cell | str | int | Decimal | None


def money(amount: Decimal, mark: str = "") -> Cell:
    """Return an amount of USD. People see cents, or four digits of what is below a dollar; programs see all of it."""
    digits = CENT if abs(amount) >= 1 else CENT.min(_last_significant(amount))
    return Cell(mark + grouped(amount.quantize(digits)), mark + plain(amount))


def grouped(amount: Decimal) -> str:
    """Return an amount with all its digits, two decimals at least, and separators between thousands."""
    whole, _, decimals = plain(amount).partition(".")
    return f"{int(whole):,}.{decimals:0<2}" if whole not in ("-0", "0") else f"{whole}.{decimals:0<2}"


def on_terminal() -> bool:
    """Return whether standard output is a terminal."""
    return sys.stdout.isatty()


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[Value]], title: str | None = None) -> None:
    """Print the rows: with boxes on a terminal, else as TSV with a line of headings and exact values."""
    cells = [[_cell(value) for value in row] for row in rows]
    if on_terminal():
        from service.cli.boxes import print_boxes

        left_out = print_boxes(columns, [[cell.shown for cell in row] for row in cells], title)
        if left_out:
            names = ", ".join(left_out)
            click.echo(f"Not shown for want of room: {names}. A wider terminal or a pipe has them.", err=True)
        return
    lines = [[column.heading for column in columns], *([cell.exact for cell in row] for row in cells)]
    click.echo("\n".join("\t".join(line) for line in lines))


def has_room(columns: Sequence[Column], rows: Sequence[Sequence[Value]]) -> bool:
    """Whether all columns can be shown; a pipe has room for everything."""
    if not on_terminal():
        return True
    from service.cli.boxes import has_room_for

    return has_room_for(columns, [[_cell(value).shown for value in row] for row in rows])


def say(sentence: str) -> None:
    """Print a sentence about a table: below it on a terminal, else on standard error, so that a pipe has rows only."""
    click.echo(printable(sentence), err=not on_terminal())


def _cell(value: Value) -> Cell:
    match value:
        case Cell():
            return Cell(printable(value.shown), printable(value.exact))
        case None:
            return Cell(NOTHING, "")
        case int():
            return Cell(f"{value:,}", str(value))
        case Decimal():
            return Cell(grouped(value), plain(value))
    return Cell(printable(value), printable(value))


def printable(text: str) -> str:
    """Return a text as it may be printed on one line: controls, lone surrogates and line ends are escaped."""
    if text.isprintable():
        return text
    return "".join(
        letter.encode("unicode_escape").decode() if unicodedata.category(letter) in ESCAPED else letter
        for letter in text
    )


def _last_significant(amount: Decimal) -> Decimal:
    """The place of the last digit that people see of an amount below 1."""
    return Decimal(1).scaleb(amount.adjusted() - SIGNIFICANT_DIGITS + 1) if amount else CENT

"""Tables as all commands print them: boxes on a terminal, tab-separated values anywhere else.

rich is imported on a terminal only: it would double the start of a command in a pipe.
"""

import sys
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

import click

from pricing_data import plain

NOTHING = "-"
CENT = Decimal("0.01")
MTOK = 1_000_000
SIGNIFICANT_DIGITS = 4
# Control characters, lone surrogates and line separators: none may reach a terminal or break a row.
ESCAPED = {"Cc", "Cs", "Zl", "Zp"}
# A wrapped column is at least as wide as its longest text, up to this many cells.
WRAPPED = {"text": 16, "long name": 34}
NAMES = ("name", "long name")
# Cells of padding and border: for each column, and for the table.
COLUMN_FRAME, TABLE_FRAME = 3, 1


class Column(NamedTuple):
    """A heading, and how the column is narrowed on a small terminal.

    A `name` is never shortened, a `long name` is wrapped; neither is dropped. A `number` is shown whole or not at all.
    A `text` is wrapped, and dropped first.
    """

    heading: str
    kind: Literal["name", "long name", "number", "text"] = "text"


class TableCell(NamedTuple):
    """A value as people read it (`shown`), and as programs do (`exact`)."""

    shown: str
    exact: str


CellValue = TableCell | str | int | Decimal | None


class ColumnLayout(NamedTuple):
    """The indexes of the columns that are shown, with their widths in terminal cells."""

    shown: tuple[int, ...]
    widths: tuple[int, ...]

    @property
    def total(self) -> int:
        """Return the width of the table in terminal cells."""
        return sum(self.widths) + COLUMN_FRAME * len(self.widths) + TABLE_FRAME


def money(amount: Decimal, mark: str = "") -> TableCell:
    """Return an amount of USD: rounded for people to cents, below 1 USD to four digits; exact for programs."""
    digits = CENT if abs(amount) >= 1 else CENT.min(_last_significant(amount))
    return TableCell(mark + grouped(amount.quantize(digits)), mark + plain(amount))


def rounded_tokens(tokens: int) -> TableCell:
    """Return a number of tokens: for people in three digits, such as 128k or 1.05M; exact for programs."""
    for least, unit, letter in ((999_500, 1_000_000, "M"), (1_000, 1_000, "k")):
        if tokens >= least:
            return TableCell(f"{tokens / unit:.3g}{letter}", str(tokens))
    return TableCell(str(tokens), str(tokens))


def grouped(amount: Decimal) -> str:
    """Return an amount with all its digits, at least two decimals, and commas between thousands."""
    whole, _, decimals = plain(amount).partition(".")
    return f"{int(whole):,}.{decimals:0<2}" if whole not in ("-0", "0") else f"{whole}.{decimals:0<2}"


def per_mtok(price: Decimal | None) -> str:
    """Return a price per token in USD per million tokens, or `-` for None."""
    return NOTHING if price is None else plain(price * MTOK)


def on_terminal() -> bool:
    """Return whether standard output is a terminal; it is none if it was closed."""
    return bool(sys.stdout) and sys.stdout.isatty()


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[CellValue]], title: str | None = None) -> None:
    """Print the rows: in boxes on a terminal, else as TSV with a line of headings and exact values."""
    cells = [[_cell(value) for value in row] for row in rows]
    if on_terminal():
        hidden = _print_boxes(columns, [[cell.shown for cell in row] for row in cells], title)
        if hidden:
            names = ", ".join(hidden)
            click.echo(f"Columns hidden on this narrow terminal: {names}. Widen it or use a pipe.", err=True)
        return
    lines = [[column.heading for column in columns], *([cell.exact for cell in row] for row in cells)]
    click.echo("\n".join("\t".join(line) for line in lines))


def has_room(columns: Sequence[Column], rows: Sequence[Sequence[CellValue]]) -> bool:
    """Return whether all columns can be shown; always true in a pipe."""
    if not on_terminal():
        return True
    width = _terminal_width()
    layout = lay_out(columns, [[_cell(value).shown for value in row] for row in rows], width)
    return len(layout.shown) == len(columns) and layout.total <= width


def say(sentence: str) -> None:
    """Print a sentence about a table: on a terminal below it, else on standard error, so that a pipe has rows only."""
    click.echo(printable(sentence), err=not on_terminal())


def printable(text: str) -> str:
    """Return a text on one line, with control characters, lone surrogates and line ends escaped."""
    if text.isprintable():
        return text
    return "".join(
        letter.encode("unicode_escape").decode() if unicodedata.category(letter) in ESCAPED else letter
        for letter in text
    )


def lay_out(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> ColumnLayout:
    """Choose the columns that fit into `width` cells, and their widths.

    Names always stay; then numbers, then texts, each from the first to the last.
    """
    longest = [_max_cells(row[index] for row in rows) for index in range(len(columns))]
    natural = [max(own, _max_cells([column.heading])) for own, column in zip(longest, columns, strict=True)]
    least = [_min_width(column, own) for column, own in zip(columns, longest, strict=True)]
    shown = list(range(len(columns)))
    for index in sorted(shown, key=lambda each: (columns[each].kind == "text", each), reverse=True):
        if ColumnLayout(tuple(shown), tuple(least[each] for each in shown)).total <= width:
            break
        if columns[index].kind not in NAMES:
            shown.remove(index)
    widths = [least[index] for index in shown]
    room = width - ColumnLayout(tuple(shown), tuple(widths)).total
    return ColumnLayout(tuple(shown), tuple(_widen(widths, [natural[index] for index in shown], room)))


def _cell(value: CellValue) -> TableCell:
    match value:
        case TableCell():
            return TableCell(printable(value.shown), printable(value.exact))
        case None:
            return TableCell(NOTHING, "")
        case int():
            return TableCell(f"{value:,}", str(value))
        case Decimal():
            return TableCell(grouped(value), plain(value))
    return TableCell(printable(value), printable(value))


def _print_boxes(columns: Sequence[Column], rows: Sequence[Sequence[str]], title: str | None) -> list[str]:
    """Print the table within the terminal's width. Return the headings of the columns that do not fit."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = _terminal_width()
    layout = lay_out(columns, rows, width)
    table = Table(title=title, title_justify="left")
    for index, cells in zip(layout.shown, layout.widths, strict=True):
        justify: Literal["left", "right"] = "right" if columns[index].kind == "number" else "left"
        table.add_column(Text(columns[index].heading), width=cells, justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*(Text(row[index], overflow="fold") for index in layout.shown))
    # Names wider than the terminal make a wider table, whose lines the terminal wraps.
    Console(width=max(width, layout.total)).print(table)
    return [column.heading for index, column in enumerate(columns) if index not in layout.shown]


def _terminal_width() -> int:
    from rich.console import Console

    return Console().width


def _min_width(column: Column, longest: int) -> int:
    """Return the least width: of the longest cell, unless it may be wrapped, and of the heading's longest word."""
    own = min(longest, WRAPPED.get(column.kind, longest))
    return max(own, _max_cells(column.heading.split()))


def _widen(widths: list[int], natural: Sequence[int], room: int) -> list[int]:
    """Return the widths with `room` cells more, one in turn for each column that is narrower than its content."""
    while room > 0 and (wanting := [index for index, width in enumerate(widths) if width < natural[index]]):
        for index in wanting[:room]:
            widths[index] += 1
        room -= len(wanting)
    return widths


def _max_cells(texts: Iterable[str]) -> int:
    """Return the width of the widest text in terminal cells: a wide character takes two."""
    from rich.cells import cell_len

    return max(map(cell_len, texts), default=0)


def _last_significant(amount: Decimal) -> Decimal:
    """Return the place of the last digit that people see of an amount below 1."""
    return Decimal(1).scaleb(amount.adjusted() - SIGNIFICANT_DIGITS + 1) if amount else CENT

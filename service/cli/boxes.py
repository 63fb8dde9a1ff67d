"""A table on a terminal. Only there is its library imported."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

# A heading, and what kind of column it is.
Column = tuple[str, str]

# A column of texts is as wide as its longest one, up to this.
MIN_TEXT_WIDTH = 16
# A space on either side and a line between two columns, and a line at the end.
COLUMN_FRAME, TABLE_FRAME = 3, 1


class Layout(NamedTuple):
    """The indexes of the columns that are shown, with their widths."""

    shown: tuple[int, ...]
    widths: tuple[int, ...]

    @property
    def total(self) -> int:
        """The width of the table."""
        return sum(self.widths) + COLUMN_FRAME * len(self.widths) + TABLE_FRAME


def print_boxes(columns: Sequence[Column], rows: Sequence[Sequence[str]], title: str | None) -> list[str]:
    """Print the table within the terminal's width, and return the headings for which there is no room."""
    console = Console()
    layout = laid_out(columns, rows, console.width)
    table = Table(title=title, title_justify="left")
    for index, width in zip(layout.shown, layout.widths, strict=True):
        heading, kind = columns[index]
        table.add_column(Text(heading), width=width, justify="right" if kind == "number" else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(row[index], overflow="fold") for index in layout.shown))
    # A name that is wider than the terminal makes a longer line, which the terminal breaks.
    Console(width=max(console.width, layout.total)).print(table)
    return [heading for index, (heading, _) in enumerate(columns) if index not in layout.shown]


def has_room_for(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the terminal has room for all columns."""
    layout = laid_out(columns, rows, Console().width)
    return len(layout.shown) == len(columns) and layout.total <= Console().width


def laid_out(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> Layout:
    """Choose columns and their widths: names whole, then numbers, then texts, the first before the last."""
    longest = [_longest(row[index] for row in rows) for index in range(len(columns))]
    natural = [max(own, cell_len(heading)) for own, (heading, _) in zip(longest, columns, strict=True)]
    least = [_least(column, own) for column, own in zip(columns, longest, strict=True)]
    shown = list(range(len(columns)))
    for index in sorted(shown, key=lambda each: (columns[each][1] == "text", each), reverse=True):
        if Layout(tuple(shown), tuple(least[each] for each in shown)).total <= width:
            break
        if columns[index][1] != "name":
            shown.remove(index)
    widths = [least[index] for index in shown]
    room = width - Layout(tuple(shown), tuple(widths)).total
    return Layout(tuple(shown), tuple(_widened(widths, [natural[index] for index in shown], room)))


def _least(column: Column, longest: int) -> int:
    """The least width: of the longest cell, unless it may be broken, and of the longest word of the heading."""
    heading, kind = column
    own = min(longest, MIN_TEXT_WIDTH) if kind == "text" else longest
    return max(own, _longest(heading.split()))


def _widened(widths: list[int], natural: Sequence[int], room: int) -> list[int]:
    """Give the room to the columns that want it, a cell to each in turn."""
    while room > 0 and (wanting := [index for index, width in enumerate(widths) if width < natural[index]]):
        for index in wanting[:room]:
            widths[index] += 1
        room -= len(wanting)
    return widths


def _longest(texts: Iterable[str]) -> int:
    return max(map(cell_len, texts), default=0)

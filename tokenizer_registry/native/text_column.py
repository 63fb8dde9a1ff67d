"""Columns of texts in UTF-8, as Apache Arrow keeps them, which the C library counts without making Python strings."""

import ctypes
from array import array
from collections.abc import Iterator, Sequence
from enum import IntEnum
from itertools import accumulate
from typing import Final, NamedTuple

from tokenizer_registry.vocabulary import refuse_long

# Texts are copied into columns of about so many characters; more would double the memory of a long list.
COPIED_CHARACTERS: Final = 1 << 20
# The count of a row by a slot that leaves it over.
NOT_KNOWN: Final = -1


class TextColumn(ctypes.Structure):
    """`count` rows from row `first` on; the fields are those of the C library.

    `texts`, `offsets` and `validity` are addresses; `validity` is None if no row is null. An offset has 4 or 8 bytes.
    `is_utf8`: all texts are known to be UTF-8, and are not checked.
    """

    _fields_ = (
        ("texts", ctypes.c_void_p),
        ("offsets", ctypes.c_void_p),
        ("validity", ctypes.c_void_p),
        ("first", ctypes.c_uint64),
        ("count", ctypes.c_uint64),
        ("offset_bytes", ctypes.c_uint64),
        ("is_utf8", ctypes.c_uint64),
    )
    texts: int | None
    offsets: int
    first: int
    count: int
    offset_bytes: int
    is_utf8: bool
    # What has the memory behind the addresses.
    owner: object

    def text(self, row: int) -> str:
        """Return the text of a row. Raise UnicodeDecodeError."""
        number = ctypes.c_int32 if self.offset_bytes == ctypes.sizeof(ctypes.c_int32) else ctypes.c_int64
        begin, end = (number * 2).from_address(self.offsets + (self.first + row) * self.offset_bytes)
        return ctypes.string_at((self.texts or 0) + begin, end - begin).decode() if begin < end else ""


def copied_column(texts: Sequence[str]) -> TextColumn:
    """Return a column with a copy of these texts. Raise UnicodeEncodeError for a lone surrogate."""
    encoded = [text.encode() for text in texts]
    content = b"".join(encoded)
    offsets = array("q", accumulate(map(len, encoded), initial=0))
    address = ctypes.cast(ctypes.c_char_p(content), ctypes.c_void_p).value
    column = TextColumn(address, offsets.buffer_info()[0], None, 0, len(encoded), offsets.itemsize, True)
    column.owner = (content, offsets)
    return column


def copied_columns(texts: Sequence[str]) -> Iterator[TextColumn]:
    """Yield columns with copies of all texts, in order. Raise UnicodeEncodeError, UncountableText."""
    copied: list[str] = []
    characters = 0
    for text in texts:
        refuse_long(text)
        copied.append(text)
        characters += len(text)
        if characters >= COPIED_CHARACTERS:
            yield copied_column(copied)
            copied, characters = [], 0
    if copied:
        yield copied_column(copied)


class RowState(IntEnum):
    """What became of a row; the numbers are the C library's.

    A row that is LEFT_OVER has to be counted by itself for the slots whose count is NOT_KNOWN.
    """

    COUNTED = 0
    IS_NULL = 1
    NOT_UTF8 = 2
    LEFT_OVER = 3


class ColumnCounts(NamedTuple):
    """The tokens of each row, in a list for each wanted slot, in the order of slots.

    Not so the rows in `uncounted`.
    """

    by_slot: list[list[int]]
    uncounted: dict[int, RowState]

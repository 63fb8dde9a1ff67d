"""Texts of an Arrow array of strings, which are counted where they are; Python strings are made only of single ones."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, overload

from tokenizer_registry.native.text_column import TextColumn

WIDE_OFFSET_BYTES = 8


class ArrowTexts(Sequence[str]):
    """The texts of a `large_string` array without nulls. Raise UnicodeDecodeError for a text that is not UTF-8."""

    def __init__(self, array: Any) -> None:
        self.array = array

    @property
    def column(self) -> TextColumn:
        """Return the array as the C library counts it."""
        return column_of(self.array)

    def __len__(self) -> int:
        return len(self.array)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> "ArrowTexts": ...

    def __getitem__(self, place: int | slice) -> "str | ArrowTexts":
        if isinstance(place, slice):
            return ArrowTexts(self.array[place])
        text: str = self.array[place].as_py()
        return text

    def __iter__(self) -> Iterator[str]:
        return iter(self.array.to_pylist())


def column_of(array: Any) -> TextColumn:
    """Return a `large_string` array as the C library counts it, without a copy."""
    validity, offsets, texts = array.buffers()
    column = TextColumn(
        texts.address if texts else None,
        offsets.address if offsets else None,
        validity.address if validity and array.null_count else None,
        array.offset,
        len(array),
        WIDE_OFFSET_BYTES,
    )
    column.owner = array
    return column


def sizes_of(array: Any) -> list[int]:
    """Return the bytes of each text of a `large_string` array; of a null, 0 or more."""
    offsets = array.buffers()[1]
    if not len(array):
        return []
    places = memoryview(offsets).cast("q")[array.offset : array.offset + len(array) + 1].tolist()
    return [end - begin for begin, end in pairwise(places)]

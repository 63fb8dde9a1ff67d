"""Texts of an Arrow array of strings, which are counted where they are; Python strings are made only of single ones."""

from collections.abc import Iterator, Sequence
from operator import sub
from struct import calcsize
from typing import Any, Literal, overload

from tokenizer_registry.native.text_column import TextColumn

# By type of an array whose texts lie between offsets: the format of an offset in the notation of `struct`.
OFFSET_FORMATS: dict[str, Literal["i", "q"]] = {"string": "i", "large_string": "q"}


class ArrowTexts(Sequence[str]):
    """The texts of an array without nulls, which `with_offsets` made.

    `is_utf8`: the array has been validated, and is not checked again. Otherwise raise UnicodeDecodeError for a text
    that is not UTF-8.
    """

    def __init__(self, array: Any, *, is_utf8: bool = False) -> None:
        self.array = array
        self._is_utf8 = is_utf8

    @property
    def column(self) -> TextColumn:
        """Return the array as the C library counts it."""
        return column_of(self.array, is_utf8=self._is_utf8)

    def __len__(self) -> int:
        return len(self.array)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> "ArrowTexts": ...

    def __getitem__(self, place: int | slice) -> "str | ArrowTexts":
        if isinstance(place, slice):
            return ArrowTexts(self.array[place], is_utf8=self._is_utf8)
        text: str = self.array[place].as_py()
        return text

    def __iter__(self) -> Iterator[str]:
        return iter(self.array.to_pylist())


def with_offsets(array: Any) -> Any:
    """Return an array of strings of any type as one whose texts lie between offsets; most need no copy."""
    return array if str(array.type) in OFFSET_FORMATS else array.cast("large_string")


def column_of(array: Any, *, is_utf8: bool) -> TextColumn:
    """Return an array with offsets as the C library counts it, without a copy."""
    validity, offsets, texts = array.buffers()
    column = TextColumn(
        texts.address if texts else None,
        offsets.address if offsets else None,
        validity.address if validity and array.null_count else None,
        array.offset,
        len(array),
        calcsize(OFFSET_FORMATS[str(array.type)]),
        is_utf8,
    )
    column.owner = array
    return column


def sizes_of(array: Any) -> list[int]:
    """Return the bytes of each text of an array with offsets; of a null, 0 or more."""
    offsets = array.buffers()[1]
    if not len(array):
        return []
    numbers = memoryview(offsets).cast(OFFSET_FORMATS[str(array.type)])
    places = numbers[array.offset : array.offset + len(array) + 1].tolist()
    return list(map(sub, places[1:], places))

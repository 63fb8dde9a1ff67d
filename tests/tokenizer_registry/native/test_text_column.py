"""Columns of texts: counted as their texts are one by one, whatever their layout in memory."""

import ctypes
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenizer_registry import Registry, UncountableText
from tokenizer_registry.native.batch_counter import BatchCounter
from tokenizer_registry.native.text_column import TextColumn, copied_columns

# One of whole words, two whose normalizers leave words to Python, and one that is not cut at every space.
VOCABULARIES = ("o200k_base", "claude-2", "aya-101", "gemma-3")
# Texts of one word and of many, those that normalizers change, and bytes that are no text.
TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["", "a", " ", "\n\n", "the weigh bridge", "e\u0301\ufb01\u1100\u1161", "\U0001f9ff" * 9, "ﷺ a"]),
).map(str.encode)
BYTES = st.one_of(
    st.binary(max_size=6),
    st.sampled_from([b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80", b"\xe0\x9f\xbf", b"abcdefg\xf0\x9f\xa7"]),
)
ROWS = st.lists(st.one_of(st.none(), TEXTS, BYTES), max_size=12)


@pytest.fixture(scope="module")
def counter() -> BatchCounter:
    """Return what counts with all of the vocabularies together."""
    registry = Registry.from_package()
    return BatchCounter({name: registry.vocabulary(name) for name in VOCABULARIES})


def column_of(rows: list[bytes | None], first: int, *, is_wide: bool) -> TextColumn:
    """Return the rows from `first` on, in Arrow's layout."""
    number = ctypes.c_int64 if is_wide else ctypes.c_int32
    offsets = (number * (len(rows) + 1))(*accumulate((len(row or b"") for row in rows), initial=0))
    texts = ctypes.create_string_buffer(b"".join(row or b"" for row in rows))
    bits = sum(1 << place for place, row in enumerate(rows) if row is not None)
    validity = ctypes.create_string_buffer(bits.to_bytes(len(rows) // 8 + 1, "little"))
    column = TextColumn(
        ctypes.addressof(texts),
        ctypes.addressof(offsets),
        ctypes.addressof(validity) if None in rows else None,
        first,
        len(rows) - first,
        ctypes.sizeof(number),
        False,
    )
    column.owner = (offsets, texts, validity)
    return column


def expected_counts(counter: BatchCounter, row: bytes | None) -> list[int] | list[None]:
    """Return the counts of one row by way of a Python string; None where there is none."""
    try:
        return [None] * len(VOCABULARIES) if row is None else counter.count(row.decode())
    except UnicodeDecodeError:
        return [None] * len(VOCABULARIES)


@settings(max_examples=300, deadline=None)
@given(rows=ROWS, skipped=st.integers(0, 3), is_wide=st.booleans())
def test_rows_are_counted_as_texts_are(
    counter: BatchCounter, rows: list[bytes | None], skipped: int, is_wide: bool
) -> None:
    """Nulls and bytes that are not UTF-8 have no count; slices and both kinds of offsets make no difference."""
    first = min(skipped, len(rows))
    found = counter.count_column(column_of(rows, first, is_wide=is_wide))
    assert [list(row) for row in zip(*found, strict=True)] == [expected_counts(counter, row) for row in rows[first:]]


def test_every_short_sequence_of_bytes_is_told_apart(counter: BatchCounter) -> None:
    """A row has a count exactly if Python decodes it: all pairs of bytes behind each kind of first byte."""
    leads = (b"a", b"\xc2", b"\xe0", b"\xe1", b"\xed", b"\xf0", b"\xf1", b"\xf4", b"\xf5")
    rows: list[bytes | None] = [
        lead + bytes((second, third)) + end
        for lead in leads
        for second in range(0x70, 0xD0, 5)
        for third in (0x41, 0x80, 0xBF, 0xC2)
        for end in (b"", b"\x80", b"abcdefgh")
    ]
    (found, *_) = counter.count_column(column_of(rows, 0, is_wide=True))
    assert [count is not None for count in found] == [is_text(row) for row in rows]


def is_text(row: bytes | None) -> bool:
    """Return whether Python decodes a row."""
    try:
        return (row or b"").decode() is not None
    except UnicodeDecodeError:
        return False


def test_long_lists_are_copied_in_parts(counter: BatchCounter) -> None:
    """Texts that do not fit one column together are counted in several, in order."""
    texts = ["weigh " * 100_000, "", "a", "bridge " * 150_000, "b"]
    columns = list(copied_columns(texts))
    assert len(columns) > 1
    assert [column.text(row) for column in columns for row in range(column.count)] == texts
    registry = Registry.from_package()
    assert registry.vocabulary("o200k_base").count_batch(texts) == [
        registry.vocabulary("o200k_base").count(text) for text in texts
    ]


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_a_batch_with_a_lone_surrogate_is_refused_by_its_place(vocabulary: str) -> None:
    """The error names the surrogate, as that of a single text does."""
    with pytest.raises(UncountableText, match=r"character 1 is the lone surrogate U\+D800"):
        Registry.from_package().vocabulary(vocabulary).count_batch(["good", "b\ud800ad"])

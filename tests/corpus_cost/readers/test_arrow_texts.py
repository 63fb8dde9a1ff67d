"""Texts of Arrow and Parquet, counted where they are: the same counts as those of Python strings."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_cost.chat_counting import ChatCounters
from corpus_cost.counting import JobCounters
from corpus_cost.readers.arrow_texts import ArrowTexts, sizes_of, with_offsets
from corpus_cost.readers.pieces import read_batches
from corpus_cost.shards import SourcePiece, Whole
from corpus_cost.sources import Compression, TextFormat, TextSource
from corpus_cost.workload import ReadOptions
from tokenizer_registry import Registry

pyarrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
TEXTS = st.lists(st.text(max_size=30), max_size=20)
ROWS: list[str | None] = ["weigh", None, "", "the bridge ﬁ", None, "\U0001f9ff", "weigh", "long " * 30]
KINDS: dict[str, Callable[[], Any]] = {
    "string": pyarrow.string,
    "large string": pyarrow.large_string,
    "dictionary": lambda: pyarrow.dictionary(pyarrow.int32(), pyarrow.string()),
}


@pytest.fixture(scope="module")
def counters() -> JobCounters:
    """Return counters of the C library and of an owner's library."""
    registry = Registry.from_package()
    by_name = {name: registry.counter(name) for name in ("o200k_base", "claude-2", "jurassic-2")}
    by_name["llama-2"] = Registry.from_package(fast=False).counter("llama-2")
    return JobCounters(by_name, ChatCounters(registry, ()))


@settings(max_examples=100, deadline=None)
@given(texts=TEXTS, begin=st.integers(0, 4), kind=st.sampled_from(["string", "large_string", "string_view"]))
def test_slices_are_counted_as_strings_are(counters: JobCounters, texts: list[str], begin: int, kind: str) -> None:
    """An array and its slices have the sizes, texts and counts of their strings."""
    found = ArrowTexts(with_offsets(pyarrow.array(texts, kind)))[begin:]
    assert (list(found), [found[place] for place in range(len(found))]) == (texts[begin:], texts[begin:])
    assert sizes_of(found.array) == [len(text.encode()) for text in texts[begin:]]
    assert counters.count(found) == counters.count(texts[begin:])


@pytest.mark.parametrize("kind", KINDS)
def test_columns_of_files_are_counted_as_strings_are(counters: JobCounters, kind: str, tmp_path: Path) -> None:
    """Nulls and texts that are too long are left out, whatever type the column has."""
    batch, *others = batches_of(tmp_path, pyarrow.array(ROWS, KINDS[kind]()), ReadOptions(max_text_bytes=100))
    kept = [(row, text) for row, text in enumerate(ROWS) if text is not None and len(text) <= 100]
    assert not others
    assert (list(batch.positions), list(batch.texts)) == ([row for row, _ in kept], [text for _, text in kept])
    assert (batch.nulls, [fault.place for fault in batch.faults]) == (2, ["row 7"])
    assert counters.count(batch.texts) == counters.count([text for _, text in kept])


def test_a_text_that_is_not_utf8_is_a_fault_of_its_row(counters: JobCounters, tmp_path: Path) -> None:
    """Its neighbours are counted. Writers of Parquet do not check that a string is UTF-8."""
    contents = [b"weigh", b"\xff\xfe", None, b"bridge", b"\xed\xa0\x80"]
    binary = pyarrow.array(contents, pyarrow.large_binary())
    strings = pyarrow.Array.from_buffers(pyarrow.large_string(), len(binary), binary.buffers(), binary.null_count)
    (batch,) = batches_of(tmp_path, strings, ReadOptions())
    assert (list(batch.positions), list(batch.texts), batch.nulls) == ([0, 3], ["weigh", "bridge"], 1)
    assert [(fault.place, "not valid UTF-8" in fault.reason) for fault in batch.faults] == [
        ("row 1", True),
        ("row 4", True),
    ]
    assert counters.count(batch.texts) == counters.count(["weigh", "bridge"])


def batches_of(folder: Path, texts: Any, reading: ReadOptions) -> list[Any]:
    """Return the batches of a file with this column."""
    path = folder / "texts.parquet"
    parquet.write_table(pyarrow.table({"text": texts}), path)
    source = TextSource(str(path), str(path), path.stat().st_size, "1", TextFormat.PARQUET, Compression.NONE)
    return list(read_batches(SourcePiece(source, Whole(), source.size), reading))

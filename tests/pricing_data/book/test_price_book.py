"""A book: which price holds on which day, and every way in which a file can be damaged."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pricing_data import DamagedBook, Price, PriceBook
from pricing_data.book.file import book_text, write
from pricing_data.book.lines import SourceVersion
from pricing_data.book.row_writing import dump
from tests.pricing_data.conftest import price
from tests.pricing_data.sealing import resealed

OLD, NEW = date(2026, 3, 1), date(2026, 5, 1)


def test_a_price_holds_from_its_day(book_of: Callable[..., PriceBook]) -> None:
    """The day before a change has the old price, the day itself the new one."""
    old, new = price("a", OLD, "0.000002"), price("a", NEW, "0.000001")
    book = book_of(old, new)
    assert book.price("a", date(2026, 4, 30)) == old
    assert book.price("a", NEW) == new
    assert book.price("a", date(2030, 1, 1)) == new


def test_no_price_before_the_first(book_of: Callable[..., PriceBook]) -> None:
    """Before its first day a model has no price; that is not zero and not the first price."""
    book = book_of(price("a", OLD))
    assert book.price("a", date(2026, 2, 28)) is None
    assert book.price("a", OLD) is not None


def test_an_unknown_model_has_no_price(book_of: Callable[..., PriceBook]) -> None:
    """A name is matched whole: neither a prefix nor another case of it has a price."""
    book = book_of(price("gpt-4"))
    for name in ("gpt-4o", "gpt", "GPT-4", ""):
        assert book.price(name, NEW) is None
        assert book.history(name) == ()


def test_history_is_all_prices_oldest_first(book_of: Callable[..., PriceBook]) -> None:
    """The history of a model has each of its rows once, in the order of their days."""
    rows = [price("a", OLD, "0.000002"), price("a", NEW), price("b")]
    assert book_of(*rows).history("a") == tuple(rows[:2])


def test_the_version_names_day_and_content(book_of: Callable[..., PriceBook], tmp_path: Path) -> None:
    """The version is the newest day of recording and the check of the last row, which covers all."""
    book = book_of(price("a", recorded_at=date(2026, 6, 1)), price("b", recorded_at=date(2026, 7, 2)))
    last = json.loads((tmp_path / "prices.jsonl").read_text(encoding="utf-8").splitlines()[1])
    assert book.version == f"2026-07-02+{last['check']}"


def damaged(tmp_path: Path, *lines: str) -> DamagedBook:
    path = tmp_path / "prices.jsonl"
    path.write_text("".join(lines) + CLOSING, encoding="utf-8")
    return refused(path)


def refused(path: Path) -> DamagedBook:
    with pytest.raises(DamagedBook) as caught:
        PriceBook.from_file(path)
    assert str(path) in str(caught.value)
    return caught.value


def line(**changes: Any) -> str:
    row = {**json.loads(dump(price())), **changes}
    return seal(json.dumps({name: value for name, value in row.items() if value is not ...}))


def seal(text: str) -> str:
    """A line with some check: a field at fault is reported before a check."""
    return f'{text[:-1]},"check":"000000000000"}}\n'


GOOD, CLOSING = book_text([price("0")], date(2026, 6, 1), []).splitlines(keepends=True)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"input": "-0.000001"}, "input"),
        ({"input": "0"}, "input"),
        ({"input": "NaN"}, "input"),
        ({"input": 0.000001}, "input"),
        ({"input": 1}, "input"),
        ({"input": "1e-6"}, "input"),
        ({"input": "0.0000010"}, "input"),
        ({"input": ".000001"}, "input"),
        ({"input": "0.0000000000001"}, "input"),
        ({"input": "0.0011"}, "input"),
        ({"input": "١"}, "input"),
        ({"input": None}, "input"),
        ({"input": ...}, "input"),
        ({"output": "-1"}, "output"),
        ({"batch": {"inputs": "0.000001"}}, "batch.inputs"),
        ({"batch": "0.000001"}, "batch"),
        ({"tiers": [{"above_tokens": 0}]}, "tiers[0].above_tokens"),
        ({"tiers": [{"above_tokens": True}]}, "tiers[0].above_tokens"),
        ({"tiers": [{"input": "0.000001"}]}, "tiers[0].above_tokens"),
        ({"tiers": {}}, "tiers"),
        ({"schedule": [{"starts": "25:00", "ends": "01:00"}]}, "schedule[0].starts"),
        ({"schedule": [{"starts": "1:00", "ends": "02:00"}]}, "schedule[0].starts"),
        ({"unknown": "x"}, "unknown"),
        ({"model": ""}, "model"),
        ({"model": ...}, "model"),
        ({"effective_from": "2026-02-30"}, "effective_from"),
        ({"effective_from": "20260201"}, "effective_from"),
        ({"recorded_at": 20260201}, "recorded_at"),
        ({"currency": "EUR"}, "currency"),
        ({"basis": "guessed"}, "basis"),
        ({"basis": "host:"}, "basis"),
        ({"state": "held"}, "state"),
        ({"source": "litellm"}, "source"),
        ({"source": {"package": "p"}}, "source.version"),
        ({"second_opinions": [{"source": "x", "value": 1}]}, "second_opinions[0].value"),
        ({"second_opinions": [{"source": "x"}]}, "second_opinions[0].value"),
    ],
)
def test_a_bad_field_is_named(tmp_path: Path, changes: dict[str, Any], field: str) -> None:
    """A field that breaks a rule refuses the book, naming file, line and field."""
    fault = damaged(tmp_path, GOOD, line(**changes))
    assert (fault.line, fault.field) == (2, field)


@pytest.mark.parametrize("bad", ["{}", "[]", "null", '{"model": "a", "model": "a"}', ""])
def test_a_line_that_is_no_row_is_named(tmp_path: Path, bad: str) -> None:
    """A broken, empty, foreign or doubled line refuses the book, naming the line, sealed or not."""
    assert damaged(tmp_path, GOOD, f"{bad}\n").line == 2
    assert damaged(tmp_path, GOOD, seal(bad or "{}")).line == 2


def test_a_cut_off_file_is_refused(tmp_path: Path) -> None:
    """Wherever a file is cut off, at the end of a line too, it is refused and the place is named."""
    path = tmp_path / "prices.jsonl"
    whole = book_text([price("a"), price("b")], date(2026, 6, 1), [])
    lines = whole.splitlines(keepends=True)
    for kept, line in ((0, 1), (1, 1), (2, 2)):
        path.write_text("".join(lines[:kept]), encoding="utf-8")
        assert refused(path).line == max(line, 1)
    for length in range(1, len(whole)):
        path.write_text(whole[:length], encoding="utf-8")
        refused(path)


def test_an_edited_line_is_named(tmp_path: Path) -> None:
    """A row that was changed by hand into another valid one is refused by its model and day."""
    path = tmp_path / "prices.jsonl"
    whole = book_text([price("a"), price("b"), price("c")], date(2026, 6, 1), [])
    first, second, third, closing = whole.splitlines(keepends=True)
    path.write_text(whole.replace(second, second.replace("0.000001", "0.000002")), encoding="utf-8")
    fault = refused(path)
    assert (fault.line, fault.field) == (2, "check")
    assert "row of b from 2026-01-01" in str(fault)
    for lines in ([first, third, closing], [second, first, third, closing], [first, second, closing]):
        path.write_text("".join(lines), encoding="utf-8")
        assert refused(path).field == "check"
    path.write_text(whole + first, encoding="utf-8")
    assert refused(path).line == 4


@pytest.mark.parametrize(("bad", "field"), [('"input":"0"', "input"), ('"inputs":"0.000001"', "inputs")])
def test_a_row_at_fault_under_a_right_seal_is_named_at_its_first_use(tmp_path: Path, bad: str, field: str) -> None:
    """Rows are read when they are asked for: others have their prices, and the one at fault never has one."""
    path = tmp_path / "prices.jsonl"
    rows = [price("a"), price("b", amount="0.000007"), price("c")]
    path.write_text(resealed(book_text(rows, date(2026, 6, 1), []), '"input":"0.000007"', bad), encoding="utf-8")
    book = PriceBook.from_file(path)
    assert book.price("a", NEW) == price("a")
    uses: list[Callable[[], object]] = [
        lambda: book.price("b", NEW),
        lambda: book.history("b"),
        lambda: book.recorded("b"),
        lambda: book.rows,
        book.check_rows,
    ]
    for use in uses:
        with pytest.raises(DamagedBook) as caught:
            use()
        assert (caught.value.line, caught.value.field) == (2, field)


@pytest.mark.parametrize("name", ["a", 'quoted " name', "back\\slash", "ünïcode", 'x","effective_from":"2020-01-01'])
@pytest.mark.parametrize("reason", [None, 'it said "recorded_at":"2020-01-01" there'])
def test_rows_are_found_by_their_model_whatever_its_letters(
    book_of: Callable[..., PriceBook], name: str, reason: str | None
) -> None:
    """Names and reasons that look like other fields do not lead astray how rows are found and ordered."""
    first = replace(price(name, OLD), effective_at=time(16))
    second = replace(price(name, NEW), corrects=reason)
    book = book_of(first, price("b"), second)
    assert book.history(name) == (first, second)
    assert book.price(name, OLD) is None
    assert book.price(name, date(2026, 3, 2)) == first
    assert list(book.histories) == [name, "b"]
    assert book.recorded_at == date(2026, 6, 1)


def test_rows_within_a_day_are_ordered_by_the_instant(tmp_path: Path, book_of: Callable[..., PriceBook]) -> None:
    """Two rows of a day rise by their time; the same time, or an earlier one, is refused."""
    at = [replace(price("a", OLD), effective_at=at) for at in (time(), time(0, 30), time(16), time(16, 0, 30))]
    assert book_of(*at).history("a") == tuple(at)
    for earlier, later in pairwise(at):
        path = tmp_path / "prices.jsonl"
        path.write_text(book_text([later, earlier], date(2026, 6, 1), []), encoding="utf-8")
        assert (refused(path).line, refused(path).field) == (2, "effective_from")


def test_bytes_that_are_not_utf_8_are_refused(tmp_path: Path) -> None:
    """A file that is not UTF-8 is refused, naming the line."""
    path = tmp_path / "prices.jsonl"
    path.write_bytes(GOOD.encode() + b"\xff\n")
    assert refused(path).line == 2


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        ([price("a", OLD), price("a", OLD)], "effective_from"),
        ([price("a", OLD), price("a", OLD, recorded_at=date(2026, 7, 1))], "effective_from"),
        ([price("a", NEW), price("a", OLD)], "effective_from"),
        ([price("a", NEW), price("a", OLD, recorded_at=date(2026, 7, 1))], "effective_from"),
        ([price("a"), price("b", recorded_at=date(2026, 5, 31))], "recorded_at"),
    ],
)
def test_rows_out_of_order_are_refused(tmp_path: Path, rows: list[Price], field: str) -> None:
    """A second price for a day, an older one behind a newer, or days of recording that fall refuse the book."""
    path = tmp_path / "prices.jsonl"
    path.write_text(book_text(rows, date(2026, 6, 1), []), encoding="utf-8")
    fault = refused(path)
    assert (fault.line, fault.field) == (2, field)


def test_a_correction_stands_in_for_an_earlier_row(book_of: Callable[..., PriceBook]) -> None:
    """An appended row that says what it corrects holds on its day, also before a newer one; the old row is kept."""
    wrong, later = price("a", OLD, "0.000002"), price("a", NEW, "0.000003")
    right = replace(price("a", OLD, "0.000004", date(2026, 7, 1)), corrects="it was misread")
    earlier = replace(price("a", date(2025, 1, 1), "0.000005", date(2026, 7, 1)), corrects="it was missing")
    book = book_of(wrong, later, right, earlier)
    assert book.history("a") == (earlier, right, later)
    assert book.price("a", OLD) == right
    assert book.recorded("a") == (wrong, later, right, earlier)


def test_a_write_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails on the way leaves the old file as it was and no other file behind."""
    path = tmp_path / "prices.jsonl"
    write(path, "old")
    monkeypatch.setattr("os.fsync", _full)
    with pytest.raises(OSError, match="no space"):
        write(path, "new")
    assert (path.read_text(encoding="utf-8"), list(tmp_path.iterdir())) == ("old", [path])


def _full(descriptor: int) -> None:
    raise OSError("no space")


def test_a_book_knows_its_last_refresh(tmp_path: Path) -> None:
    """The closing line has the day of the last refresh and what it read, also if it appended nothing."""
    path = tmp_path / "prices.jsonl"
    read = SourceVersion("p", "1.0", "0" * 64)
    path.write_text(book_text([price("a")], date(2026, 8, 1), [read]), encoding="utf-8")
    book = PriceBook.from_file(path)
    assert (book.refreshed_at, book.source_versions, book.age_days(date(2026, 9, 1))) == (date(2026, 8, 1), (read,), 31)

"""A book: which price holds on which day, and every way in which a file can be damaged."""

import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pricing_data import DamagedBook, Price, PriceBook
from pricing_data.row import dump
from tests.pricing_data.conftest import price

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
    """The version is the newest day of recording and the start of the file's sha256."""
    book = book_of(price("a", recorded_at=date(2026, 6, 1)), price("b", recorded_at=date(2026, 7, 2)))
    digest = hashlib.sha256((tmp_path / "prices.jsonl").read_bytes()).hexdigest()
    assert book.version == f"2026-07-02+{digest[:12]}"


def damaged(tmp_path: Path, *lines: str) -> DamagedBook:
    path = tmp_path / "prices.jsonl"
    path.write_text("".join(lines), encoding="utf-8")
    with pytest.raises(DamagedBook) as caught:
        PriceBook.from_file(path)
    assert str(path) in str(caught.value)
    return caught.value


def line(**changes: Any) -> str:
    row = {**json.loads(dump(price())), **changes}
    return json.dumps({name: value for name, value in row.items() if value is not ...}) + "\n"


GOOD = f"{dump(price('0'))}\n"


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


@pytest.mark.parametrize("bad", ["{\n", "[]\n", "\n", "null\n", "not json\n", '{"model": "a", "model": "a"}\n'])
def test_a_line_that_is_no_row_is_named(tmp_path: Path, bad: str) -> None:
    """A broken, empty, foreign or doubled line refuses the book, naming the line."""
    assert damaged(tmp_path, GOOD, bad).line == 2


def test_a_cut_off_file_is_refused(tmp_path: Path) -> None:
    """A last line without its newline may be half a row, even if it parses."""
    assert damaged(tmp_path, GOOD, line().rstrip("\n")).line == 2


def test_bytes_that_are_not_utf_8_are_refused(tmp_path: Path) -> None:
    """A file that is not UTF-8 is refused, naming the line."""
    path = tmp_path / "prices.jsonl"
    path.write_bytes(GOOD.encode() + b"\xff\n")
    with pytest.raises(DamagedBook) as caught:
        PriceBook.from_file(path)
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        ([price("a", OLD), price("a", OLD)], "effective_from"),
        ([price("a", NEW), price("a", OLD)], "effective_from"),
        ([price("a", NEW), price("a", OLD, recorded_at=date(2026, 7, 1))], "effective_from"),
        ([price("b"), price("a")], "model"),
        ([price("a"), price("b", recorded_at=date(2026, 5, 31))], "recorded_at"),
    ],
)
def test_rows_out_of_order_are_refused(tmp_path: Path, rows: list[Price], field: str) -> None:
    """A second price for a day, an older one behind a newer, or unsorted rows refuse the book."""
    fault = damaged(tmp_path, *(f"{dump(row)}\n" for row in rows))
    assert (fault.line, fault.field) == (2, field)


def test_a_later_refresh_starts_the_order_anew(book_of: Callable[..., PriceBook]) -> None:
    """Rows recorded on a later day may begin with an earlier name again."""
    book = book_of(price("b"), price("a", recorded_at=date(2026, 7, 1)))
    assert set(book.histories) == {"a", "b"}

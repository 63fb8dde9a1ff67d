"""A file of cited prices: every slip is refused, all of them at once; and how its prices stand over a book."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from pricing_data import PriceBook
from pricing_data.errors import BadPricesFile
from pricing_data.overrides import PricesFile, read_prices_file
from tests.pricing_data.conftest import price

GOOD = {"model": '"a"', "effective_from": "2026-01-01", "input": '"0.000001"', "url": '"https://x"', "reason": '"r"'}


def table(kind: str = "override", /, **changes: str | None) -> str:
    fields = {**GOOD, **changes}
    return "\n".join([f"[[{kind}]]", *(f"{name} = {value}" for name, value in fields.items() if value is not None), ""])


def read(folder: Path, *tables: str) -> PricesFile:
    path = folder / "own.toml"
    path.write_text("\n".join(tables), encoding="utf-8")
    return read_prices_file(path)


def faults(folder: Path, *tables: str) -> tuple[str, ...]:
    with pytest.raises(BadPricesFile) as caught:
        read(folder, *tables)
    return caught.value.faults


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": '""'}, "url"),
        ({"url": '"page 3"'}, "url"),
        ({"reason": None}, "reason"),
        ({"input": None}, "input"),
        ({"effective_from": None}, "effective_from"),
        ({"effective_from": '"2026-01-01"'}, "effective_from"),
        ({"effective_from": "2026-01-01T00:00:00Z"}, "effective_from"),
        ({"expires": "2026-01-01"}, "expires"),
        ({"input": "0.000001"}, "input"),
        ({"input": '"-1"'}, "input"),
        ({"input": '"NaN"'}, "input"),
        ({"input": '"cheap"'}, "input"),
        ({"input": '"2"'}, "input"),
        ({"output": '"0"'}, "output"),
        ({"colour": '"red"'}, "colour"),
        ({"model": "7"}, "model"),
    ],
)
def test_a_bad_entry_is_named(tmp_path: Path, changes: dict[str, str | None], field: str) -> None:
    """An override without a citation, or with an amount that is no price, is refused with its place and field."""
    (fault,) = faults(tmp_path, table("override", **changes))
    assert fault.startswith("override 1 (")
    assert f": {field} " in fault


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Whoever mends a file learns of every fault in it."""
    told = faults(tmp_path, table(input='"x"', url=None), table("correction", reason=None), table("allow"), table("x"))
    assert [fault.split(":")[0] for fault in told] == [
        "override 1 (a)",
        "override 1 (a)",
        "correction 1 (a)",
        "allow 1 (a)",
        "[[x]] is not known here; there are override, correction, allow",
    ]


@pytest.mark.parametrize("text", ["[[override]", "override = 1", "override = [1]"])
def test_a_file_in_another_form_is_refused(tmp_path: Path, text: str) -> None:
    """What is not TOML, or not a list of tables, is refused."""
    assert len(faults(tmp_path, text)) == 1


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that is not there is named; it does not pass for an empty one."""
    with pytest.raises(BadPricesFile, match="nowhere"):
        read_prices_file(tmp_path / "nowhere.toml")


def test_overrides_of_one_model_follow_each_other(tmp_path: Path) -> None:
    """Two overrides of one model are refused unless the older one has expired by then."""
    newer = table(effective_from="2026-06-01")
    assert "overridden twice" in faults(tmp_path, table(), newer)[0]
    assert len(read(tmp_path, table(expires="2026-06-01"), newer).overrides) == 2


@pytest.fixture
def under(tmp_path: Path, book_of: Callable[..., PriceBook]) -> Callable[[str], PriceBook]:
    """A book with a price of 2 from March and of 3 from May, under the overrides of a file."""
    book = book_of(price("a", date(2026, 3, 1), "0.000002"), price("a", date(2026, 5, 1), "0.000003"))
    return lambda text: book.with_overrides(read(tmp_path, text).overrides)


def at(book: PriceBook, month: int, day: int) -> str | None:
    found = book.price("a", date(2026, month, day))
    return str(found.input) if found else None


def test_an_override_holds_until_the_book_changes(under: Callable[[str], PriceBook]) -> None:
    """It wins from its day, and lapses on the day on which the price that it replaces does."""
    book = under(table(effective_from="2026-04-01", replaces='"0.000002"', input='"0.000009"'))
    assert [at(book, 3, 31), at(book, 4, 1), at(book, 4, 30), at(book, 5, 1)] == [
        "0.000002", "0.000009", "0.000009", "0.000003",
    ]  # fmt: skip
    (standing,) = book.standing["a"]
    assert (standing.row.state, standing.until, standing.ended) == (
        "override", date(2026, 5, 1), "the book changed to 0.000003",
    )  # fmt: skip


def test_an_override_of_another_price_never_holds(under: Callable[[str], PriceBook]) -> None:
    """An override that replaces what the book does not say is void from the start, and says why."""
    book = under(table(effective_from="2026-04-01", replaces='"0.000007"', input='"0.000009"'))
    assert at(book, 4, 1) == "0.000002"
    assert book.standing["a"][0].ended == "the book gave 0.000002, not 0.000007"


def test_an_override_expires(under: Callable[[str], PriceBook]) -> None:
    """On the day on which it expires the book holds again."""
    book = under(table(effective_from="2026-05-02", replaces='"0.000003"', input='"0.000009"', expires="2026-06-01"))
    assert [at(book, 5, 31), at(book, 6, 1)] == ["0.000009", "0.000003"]


def test_an_override_of_no_price_ends_with_the_first(under: Callable[[str], PriceBook]) -> None:
    """Where the book has no price yet, an override gives one until it has."""
    book = under(table(effective_from="2026-01-01", input='"0.000009"'))
    assert [at(book, 2, 28), at(book, 3, 1)] == ["0.000009", "0.000002"]


def test_overrides_change_the_version(under: Callable[[str], PriceBook], tmp_path: Path) -> None:
    """A price can be traced to the book and the overrides that gave it: the version names both."""
    one, other = under(table()), under(table(input='"0.000002"'))
    assert len({one.version, other.version, one.version.partition(".")[0]}) == 3


def test_an_allowed_price_is_exact(tmp_path: Path) -> None:
    """What is allowed is a model with one price, however it is written."""
    assert read(tmp_path, table("allow", effective_from=None, input='"0.0000020"')).allowed == {
        ("a", Decimal("0.000002"))
    }

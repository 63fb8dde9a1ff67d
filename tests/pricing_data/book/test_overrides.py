"""A file of cited prices: every slip is refused, all of them at once; and how its prices stand over a book."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from pricing_data import PriceBook, Terms, UnpricedUsage, Usage
from pricing_data.book.overrides import PricesFile, read_prices_file
from pricing_data.errors import BadPricesFile
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
        ({"effective_from": "2026-01-01T00:00:00"}, "effective_from"),
        ({"expires": "2026-01-01T00:00:00Z"}, "expires"),
        ({"expires": "2026-01-01"}, "expires"),
        ({"input": "0.000001"}, "input"),
        ({"input": '"-1"'}, "input"),
        ({"input": '"NaN"'}, "input"),
        ({"input": '"cheap"'}, "input"),
        ({"input": '"2"'}, "input"),
        ({"output": '"0"'}, "output"),
        ({"colour": '"red"'}, "colour"),
        ({"model": "7"}, "model"),
        ({"input": '"0"'}, "input"),
        ({"web_search": '"2"'}, "web_search"),
        ({"cache_write_1h": "1"}, "cache_write_1h"),
        ({"tiers": "{ above_tokens = 9 }"}, "tiers"),
        ({"tiers": '[{ above_tokens = 0, input = "0.000001" }]'}, "tiers 1: above_tokens"),
        ({"tiers": "[{ above_tokens = 9 }, { above_tokens = 9 }]"}, "tiers 2: above_tokens"),
        ({"tiers": '[{ above_tokens = 9, inputs = "0.1" }]'}, "tiers 1.inputs"),
        ({"batch": '"0.000001"'}, "batch"),
        ({"batch": '{ input = "1" }'}, "batch.input"),
        ({"flex": '{ colour = "red" }'}, "flex.colour"),
        ({"priority": "{ tiers = [{ above_tokens = 1.5 }] }"}, "priority.tiers 1: above_tokens"),
        ({"standard": '{ input = "0.000001" }'}, "standard"),
        ({"regions": '"us"'}, "regions"),
        ({"regions": '{ us = "11" }'}, "regions.us"),
        ({"schedule": '{ starts = "01:00" }'}, "schedule"),
        ({"schedule": '[{ starts = "01:00" }]'}, "schedule 1: ends"),
        ({"schedule": '[{ starts = "01:00", ends = "25:00" }]'}, "schedule 1: ends"),
        ({"schedule": '[{ starts = "01:00", ends = "02:00", input = "x" }]'}, "schedule 1.input"),
        ({"schedule": '[{ starts = "01:00", ends = "02:00", holidays = "atlantis" }]'}, "schedule 1: holidays"),
    ],
)
def test_a_bad_entry_is_named(tmp_path: Path, changes: dict[str, str | None], field: str) -> None:
    """An override without a citation, or with an amount that is no price, is refused with its place and field."""
    (fault,) = faults(tmp_path, table("override", **changes))
    assert fault.startswith("override 1 (")
    assert f": {field} " in fault


@pytest.mark.parametrize(
    ("kind", "fields"),
    [("correction", "effective_from = 2026-01-01T00:00:00Z"), ("correction", 'input = "0"'), ("allow", 'input = "0"')],
)
def test_what_goes_into_a_book_is_neither_free_nor_of_an_hour(tmp_path: Path, kind: str, fields: str) -> None:
    """Corrections and allowed prices are entered into books: never 0, also in an operator's file."""
    name, _, value = fields.partition(" = ")
    changes = {"effective_from": None, name: value} if kind == "allow" else {name: value}
    path = tmp_path / "own.toml"
    path.write_text(table(kind, **changes), encoding="utf-8")
    with pytest.raises(BadPricesFile, match=f"{kind} 1 .a.: {name} "):
        read_prices_file(path, free=True)


def test_an_operators_own_price_may_be_zero(tmp_path: Path, book_of: Callable[..., PriceBook]) -> None:
    """A model that costs its operator nothing has a cost of 0, which is not the same as no price."""
    path = tmp_path / "own.toml"
    path.write_text(table(model='"mine"', input='"0"', output='"0"'), encoding="utf-8")
    book = book_of(price("a")).with_overrides(read_prices_file(path, free=True).overrides)
    found = book.call_cost("mine", Usage(1_000, 10), Terms(date(2026, 2, 1)))
    assert not found.total
    assert [line.amount for line in found.lines] == [Decimal(), Decimal()]
    with pytest.raises(UnpricedUsage, match="no price for input that is read from a cache"):
        book.call_cost("mine", Usage(1_000, cached_input_tokens=1), Terms(date(2026, 2, 1)))


EVERYTHING = """
[[override]]
model = "ft:gpt-4o-mini-2024-07-18:acme::AbC12"
effective_from = 2026-01-01T16:00:00Z
expires = 2026-06-01T12:00:00+02:00
input = "0.0000003"
output = "0.0000012"
cached_input = "0.00000015"
web_search = "0.01"
url = "https://example.org/contract"
reason = "fine-tuned model"
tiers = [{ above_tokens = 200000, input = "0.0000006", output = "0.0000024" }]

[override.batch]
input = "0.00000015"
output = "0.0000006"
tiers = [{ above_tokens = 200000, input = "0.0000003" }]

[override.regions]
us = "1.1"

[[override.schedule]]
starts = "09:00"
ends = "12:00"
weekdays = [1, 2, 3, 4, 5]
utc_offset_minutes = 480
holidays = "cn"
input = "0.0000005"
"""


def test_an_override_has_every_kind_of_rate(tmp_path: Path, book_of: Callable[..., PriceBook]) -> None:
    """A name outside the book can have all that a row of the book can have, from an instant to another."""
    name = "ft:gpt-4o-mini-2024-07-18:acme::AbC12"
    book = book_of(price("a")).with_overrides(read(tmp_path, EVERYTHING).overrides)

    def cost(usage: Usage, at: datetime, **others: str) -> Decimal:
        return book.call_cost(name, usage, Terms(at, **others)).total

    noon = datetime(2026, 2, 1, 12, tzinfo=UTC)  # A Sunday.
    assert cost(Usage(100, 10), noon) == Decimal("0.000042")
    assert cost(Usage(100, 0, 40, web_searches=2), noon) == Decimal("0.020024")
    assert cost(Usage(200_001), noon) == Decimal("0.1200006")
    assert cost(Usage(100, 10), noon, service="batch") == Decimal("0.000021")
    assert cost(Usage(200_001), noon, service="batch") == Decimal("0.0600003")
    assert cost(Usage(100), noon, region="us") == Decimal("0.000033")
    assert cost(Usage(100), datetime(2026, 2, 2, 2, tzinfo=UTC)) == Decimal("0.00005")
    begins, ends = datetime(2026, 1, 1, 16, tzinfo=UTC), datetime(2026, 6, 1, 10, tzinfo=UTC)
    second = timedelta(seconds=1)
    held = [book.price(name, at) is not None for at in (begins - second, begins, ends - second, ends)]
    assert held == [False, True, True, False]
    assert book.price(name, date(2026, 1, 1)) is None
    assert book.price(name, date(2026, 6, 1)) is None


def test_a_markup_is_of_its_account_and_its_time(tmp_path: Path, book_of: Callable[..., PriceBook]) -> None:
    """An account's share is exact, holds from its day to before its end, and changes no price."""
    text = """
        [[markup]]
        account = "acme"
        percent = "12.5"
        expires = 2026-06-01

        [[markup]]
        account = "acme"
        percent = "0.125"
        effective_from = 2026-06-01
    """
    own, plain = read(tmp_path, text), book_of(price("a"))
    book = plain.with_overrides(own.overrides, own.markups)
    early, late = book.markup("acme", date(2026, 5, 31)), book.markup("acme", date(2026, 6, 1))
    assert early is not None
    assert late is not None
    assert (early.amount(Decimal("0.000001")), late.amount(Decimal(3))) == (Decimal("0.000000125"), Decimal("0.00375"))
    assert book.markup("other", date(2026, 5, 31)) is None
    assert book.markup(None, date(2026, 5, 31)) is None
    assert book.price("a", date(2026, 5, 31)) == plain.price("a", date(2026, 5, 31))
    assert book.version != plain.version


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ('percent = "1"', "markup 1 (no account): account is missing"),
        ('account = "a"', "markup 1 (a): percent is missing"),
        ('account = "a"\npercent = 12.5', "markup 1 (a): percent must be a decimal string"),
        ('account = "a"\npercent = "-1"', "markup 1 (a): percent must be from 0 to 1000, not '-1'"),
        ('account = "a"\npercent = "1001"', "markup 1 (a): percent must be from 0 to 1000"),
        ('account = "a"\npercent = "NaN"', "markup 1 (a): percent must be from 0 to 1000"),
        ('account = "a"\npercent = "0.0000001"', "markup 1 (a): percent has more than 6 decimals"),
        ('account = "a"\npercent = "1"\nmodel = "b"', "markup 1 (a): model is not a field of it"),
        ('account = "a"\npercent = "1"\n[[markup]]\naccount = "a"\npercent = "2"', "markup of a: given twice"),
    ],
)
def test_a_bad_markup_is_named(tmp_path: Path, fields: str, fault: str) -> None:
    """A mark-up without an account or a percentage that can be is refused with the others."""
    (found,) = faults(tmp_path, f"[[markup]]\n{fields}")
    assert found.startswith(fault)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Whoever mends a file learns of every fault in it."""
    told = faults(tmp_path, table(input='"x"', url=None), table("correction", reason=None), table("allow"), table("x"))
    assert [fault.split(":")[0] for fault in told] == [
        "override 1 (a)",
        "override 1 (a)",
        "correction 1 (a)",
        "allow 1 (a)",
        "[[x]] is not known here; there are override, correction, allow, markup",
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
    (standing,) = book.overrides["a"]
    assert (standing.row.state, standing.until, standing.ended) == (
        "override", date(2026, 5, 1), "the book changed to 0.000003",
    )  # fmt: skip


def test_an_override_of_another_price_never_holds(under: Callable[[str], PriceBook]) -> None:
    """An override that replaces what the book does not say is void from the start, and says why."""
    book = under(table(effective_from="2026-04-01", replaces='"0.000007"', input='"0.000009"'))
    assert at(book, 4, 1) == "0.000002"
    assert book.overrides["a"][0].ended == "the book gave 0.000002, not 0.000007"


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

"""Causes of a difference between a bill and own prices: named where one explains it exactly, and they sum to it."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_cost.audit.causes import Cause, PricedRow, causes_of, sum_up
from corpus_cost.audit.comparison import audit
from pricing_data import PriceBook
from pricing_data.usage import Terms, Usage
from pricing_data.usage_files.pricing_rows import price_row
from pricing_data.usage_files.row import NO_USAGE, UsageRow
from tests.usage_book import usage_book

DAY = date(2026, 10, 5)
MTOK = 1_000_000


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> PriceBook:
    return usage_book(tmp_path_factory.mktemp("book"))


def row(model: str, usage: Usage, billed: str | None = None, *, calls: int | None = 1, service: str = "standard",
        region: str | None = None, number: int = 1) -> UsageRow:  # fmt: skip
    """Return a usage row of the tests' day."""
    charge = None if billed is None else Decimal(billed)
    return UsageRow(number, model, DAY, usage, Terms(DAY, service, region), calls, billed=charge)


def causes(book: PriceBook, *rows: UsageRow, charged: str) -> list[Cause]:
    """The causes for rows that are charged together."""
    own = []
    for each in rows:
        total = price_row(book, each).total
        assert total.usd is not None
        own.append(PricedRow(each, total.usd, total.price))
    return causes_of(book, own, Decimal(charged))


OPUS, MINI = "claude-opus-4-5", "gpt-5-mini"
CACHED = Usage(2 * MTOK, 0, MTOK)  # 5.5
WRITTEN = Usage(MTOK, 0, 0, MTOK)  # 6.25
ONE_CAUSE = {
    "right": (row(MINI, Usage(MTOK)), "0.25", []),
    "tier": (row(MINI, Usage(MTOK)), "0.45", ["service tier (charged as priority) 0.2"]),
    "batch or flex, equal": (row(MINI, Usage(MTOK)), "0.125", ["service tier (charged as batch) -0.125"]),
    "no flex": (row(MINI, Usage(MTOK), service="flex"), "0.25", ["service tier (charged as standard) 0.125"]),
    "cache as input": (row(OPUS, CACHED), "10", ["cache kind (cached tokens charged as other input) 4.5"]),
    "input as cached": (row(OPUS, CACHED), "1", ["cache kind (all input charged as cached) -4.5"]),
    "written as input": (row(OPUS, WRITTEN), "5", ["cache kind (written tokens charged as other input) -1.25"]),
    "1h": (row(OPUS, WRITTEN), "10", ["TTL (writes for 5 minutes charged as for 1 hour) 3.75"]),
    "5m": (
        row(OPUS, Usage(MTOK, cache_write_1h_tokens=MTOK)),
        "6.25",
        ["TTL (writes for 1 hour charged as for 5 minutes) -3.75"],
    ),
    "region": (row(OPUS, Usage(MTOK)), "5.5", ["region (charged as in us) 0.5"]),
    "no region": (row(OPUS, Usage(MTOK), region="us"), "5", ["region (charged without the region's factor) -0.5"]),
    "no fee": (row(OPUS, Usage(MTOK, web_searches=3)), "5", ["tool fee (web searches not charged) -0.03"]),
    "fee": (row(OPUS, Usage(MTOK)), "5.03", ["tool fee (3 web searches that the usage does not have) 0.03"]),
    "nothing": (row(OPUS, Usage(MTOK)), "0.00", ["missing call (row 1 not charged) -5"]),
    "twice": (row(MINI, Usage(MTOK)), "0.50", ["missing call (row 1 charged twice) 0.25"]),
    "one call less": (
        row(MINI, Usage(4 * MTOK, requests=4), calls=4),
        "0.75",
        ["missing call (3 of 4 calls charged) -0.25"],
    ),
    "rounded": (row(MINI, Usage(1_234_567)), "0.31", ["rounding (to 2 decimals) 0.00135825"]),
    "half": (row(MINI, Usage(20_000)), "0.00", ["rounding (to 2 decimals) -0.005"]),
    "tier and rounded": (
        row(MINI, Usage(1_234_567)),
        "0.1543",
        ["service tier (charged as batch) -0.154320875", "rounding (to 4 decimals) -0.000020875"],
    ),
    "unknown": (row(MINI, Usage(MTOK)), "0.2871", ["unknown 0.0371"]),
}


def shown(found: list[Cause]) -> list[str]:
    """Causes as people read them."""
    return [f"{each.kind}{f' ({each.detail})' if each.detail else ''} {each.usd.normalize():f}" for each in found]


@pytest.mark.parametrize("case", ONE_CAUSE)
def test_the_cause_is_the_first_that_explains_the_difference(book: PriceBook, case: str) -> None:
    usage, charged, expected = ONE_CAUSE[case]
    assert shown(causes(book, usage, charged=charged)) == expected


def test_rows_that_are_charged_together_have_one_cause(book: PriceBook) -> None:
    """A row that the bill does not have is found among the others by its price."""
    rows = [row(MINI, Usage(MTOK), number=1), row(MINI, Usage(2 * MTOK + 1), number=2)]
    assert shown(causes(book, *rows, charged="0.25")) == ["missing call (row 2 not charged) -0.50000025"]
    assert shown(causes(book, *rows, charged="0.375000125")) == ["service tier (charged as batch) -0.375000125"]


def charge(model: str, usd: str) -> UsageRow:
    """Return a row of a bill that has a charge and no usage."""
    return UsageRow(1, model, DAY, NO_USAGE, None, None, billed=Decimal(usd))


def test_each_row_with_its_charge_has_its_own_causes(book: PriceBook) -> None:
    found = audit(book, {}, [row(MINI, Usage(MTOK), "0.125"), row(MINI, Usage(MTOK), "0.30")], [])
    (line,) = found.lines.values()
    assert shown(line.causes) == ["service tier (charged as batch) -0.125", "unknown 0.05"]
    assert line.difference == Decimal("-0.075")


@pytest.mark.parametrize(
    ("model", "cause"),
    [
        ("gpt-9", "missing call (charged, and not in the usage) 2"),
        ("web search tool calls", "tool fee (charged, and not in the usage) 2"),
    ],
)
def test_what_is_charged_without_usage_is_named(book: PriceBook, model: str, cause: str) -> None:
    (line,) = audit(book, {}, [], [charge(model, "2.00")]).lines.values()
    assert shown(line.causes) == [cause]


def test_a_line_that_cannot_be_priced_has_no_causes(book: PriceBook) -> None:
    """An unknown part would make any cause a guess."""
    rows = [row(MINI, Usage(MTOK), "0.125"), row(MINI, Usage(MTOK, output_tokens=1, output_audio_tokens=1), "1")]
    (line,) = audit(book, {}, rows, []).lines.values()
    assert (line.difference, line.causes) == (None, [])
    assert list(line.faults) == ["no price for audio output is known, and there are 1 tokens"]


def test_equal_causes_are_added_up_and_those_that_cancel_out_are_left_out() -> None:
    some = [Cause("rounding", "", Decimal(1)), Cause("unknown", "", Decimal(2)), Cause("rounding", "", Decimal(-1))]
    assert sum_up(some) == [Cause("unknown", "", Decimal(2))]


COUNTS = st.integers(0, 10**7)
AMOUNTS = st.decimals(-10, 1000, places=6) | st.decimals(0, 1000, places=2) | st.just(Decimal(0))


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Any usage of a text model."""
    fresh, cached, written, hour = (draw(COUNTS) for _ in range(4))
    return Usage(
        fresh + cached + written + hour, draw(COUNTS), cached, written, hour, web_searches=draw(st.integers(0, 5))
    )


@given(rows=st.lists(st.tuples(usages(), st.none() | AMOUNTS), min_size=1, max_size=4), bill=st.none() | AMOUNTS)
def test_causes_sum_to_the_difference_exactly(
    book: PriceBook, rows: list[tuple[Usage, Decimal | None]], bill: Decimal | None
) -> None:
    usage = [row(OPUS, each, None if usd is None else str(usd), number=n) for n, (each, usd) in enumerate(rows)]
    bills: Iterator[UsageRow] = iter([] if bill is None else [charge(OPUS, str(bill))])
    (line,) = audit(book, {}, usage, bills).lines.values()
    if line.difference is None:
        assert line.charged is None
        assert line.causes == []
    else:
        assert sum((each.usd for each in line.causes), Decimal()) == line.difference

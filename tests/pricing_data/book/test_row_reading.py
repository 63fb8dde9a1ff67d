"""A line of the book: written and read back."""

import json
from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing_data.book.row_fields import BadField
from pricing_data.book.row_reading import parse
from pricing_data.book.row_writing import dump
from pricing_data.price import (
    BASES,
    STATES,
    Opinion,
    Price,
    PriceSource,
    Rates,
    Service,
    Statement,
    Tariff,
    Tier,
    Window,
)
from pricing_data.rate_paths import path_of, rates_by_path
from tests.pricing_data.conftest import price
from tests.pricing_data.tariffs import amounts, maybe, minutes, tariffs

names = st.text(min_size=1, max_size=20)
sources = st.builds(
    PriceSource, names, names, st.text("0123456789abcdef", min_size=64, max_size=64), names, names, st.none() | names
)
paths = st.sampled_from(
    ["cached_input", "batch.input", "input>200000", "priority.output>272000", "schedule", "region.eu"]
)
bases = st.sampled_from([*sorted(BASES), "host:bedrock"])
states = st.sampled_from(sorted(STATES))
statements = st.builds(
    Statement,
    paths=st.lists(paths, min_size=1, max_size=3, unique=True).map(tuple),
    since=st.dates(),
    basis=bases,
    source=sources,
    state=states,
    not_before=st.none() | st.dates(),
    opinions=st.lists(st.tuples(names, paths, amounts), max_size=2).map(tuple),
)
prices = st.builds(
    Price,
    model=names,
    effective_from=st.dates(),
    effective_at=minutes,
    basis=bases,
    tariff=tariffs(),
    source=sources,
    second_opinions=st.lists(st.builds(Opinion, names, amounts, maybe), max_size=2).map(tuple),
    state=states,
    recorded_at=st.dates(),
    corrects=st.none() | names,
    not_before=st.none() | st.dates(),
    statements=st.lists(statements, max_size=2).map(tuple),
)


@given(prices)
def test_a_row_round_trips(price: Price) -> None:
    """Every price can be written on one line and reads back equal."""
    line = dump(price)
    assert "\n" not in line
    assert parse(line) == price


def test_the_written_form() -> None:
    """Amounts are plain decimal strings per token, and unknown ones are left out."""
    source = PriceSource("genai-prices", "0.2.3", "a" * 64, "anthropic", "claude-2", "https://example.org")
    tariff = Tariff(Rates(Decimal("8E-6"), Decimal("0.000024")))
    day = date(2026, 11, 21)
    opinions = (Opinion("litellm", Decimal("0.000008")),)
    price = Price("claude-2.1", day, "first_observed", tariff, source, opinions, "agreed", day)
    assert dump(price) == (
        '{"model":"claude-2.1","effective_from":"2026-11-21","basis":"first_observed","currency":"USD",'
        '"input":"0.000008","output":"0.000024","source":{"package":"genai-prices","version":"0.2.3","sha256":"'
        + "a"
        * 64
        + '","provider":"anthropic","id":"claude-2","url":"https://example.org"},"second_opinions":'
        '[{"source":"litellm","value":"0.000008"}],"state":"agreed","recorded_at":"2026-11-21"}'
    )


def test_the_written_form_of_services_hours_and_regions() -> None:
    """Each stands in a place of its own, and a row says the hour from which it holds if it is not midnight."""
    window = Window(time(9), time(12), Rates(Decimal("0.000003")), (1, 5), 480, "cn")
    tariff = Tariff(
        Rates(Decimal("0.000001"), web_search=Decimal("0.01")),
        (Tier(200_000, Rates(Decimal("0.000002"))),),
        (Service("flex", Rates(Decimal("0.0000005")), (Tier(272_000, Rates(Decimal("0.0000007"))),)),),
        (window,),
        (("us", Decimal("1.1")),),
    )
    source = PriceSource("p", "1", "a" * 64, "o", "m")
    statement = Statement(("flex.input",), date(2026, 2, 1), "observed", source, "single", date(2026, 1, 9))
    found = Price(
        "m", date(2026, 8, 16), "observed", tariff, source, (), "single", date(2026, 9, 1), None, time(16),
        date(2026, 8, 1), (statement,),
    )  # fmt: skip
    row = json.loads(dump(found))
    assert row["effective_from"] == "2026-08-16T16:00Z"
    assert row["not_before"] == "2026-08-01"
    assert row["web_search"] == "0.01"
    assert row["services"] == {
        "flex": {"input": "0.0000005", "tiers": [{"above_tokens": 272_000, "input": "0.0000007"}]}
    }
    assert row["schedule"] == [
        {
            "starts": "09:00",
            "ends": "12:00",
            "weekdays": [1, 5],
            "utc_offset_minutes": 480,
            "holidays": "cn",
            "input": "0.000003",
        }
    ]
    assert row["regions"] == {"us": "1.1"}
    assert row["statements"][0]["paths"] == ["flex.input"]
    assert row["statements"][0]["not_before"] == "2026-01-09"
    assert parse(dump(found)) == found


HOURS = {"starts": "01:00", "ends": "02:00"}


def row_with(**changes: Any) -> str:
    return json.dumps({**json.loads(dump(price())), **changes})


def stated(**changes: Any) -> dict[str, Any]:
    source = json.loads(dump(price()))["source"]
    statement = {"paths": ["output"], "since": "2026-01-01", "basis": "documented", "source": source, "state": "single"}
    return {**statement, **changes}


def test_rows_from_before_there_were_services_are_read() -> None:
    """A row with `batch` has that service, and `per_call` is a rate as any other."""
    batch = {"input": "0.0000005", "tiers": [{"above_tokens": 100, "input": "0.0000007"}]}
    tariff = parse(row_with(batch=batch, per_call="0.014")).tariff
    assert tariff.service("batch") == Service(
        "batch", Rates(Decimal("0.0000005")), (Tier(100, Rates(Decimal("0.0000007"))),)
    )
    assert tariff.rates.per_call == Decimal("0.014")
    assert parse(row_with(batch=batch, per_call="0.014")) == parse(
        row_with(services={"batch": batch}, per_call="0.014")
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"services": []}, "services"),
        ({"services": {"standard": {}}}, "services"),
        ({"services": {"slow": {}}}, "services"),
        ({"services": {"flex": []}}, "services.flex"),
        ({"services": {"flex": {"regions": {}}}}, "services.flex.regions"),
        ({"services": {"flex": {"tiers": [{"above_tokens": 1.5}]}}}, "services.flex.tiers[0].above_tokens"),
        ({"tiers": [{"above_tokens": 9}, {"above_tokens": 9}]}, "tiers"),
        ({"regions": []}, "regions"),
        ({"regions": {"us": 1.1}}, "regions.us"),
        ({"regions": {"us": "11"}}, "regions.us"),
        ({"web_search": "1.5"}, "web_search"),
        ({"schedule": [{**HOURS, "weekdays": [0]}]}, "schedule[0].weekdays"),
        ({"schedule": [{**HOURS, "weekdays": [True]}]}, "schedule[0].weekdays"),
        ({"schedule": [{**HOURS, "utc_offset_minutes": 900}]}, "schedule[0].utc_offset_minutes"),
        ({"schedule": [{**HOURS, "holidays": ""}]}, "schedule[0].holidays"),
        ({"effective_from": "2026-08-16T16:00"}, "effective_from"),
        ({"effective_from": "2026-08-16T25:00Z"}, "effective_from"),
        ({"not_before": "2026-02-30"}, "not_before"),
        ({"schedule": [{**HOURS, "holidays": "atlantis"}]}, "schedule[0].holidays"),
        ({"batch": {}, "services": {}}, "batch"),
        ({"batch": {"tiers": [{"input": "0.000001"}]}}, "batch.tiers[0].above_tokens"),
        ({"statements": [{"paths": []}]}, "statements[0].since"),
        ({"statements": [stated(paths=[])]}, "statements[0].paths"),
        ({"statements": [stated(since="2026-02-30")]}, "statements[0].since"),
        ({"statements": [stated(not_before="soon")]}, "statements[0].not_before"),
        ({"statements": [stated(basis="guessed")]}, "statements[0].basis"),
        ({"statements": [stated(state="held")]}, "statements[0].state"),
        ({"statements": [stated(opinions=[["litellm", "input"]])]}, "statements[0].opinions"),
    ],
)
def test_a_field_that_breaks_a_rule_is_named(changes: dict[str, Any], field: str) -> None:
    """The services, hours, regions and instants of a row are checked as its rates are."""
    with pytest.raises(BadField) as caught:
        parse(row_with(**changes))
    assert caught.value.field == field


@pytest.mark.parametrize("path", ["input>0", "batch.standard", "slow.input", "input>", "", "Input", 1])
def test_a_statement_names_paths_that_can_be(path: object) -> None:
    """What is no path of a rate cannot be stated."""
    with pytest.raises(BadField, match="paths"):
        parse(row_with(statements=[stated(paths=[path])]))


def test_every_rate_has_its_path() -> None:
    """A path has the service in front and the tier's bound behind; a rate that is not known has none."""
    tariff = Tariff(
        Rates(Decimal(1), output=Decimal(2)),
        (Tier(10, Rates(Decimal(3))),),
        (Service("batch", Rates(Decimal(4)), (Tier(20, Rates(Decimal(5))),)),),
    )
    assert rates_by_path(tariff) == {
        "input": 1,
        "output": 2,
        "input>10": 3,
        "batch.input": 4,
        "batch.input>20": 5,
    }
    assert path_of("input", "batch", 20) == "batch.input>20"


def test_who_states_a_rate() -> None:
    """A statement that names the rate has it; every other rate is the row's own source's."""
    found = price(package="litellm", state="agreed")
    own = found.statement("output")
    assert (own.source.package, own.state, own.since) == ("litellm", "agreed", found.effective_from)

"""What a whole call costs: on both sides of every bound, and never zero for want of a price."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing_data import PriceBook, UnpricedUsage
from pricing_data.call_cost import CallCost, call_cost
from pricing_data.price import RATE_FIELDS, SERVICES, Price, Rates, Service, Tariff, Tier, Window
from pricing_data.rate_paths import rates_by_path
from pricing_data.usage import Terms, Usage
from tests.pricing_data.conftest import price
from tests.pricing_data.slow_cost import slow_cost
from tests.pricing_data.tariffs import tariffs, terms, usages

DAY = date(2026, 3, 1)
RATES = Rates(Decimal("0.000002"), Decimal("0.000008"), Decimal("0.0000002"), Decimal("0.0000025"))
LONG = Rates(Decimal("0.000004"), Decimal("0.000012"), Decimal("0.0000004"), Decimal("0.000005"))
LONGER = Rates(Decimal("0.000006"), Decimal("0.000018"), Decimal("0.0000006"), Decimal("0.0000075"))
HALF = Rates(Decimal("0.000001"), Decimal("0.000004"), Decimal("0.0000001"))
NIGHT = Rates(Decimal("0.000001"), Decimal("0.000002"))
# A different prime number of billionths for every rate, so that no two mixes of them come to the same.
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67)
EVERY = Rates(**{name: Decimal(prime).scaleb(-9) for name, prime in zip(RATE_FIELDS, PRIMES, strict=True)})
# All counts of a call, each part smaller than what it is among.
FULL = Usage(
    1_000_000, 100_000, 200_000, 30_000, 4_000, 50_000, 600, 70_000, 800, 9_000, 10_000, 2_000, 300,
    requests=1, web_searches=2, file_searches=3, images=4, seconds=Decimal("5.5"), pages=6,
)  # fmt: skip


def row(tariff: Tariff) -> Price:
    """A row with a tariff, for the model a."""
    return replace(price("a", date(2026, 1, 1)), tariff=tariff)


def cost_of(tariff: Tariff, usage: Usage, at: date = DAY, **others: Any) -> CallCost:
    """The cost of a call under a tariff."""
    return call_cost(row(tariff), usage, Terms(at, **others))


@pytest.fixture
def booked(book_of: Callable[..., PriceBook]) -> Callable[[Tariff], PriceBook]:
    """A book with one row of a tariff, for the model a."""
    return lambda tariff: book_of(row(tariff))


def test_the_parts_of_a_call(booked: Callable[[Tariff], PriceBook]) -> None:
    """Cached and written tokens are taken out of the input; each part has its own rate, and the call its fee."""
    tariff = Tariff(replace(RATES, per_call=Decimal("0.014")))
    usage = Usage(1000, 100, cached_input_tokens=600, cache_write_tokens=300)
    found = booked(tariff).call_cost("a", usage, Terms(DAY))
    assert found.input == Decimal("0.0002") + Decimal("0.00012") + Decimal("0.00075")
    assert found.output == Decimal("0.0008")
    assert found.counted == Decimal("0.014")
    assert found.total == found.input + found.output + Decimal("0.014")
    assert found.price.model == "a"


def test_every_count_has_its_line() -> None:
    """Each count of a usage is charged once, at its own rate, less the parts that are charged apart."""
    found = cost_of(Tariff(EVERY), FULL)
    assert {line.unit: line.count for line in found.lines} == {
        "input": 1_000_000 - 200_000 - 30_000 - 4_000 - (50_000 - 600) - (70_000 - 800) - 9_000,
        "cached_input": 200_000 - 600 - 800,
        "cached_audio": 600,
        "cached_image": 800,
        "cache_write": 30_000,
        "cache_write_1h": 4_000,
        "input_audio": 50_000 - 600,
        "input_image": 70_000 - 800,
        "input_video": 9_000,
        "output": 100_000 - 10_000 - 2_000 - 300,
        "reasoning": 10_000,
        "output_audio": 2_000,
        "output_image": 300,
        "per_call": 1,
        "web_search": 2,
        "file_search": 3,
        "image": 4,
        "second": Decimal("5.5"),
        "page": 6,
    }
    assert all(line.rate == getattr(EVERY, line.unit) and line.path == line.unit for line in found.lines)
    assert found.total == sum(line.amount for line in found.lines) == found.input + found.output + found.counted


@pytest.mark.parametrize("unit", [unit for unit in RATE_FIELDS if unit != "input"])
def test_a_rate_that_is_not_known_is_never_another(unit: str) -> None:
    """Without one rate a call that needs it has no cost; those that are charged with their whole are no exception."""
    tariff = Tariff(replace(EVERY, **{unit: None}))
    with_their_whole = {"input_image", "input_video", "reasoning", "per_call"}
    if unit not in with_their_whole:
        with pytest.raises(UnpricedUsage, match="is known"):
            cost_of(tariff, FULL)
    elif unit != "input_image":
        lines = {line.unit: line.count for line in cost_of(tariff, FULL).lines}
        assert unit not in lines
        whole = {"input_video": "input", "reasoning": "output"}.get(unit)
        if whole:
            every = {line.unit: line.count for line in cost_of(Tariff(EVERY), FULL).lines}
            assert lines[whole] == every[whole] + every[unit]


@pytest.mark.parametrize(
    ("usage", "reason"),
    [
        (Usage(10, cached_input_tokens=4), "no price for input that is read from a cache is known, and there are 4"),
        (Usage(10, cache_write_tokens=3), "no price for writing to a cache is known, and there are 3 tokens"),
        (Usage(10, cache_write_1h_tokens=2), "no price for writing to a cache for an hour is known"),
        (Usage(10, input_audio_tokens=1), "no price for audio input is known, and there are 1 tokens"),
        (Usage(10, 5, output_audio_tokens=5), "no price for audio output is known, and there are 5 tokens"),
        (Usage(10, 5, output_image_tokens=5), "no price for generated images is known, and there are 5 tokens"),
        (Usage(10, web_searches=1), "no price for web_searches is known, and there are 1"),
        (Usage(10, seconds=Decimal("1.5")), "no price for seconds is known, and there are 1.5"),
    ],
)
def test_what_is_charged_apart_needs_a_rate(usage: Usage, reason: str) -> None:
    """A seller without a known price for its cache, audio or tools makes the cost unknown, with the reason."""
    with pytest.raises(UnpricedUsage, match=reason):
        cost_of(Tariff(Rates(RATES.input, RATES.output)), usage)


def test_how_many_cached_tokens_are_audio_must_be_known() -> None:
    """Audio that is read from a cache has a rate of its own, so its number is needed; without a cache it is not."""
    unknown = Usage(100, cached_input_tokens=50, input_audio_tokens=60, cached_audio_tokens=None)
    with pytest.raises(UnpricedUsage, match="how many of the 60 audio tokens are cached is not known"):
        cost_of(Tariff(EVERY), unknown)
    known = cost_of(Tariff(EVERY), unknown._replace(cached_audio_tokens=20))
    assert {line.unit: line.count for line in known.lines if line.kind == "input"} == {
        "input": 10,
        "cached_input": 30,
        "cached_audio": 20,
        "input_audio": 40,
    }
    assert cost_of(Tariff(EVERY), unknown._replace(cached_input_tokens=0)).total


def test_parts_that_overlap_without_a_number_are_refused() -> None:
    """Cached tokens of which some must be audio, and reasoning of which some must be audio, cannot be told apart."""
    with pytest.raises(UnpricedUsage, match="cached tokens are audio, images or video is not known"):
        cost_of(Tariff(EVERY), Usage(10, cached_input_tokens=8, input_video_tokens=5))
    with pytest.raises(UnpricedUsage, match="both reasoning and audio"):
        cost_of(Tariff(EVERY), Usage(10, 10, reasoning_tokens=8, output_audio_tokens=5))


@pytest.mark.parametrize(
    ("tokens", "rates"),
    [(1, RATES), (200_000, RATES), (200_001, LONG), (500_000, LONG), (500_001, LONGER), (10**9, LONGER)],
)
def test_a_tier_holds_for_the_whole_call(booked: Callable[[Tariff], PriceBook], tokens: int, rates: Rates) -> None:
    """At its bound a call still has the lower rates; one token above, all its tokens have the higher ones."""
    book = booked(Tariff(RATES, (Tier(200_000, LONG), Tier(500_000, LONGER))))
    assert rates.input is not None
    assert rates.output is not None
    found = book.call_cost("a", Usage(tokens, 7), Terms(DAY))
    assert found.total == tokens * rates.input + 7 * rates.output
    above = {RATES: "input", LONG: "input>200000", LONGER: "input>500000"}[rates]
    assert found.lines[0].path == above


def test_several_calls_are_priced_at_the_tier_of_each(booked: Callable[[Tariff], PriceBook]) -> None:
    """A sum of short calls has the lower rates, however large the sum is."""
    tariff = Tariff(replace(RATES, per_call=Decimal("0.5")), (Tier(200_000, LONG),))
    found = call_cost(row(tariff), Usage(900_000, requests=9), Terms(DAY), input_tokens_of_each=100_000)
    assert found.rates == tariff.rates
    assert found.total == 900_000 * Decimal("0.000002") + 9 * Decimal("0.5")


@pytest.mark.parametrize("service", SERVICES[1:])
def test_services_have_their_own_rates_and_tiers(service: str) -> None:
    """A call in another service takes neither the tiers nor the hours of other calls."""
    hours = (Window(time(0), time(23), NIGHT),)
    tariff = Tariff(RATES, (Tier(10, LONG),), (Service(service, HALF, (Tier(20, LONGER),)),), hours)
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert cost_of(tariff, Usage(20), at, service=service).rates == HALF
    above = cost_of(tariff, Usage(21), at, service=service)
    assert above.rates == LONGER
    assert above.lines[0].path == f"{service}.input>20"
    for other in SERVICES[1:]:
        if other != service:
            with pytest.raises(UnpricedUsage, match="is known"):
                cost_of(tariff, Usage(20), at, service=other)


@pytest.mark.parametrize("service", SERVICES[1:])
def test_a_service_without_tiers_states_nothing_of_long_calls(service: str) -> None:
    """Where standard calls have tiers, a call above the first bound in a service that has none is unpriced."""
    tariff = Tariff(RATES, (Tier(10, LONG), Tier(20, LONGER)), (Service(service, HALF),))
    assert cost_of(tariff, Usage(10), service=service).rates == HALF
    for tokens in (11, 21):
        with pytest.raises(UnpricedUsage, match="no price for input is known for calls of more than 10 tokens"):
            cost_of(tariff, Usage(tokens), service=service)


def test_a_service_has_the_standard_fees_unless_it_states_its_own() -> None:
    """A search costs in a batch what it costs elsewhere, and the line says which rate of the row it is."""
    standard = replace(RATES, web_search=Decimal("0.01"), per_call=Decimal("0.5"))
    batch = replace(HALF, per_call=Decimal("0.25"))
    found = cost_of(Tariff(standard, services=(Service("batch", batch),)), Usage(0, web_searches=3), service="batch")
    assert {line.path: line.amount for line in found.lines} == {
        "batch.per_call": Decimal("0.25"),
        "web_search": Decimal("0.03"),
    }


def test_a_region_multiplies_tokens_and_nothing_else() -> None:
    """A region's factor is on every token rate, not on searches; a region that is not known makes no guess."""
    tariff = Tariff(replace(RATES, web_search=Decimal("0.01")), regions=(("us", Decimal("1.1")),))
    usage = Usage(1_000, 10, web_searches=1)
    found = cost_of(tariff, usage, region="us")
    plain = cost_of(tariff, usage)
    assert found.region_factor == Decimal("1.1")
    assert found.input == plain.input * Decimal("1.1")
    assert found.output == plain.output * Decimal("1.1")
    assert found.counted == plain.counted
    assert cost_of(tariff, usage, region="global").total == plain.total
    with pytest.raises(UnpricedUsage, match="no price for region 'eu' is known"):
        cost_of(tariff, usage, region="eu")


@pytest.mark.parametrize(
    ("hour", "minute", "rates"),
    [(16, 29, RATES), (16, 30, NIGHT), (23, 59, NIGHT), (0, 0, NIGHT), (0, 29, NIGHT), (0, 30, RATES)],
)
def test_hours_of_the_day(booked: Callable[[Tariff], PriceBook], hour: int, minute: int, rates: Rates) -> None:
    """A window holds from its first minute to before its last, past midnight too, whatever zone an instant is in."""
    book = booked(Tariff(RATES, schedule=(Window(time(16, 30), time(0, 30), NIGHT),)))
    at = datetime(2026, 3, 2, hour, minute, tzinfo=UTC)
    for zone in (UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-11))):
        found = book.call_cost("a", Usage(1), Terms(at.astimezone(zone)))
        assert found.rates == rates
        assert found.lines[0].path == ("schedule" if rates is NIGHT else "input")


@pytest.mark.parametrize(
    ("at", "peak"),
    [
        ("2026-09-24T08:59", False),  # A Thursday, in Beijing.
        ("2026-09-24T09:00", True),
        ("2026-09-24T11:59", True),
        ("2026-09-24T12:00", False),
        ("2026-09-25T10:00", False),  # Mid-autumn, a holiday.
        ("2026-09-26T10:00", False),  # A Saturday.
        ("2026-09-28T10:00", True),
        ("2026-10-07T10:00", False),
        ("2026-10-08T10:00", True),
    ],
)
def test_working_hours_of_another_country(at: str, peak: bool) -> None:
    """Weekdays, hours and holidays are those at the window's own offset, not those of UTC."""
    beijing = timezone(timedelta(hours=8))
    hours = Window(time(9), time(12), LONG, (1, 2, 3, 4, 5), 480, "cn")
    instant = datetime.fromisoformat(at).replace(tzinfo=beijing)
    for zone in (beijing, UTC, timezone(timedelta(hours=-10))):
        found = cost_of(Tariff(RATES, schedule=(hours,)), Usage(1), instant.astimezone(zone))
        assert found.rates == (LONG if peak else RATES)


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        (datetime(2026, 3, 6, 23, tzinfo=UTC), True),  # A Friday.
        (datetime(2026, 3, 7, 1, tzinfo=UTC), True),
        (datetime(2026, 3, 7, 2, tzinfo=UTC), False),
        (datetime(2026, 3, 7, 23, tzinfo=UTC), False),
        (datetime(2026, 3, 6, 1, tzinfo=UTC), False),
    ],
)
def test_a_window_past_midnight_belongs_to_the_day_on_which_it_began(at: datetime, holds: bool) -> None:
    """The night of Friday is a Friday's until it ends on Saturday; the early hours of Friday are Thursday's."""
    night = Window(time(22), time(2), NIGHT, (5,))
    assert (cost_of(Tariff(RATES, schedule=(night,)), Usage(1), at).rates == NIGHT) is holds


def test_the_last_window_of_several_holds() -> None:
    """A special hour that is listed behind a general one stands in for it."""
    tariff = Tariff(RATES, schedule=(Window(time(0), time(0), NIGHT), Window(time(9), time(12), LONG)))
    assert cost_of(tariff, Usage(1), datetime(2026, 3, 2, 10, tzinfo=UTC)).rates == LONG
    assert cost_of(tariff, Usage(1), datetime(2026, 3, 2, 12, tzinfo=UTC)).rates == NIGHT


def test_a_date_has_the_rates_of_most_of_the_day(booked: Callable[[Tariff], PriceBook]) -> None:
    """Without an hour the plain rates hold."""
    book = booked(Tariff(RATES, schedule=(Window(time(0), time(12), NIGHT),)))
    assert book.call_cost("a", Usage(1), Terms(DAY)).rates == RATES


def test_an_instant_is_priced_on_its_utc_day(book_of: Callable[..., PriceBook]) -> None:
    """A change holds from midnight UTC, not from midnight somewhere else."""
    book = book_of(price("a", date(2026, 3, 1), "0.000002"), price("a", date(2026, 3, 2), "0.000003"))
    late = datetime(2026, 3, 1, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert book.call_cost("a", Usage(1), Terms(late)).total == Decimal("0.000003")


def test_a_change_within_a_day(book_of: Callable[..., PriceBook]) -> None:
    """A row holds from its very instant; a day alone has the price that held at its noon."""
    changed = replace(price("a", date(2026, 8, 16), "0.000003"), effective_at=time(16))
    book = book_of(price("a", date(2026, 3, 1), "0.000002"), changed)

    def rate(at: date) -> Decimal:
        return book.call_cost("a", Usage(1), Terms(at)).total

    eve = datetime(2026, 8, 16, 15, 59, 59, 999_999, tzinfo=UTC)
    assert rate(eve) == Decimal("0.000002")
    assert rate(eve + timedelta(microseconds=1)) == Decimal("0.000003")
    assert rate(eve.astimezone(timezone(timedelta(hours=9)))) == Decimal("0.000002")
    assert rate(date(2026, 8, 16)) == Decimal("0.000002")
    assert rate(date(2026, 8, 17)) == Decimal("0.000003")


@pytest.mark.parametrize(
    ("usage", "reason"),
    [
        ({"model": "b"}, "no price is known"),
        ({"at": date(2025, 12, 31)}, "its first price is from 2026-01-01"),
        ({"output_tokens": 1}, "no price for output"),
        ({"service": "batch"}, "no price for batches"),
        ({"service": "flex"}, "no price for service tier 'flex'"),
        ({"input_tokens": -1}, "input_tokens must be"),
        ({"input_tokens": True}, "input_tokens must be"),
        ({"input_tokens": 1.5}, "input_tokens must be"),
        ({"output_tokens": -1}, "output_tokens must be"),
        ({"cached_input_tokens": 6, "cache_write_tokens": 5}, "more than the 10 input tokens"),
    ],
)
def test_what_cannot_be_priced_is_an_error(
    booked: Callable[[Tariff], PriceBook], usage: dict[str, Any], reason: str
) -> None:
    """An unknown model or price, or a usage that cannot be, raises with its reason; it never costs zero."""
    given = {"model": "a", "input_tokens": 10, "at": DAY, **usage}
    model, conditions = given.pop("model"), {name: given.pop(name) for name in ("at", "service") if name in given}
    with pytest.raises(UnpricedUsage, match=reason):
        booked(Tariff(Rates(RATES.input))).call_cost(model, Usage(**given), Terms(**conditions))


def test_an_instant_without_a_zone_is_refused(booked: Callable[[Tariff], PriceBook]) -> None:
    """Nobody can say which day it is."""
    with pytest.raises(ValueError, match="time zone"):
        booked(Tariff(RATES)).call_cost("a", Usage(1), Terms(datetime(2026, 3, 1)))


@given(tariffs(full=True) | tariffs(), usages(), terms)
def test_any_call_costs_what_fractions_give(tariff: Tariff, usage: Usage, conditions: Terms) -> None:
    """Total, sums by kind and lines are exact and equal, or the call has no cost in both ways of pricing it."""
    priced = row(tariff)
    expected = slow_cost(priced, usage, conditions)
    if expected is None:
        with pytest.raises(UnpricedUsage, match="known"):
            call_cost(priced, usage, conditions)
        return
    found = call_cost(priced, usage, conditions)
    assert Fraction(found.total) == expected
    assert sum(Fraction(line.count) * Fraction(line.rate) for line in found.lines) == expected
    assert found.total == found.input + found.output + found.counted
    known = rates_by_path(tariff)
    for line in found.lines:
        assert line.amount == line.count * line.rate
        factor = found.region_factor if found.region_factor is not None and line.kind != "counted" else 1
        assert line.path == "schedule" or known[line.path] * factor == line.rate


@given(tariffs(full=True), st.lists(usages(), min_size=2, max_size=5), terms)
def test_calls_do_not_change_each_other(tariff: Tariff, several: list[Usage], conditions: Terms) -> None:
    """A call costs the same whatever was priced before it under the same row."""
    priced = row(tariff)
    for usage in (*several, *several):
        expected = slow_cost(priced, usage, conditions)
        try:
            found: Fraction | None = Fraction(call_cost(priced, usage, conditions).total)
        except UnpricedUsage:
            found = None
        assert found == expected


@pytest.fixture(scope="module")
def shipped() -> PriceBook:
    """The packaged book."""
    return PriceBook.from_package()


def test_both_sides_of_every_tier_of_the_book(shipped: PriceBook) -> None:
    """For each bound of each row a call at it and one token above it cost what fractions give."""
    bounds = 0
    for row in (row for row in shipped.rows if row.tariff.tiers):
        for tier in row.tariff.tiers:
            for tokens in (tier.above_tokens, tier.above_tokens + 1):
                usage = Usage(tokens, 999, 777 if tier.rates.cached_input and row.cached_input else 0)
                found = call_cost(row, usage, Terms(row.effective_from))
                assert Fraction(found.total) == slow_cost(row, usage, Terms(row.effective_from)), row
                bounds += 1
    assert bounds > 100


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.data())
def test_calls_are_exact(shipped: PriceBook, tokens: int, output: int, data: st.DataObject) -> None:
    """The cost of any call of any model is the sum of its products, unrounded."""
    row = data.draw(st.sampled_from([row for row in shipped.rows if row.output is not None]))
    cached = data.draw(st.integers(0, tokens)) if row.cached_input is not None else 0
    usage, conditions = Usage(tokens, output, cached), Terms(row.begins)
    expected = slow_cost(row, usage, conditions)
    if expected is None:
        with pytest.raises(UnpricedUsage, match="known"):
            call_cost(row, usage, conditions)
    else:
        assert Fraction(call_cost(row, usage, conditions).total) == expected


def test_the_reference_names_every_count() -> None:
    """A count or rate that is added to the core has to be added to the comparison."""
    assert {name for name in FULL._fields if not getattr(FULL, name)} == set()

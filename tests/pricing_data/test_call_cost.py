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
from pricing_data.call_cost import call_cost
from pricing_data.price import RATE_FIELDS, Rates, Tariff
from pricing_data.rate_paths import rates_by_path
from pricing_data.usage import Terms, Usage
from tests.pricing_data.call_examples import DAY, RATES, cost_of, row
from tests.pricing_data.conftest import price
from tests.pricing_data.slow_cost import slow_cost
from tests.pricing_data.tariffs import tariffs, terms, usages

# A different prime number of billionths for every rate, so that no two mixes of them come to the same.
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67)
EVERY = Rates(**{name: Decimal(prime).scaleb(-9) for name, prime in zip(RATE_FIELDS, PRIMES, strict=True)})
# All counts of a call, each part smaller than what it is among.
FULL = Usage(
    1_000_000, 100_000, 200_000, 30_000, 4_000, 50_000, 600, 70_000, 800, 9_000, 10_000, 2_000, 300,
    requests=1, web_searches=2, file_searches=3, images=4, seconds=Decimal("5.5"), pages=6,
)  # fmt: skip


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
    """Cached tokens of which some must be audio, and reasoning of which some must be audio, cannot be distinguished."""
    with pytest.raises(UnpricedUsage, match="cached tokens are audio, images or video is not known"):
        cost_of(Tariff(EVERY), Usage(10, cached_input_tokens=8, input_video_tokens=5))
    with pytest.raises(UnpricedUsage, match="both reasoning and audio"):
        cost_of(Tariff(EVERY), Usage(10, 10, reasoning_tokens=8, output_audio_tokens=5))


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
    """Its day in UTC would be unknown."""
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
    """Return the price book of the package."""
    return PriceBook.from_package()


def test_both_sides_of_every_tier_of_the_book(shipped: PriceBook) -> None:
    """For each bound of each row a call at it and one token above it cost what fractions give."""
    bounds = 0
    for priced in (priced for priced in shipped.rows if priced.tariff.tiers):
        for tier in priced.tariff.tiers:
            for tokens in (tier.above_tokens, tier.above_tokens + 1):
                usage = Usage(tokens, 999, 777 if tier.rates.cached_input and priced.cached_input else 0)
                found = call_cost(priced, usage, Terms(priced.effective_from))
                assert Fraction(found.total) == slow_cost(priced, usage, Terms(priced.effective_from)), priced
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

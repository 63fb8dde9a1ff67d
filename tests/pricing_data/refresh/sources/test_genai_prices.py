"""genai-prices: what its entries state, on small files in its form, and the whole of the installed package."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from genai_prices.data import providers
from genai_prices.data_units import unit_data
from genai_prices.types import ModelInfo, TieredPrices

from pricing_data.price import STANDARD, Rates, Tariff
from pricing_data.refresh.source_snapshot import SourceSnapshot
from pricing_data.refresh.sources.genai_units import SERVICES, UNITS, is_left_out
from pricing_data.refresh.sources.locate import find_installed, read_source
from tests.pricing_data.refresh.sources.small_wheels import genai, micro, service, usd, utc

FLAT = "ModelPrice(input_mtok=Decimal('{0}'), output_mtok=Decimal('{1}'))"


TIERED = "ModelPrice(input_mtok=TieredPrices(base=Decimal('1'), tiers=[Tier(start=9, price=Decimal('2'))]))"


def flat(one: str, two: str = "9") -> str:
    return FLAT.format(one, two)


def since(day: str, prices: str, call: str = "date") -> str:
    return f"ConditionalPrice(constraint=StartDateConstraint(start_date=datetime.{call}({day})), prices={prices})"


def daily(starts: str, ends: str, prices: str) -> str:
    times = (
        f"start_time=datetime.time({starts}, tzinfo=datetime.UTC), end_time=datetime.time({ends}, tzinfo=datetime.UTC)"
    )
    return f"ConditionalPrice(constraint=TimeOfDateConstraint({times}), prices={prices})"


def always(prices: str) -> str:
    return f"ConditionalPrice(prices={prices})"


def variant(when: str, prices: str, day: str | None = None) -> str:
    begins = f", constraint=StartDateConstraint(start_date=datetime.date({day}))" if day else ""
    name, _, value = when.partition("=")
    return f"PriceVariant(when={{{name!r}: {value!r}}}, prices={prices}{begins})"


def tariff(folder: Path, model: str) -> Tariff:
    (offer,) = genai(folder, model).offers["maker/m0"]
    return offer.tariff


def test_every_unit_is_a_rate(tmp_path: Path) -> None:
    """Prices for a million tokens, a thousand things and an hour become rates for one token, thing and second."""
    prices = """input_mtok=Decimal('2.5'), output_mtok=Decimal('10'), cache_read_mtok=Decimal('1.25'),
        cache_write_mtok=Decimal('3'), cache_write_1h_mtok=Decimal('5'), input_audio_mtok=Decimal('6'),
        cache_audio_read_mtok=Decimal('0.6'), output_audio_mtok=Decimal('20'), input_image_mtok=Decimal('7'),
        cache_image_read_mtok=Decimal('0.7'), output_image_mtok=Decimal('30'), input_video_mtok=Decimal('8'),
        output_reasoning_mtok=Decimal('11'), requests_kcount=Decimal('5'), web_searches_kcount=Decimal('10'),
        storage_searches_kcount=Decimal('2.5'), audio_hours=Decimal('0.36'), input_document_kpages=Decimal('1')"""
    reading = genai(tmp_path, f"prices=ModelPrice({prices})")
    (offer,) = reading.offers["maker/m0"]
    assert micro(offer.tariff.rates) == {
        "input": "2.5",
        "output": "10",
        "cached_input": "1.25",
        "cache_write": "3",
        "cache_write_1h": "5",
        "input_audio": "6",
        "cached_audio": "0.6",
        "output_audio": "20",
        "input_image": "7",
        "cached_image": "0.7",
        "output_image": "30",
        "input_video": "8",
        "reasoning": "11",
        "per_call": "5000",
        "web_search": "10000",
        "file_search": "2500",
        "second": "100",
        "page": "1000",
    }
    assert (offer.since, offer.basis, offer.source.url) == (None, "first_observed", "https://example.org/prices")
    assert reading.faults == ()


def test_what_is_no_other_than_the_plain_rate_is_not_stated_apart(tmp_path: Path) -> None:
    """Images, video and reasoning at the plain rate follow it, in every tier too."""
    found = tariff(
        tmp_path,
        """prices=ModelPrice(input_mtok=Decimal('2'), input_image_mtok=Decimal('2'), input_video_mtok=Decimal('2'),
        output_mtok=Decimal('3'), output_reasoning_mtok=Decimal('3'))""",
    )
    assert micro(found.rates) == {"input": "2", "output": "3"}


def test_tiers_are_those_of_each_price(tmp_path: Path) -> None:
    """A price without tiers stays as it is in the tiers of others; a fee for a thing has none."""
    found = tariff(
        tmp_path,
        """prices=ModelPrice(
            input_mtok=TieredPrices(base=Decimal('4'), tiers=[Tier(start=32000, price=Decimal('6')),
                                                              Tier(start=272000, price=Decimal('8'))]),
            output_mtok=TieredPrices(base=Decimal('20'), tiers=[Tier(start=272000, price=Decimal('30'))]),
            cache_read_mtok=Decimal('0.4'), web_searches_kcount=Decimal('10'))""",
    )
    assert [(tier.above_tokens, micro(tier.rates)) for tier in found.tiers] == [
        (32_000, {"input": "6", "output": "20", "cached_input": "0.4"}),
        (272_000, {"input": "8", "output": "30", "cached_input": "0.4"}),
    ]


def test_dated_prices_begin_on_their_days(tmp_path: Path) -> None:
    """Each is an offer of its own; one at an instant begins at that instant."""
    model = (
        f"prices=[{always(flat('10'))}, {since('2025, 6, 10', flat('2'))}, "
        f"{since('2025, 7, 1, 16, 0', flat('1'), 'datetime')}]"
    )
    assert [
        (offer.since, offer.basis, offer.tariff.rates.input) for offer in genai(tmp_path, model).offers["maker/m0"]
    ] == [
        (None, "first_observed", usd("10")),
        (utc(2025, 6, 10), "upstream_dated", usd("2")),
        (utc(2025, 7, 1, 16), "upstream_dated", usd("1")),
    ]


def test_hours_of_most_of_the_day_are_the_tariff(tmp_path: Path) -> None:
    """The rates of most of the day are the tariff's own; the other hours are its schedule."""
    found = tariff(tmp_path, f"prices=[{always(flat('0.135'))}, {daily('0, 30', '16, 30', flat('0.27'))}]")
    assert found.rates.input == usd("0.27")
    (window,) = found.schedule
    assert (window.starts, window.ends, window.rates.input) == (time(16, 30), time(0, 30), usd("0.135"))


def test_hours_belong_to_the_newest_price(tmp_path: Path) -> None:
    """Rates of hours, which have no date, never stand in older offers."""
    hours = daily("1, 0", "4, 0", flat("4")), daily("6, 0", "10, 0", flat("4"))
    model = f"prices=[{always(flat('1'))}, {since('2026, 8, 17', flat('2'))}, {hours[0]}, {hours[1]}]"
    old, new = genai(tmp_path, model).offers["maker/m0"]
    assert old.tariff.schedule == ()
    assert [(w.starts.hour, w.ends.hour, w.weekdays, w.rates.input) for w in new.tariff.schedule] == [
        (1, 4, (), usd("4")),
        (6, 10, (), usd("4")),
    ]


def test_a_service_begins_on_its_day_and_has_only_what_is_named(tmp_path: Path) -> None:
    """A variant is in no offer before its day, and a rate that it does not name is not known in it."""
    model = f"""prices=ModelPrice(input_mtok=Decimal('4'), output_mtok=Decimal('20'), cache_read_mtok=Decimal('0.4')),
        price_variants=[{variant("service_tier=default", "ModelPrice()")},
        {variant("service_tier=flex", flat("2", "10"), "2026, 10, 12")},
        {variant("processing=batch", flat("2", "10"), "2026, 10, 14")},
        {variant("speed=fast", flat("8", "40"), "2026, 10, 12")}]"""
    offers = genai(tmp_path, model).offers["maker/m0"]
    assert [(offer.since, [found.name for found in offer.tariff.services]) for offer in offers] == [
        (None, []),
        (utc(2026, 10, 12), ["flex", "fast"]),
        (utc(2026, 10, 14), ["batch", "flex", "fast"]),
    ]
    assert micro(service(offers[2].tariff, "batch").rates) == {"input": "2", "output": "10"}


def test_a_service_stays_when_the_standard_price_changes(tmp_path: Path) -> None:
    """Every offer states all that holds from then on; of variants of one service the first in the list wins."""
    model = f"""prices=[{always(flat("4"))}, {since("2026, 5, 1", flat("3"))}], price_variants=[
        {variant("processing=batch", flat("1"), "2026, 4, 1")},
        {variant("processing=batch", flat("2"))}]"""
    offers = genai(tmp_path, model).offers["maker/m0"]
    assert [(o.since, o.tariff.rates.input, service(o.tariff, "batch").rates.input) for o in offers] == [
        (None, usd("4"), usd("2")),
        (utc(2026, 4, 1), usd("4"), usd("1")),
        (utc(2026, 5, 1), usd("3"), usd("1")),
    ]


@pytest.mark.parametrize(
    ("model", "field", "reason"),
    [
        (f"prices={flat('0.1234567')}", "input", "more than 12 decimals"),
        (f"prices={flat('0')}", "input", "not above zero"),
        (f"prices={flat('1', '-2')}", "output", "not above zero"),
        ("prices=ModelPrice(input_mtok=Decimal('1'), input_smell_mtok=Decimal('1'))", "input_smell_mtok", "unknown"),
        (
            f"prices={flat('1')}, price_variants=[{variant('mood=bright', flat('2'))}]",
            "price_variants",
            "unknown condition",
        ),
        (
            f"prices={flat('1')}, price_variants=[{variant('route=mistral/eu', flat('2'))}]",
            "price_variants",
            "no term of a call",
        ),
        ("prices=ModelPrice(input_mtok=Decimal('1'), audio_hours=Decimal('3'))", "second", "more than 12 decimals"),
        (f"prices=[{always(TIERED)}, {daily('1, 0', '4, 0', flat('2'))}]", "schedule", "hours beside tiers"),
    ],
)
def test_what_is_left_out_is_noted(tmp_path: Path, model: str, field: str, reason: str) -> None:
    """An amount that cannot be a price, an unknown key and an unknown condition are faults, never silence."""
    (fault,) = genai(tmp_path, model).faults
    assert (fault.key, fault.field) == ("maker/m0", field)
    assert reason in fault.reason


def test_a_fee_for_searches_that_depends_on_their_kind_is_not_known(tmp_path: Path) -> None:
    """No usage counts searches by kind, so none of the fees is taken."""
    model = f"""prices=ModelPrice(input_mtok=Decimal('1'), web_searches_kcount=Decimal('2.5')),
        price_variants=[{variant("search_type=fast", "ModelPrice(web_searches_kcount=Decimal('1'))")}]"""
    reading = genai(tmp_path, model)
    assert reading.offers["maker/m0"][0].tariff.rates.web_search is None
    assert [fault.field for fault in reading.faults] == ["price_variants"]


@pytest.fixture(scope="module")
def installed() -> SourceSnapshot:
    """All that the installed package states."""
    found = find_installed("genai-prices")
    assert found is not None
    return read_source(*found)


def test_every_price_key_is_a_rate_or_left_out_by_name() -> None:
    """Each unit of the installed package is one or the other, and none is both."""
    keys = {unit["price_key"] for unit in unit_data.values()}
    assert {key for key in keys if (key in UNITS) == is_left_out(key)} == set()
    assert set(UNITS) <= keys


def test_the_installed_package_has_nothing_unknown(installed: SourceSnapshot) -> None:
    """No entry has a price key or a condition that is not in the tables."""
    assert [fault for fault in installed.faults if "unknown" in fault.reason and "never zero" not in fault.reason] == []


def test_rates_are_what_the_package_itself_resolves(installed: SourceSnapshot) -> None:
    """At the instant of each offer, each rate and tier of each service is what the package would charge."""
    compared = 0
    for key, model in _models():
        for offer in (offer for offer in installed.offers.get(key, ()) if not offer.tariff.schedule):
            at = offer.since or datetime(2020, 1, 1, tzinfo=UTC)
            for name in {STANDARD, *(found.name for found in offer.tariff.services)}:
                context = {asked: value for (asked, value), service_name in SERVICES.items() if service_name == name}
                theirs = model.get_prices(at, context).__dict__
                found = service(offer.tariff, name)
                for above, rates in ((0, found.rates), *((tier.above_tokens, tier.rates) for tier in found.tiers)):
                    compared += _compare(key, theirs, above, rates)
    assert compared > 8_000


def test_no_price_of_the_package_is_lost(installed: SourceSnapshot) -> None:
    """Each standard price of today is a rate, is the plain rate under another name, or is noted."""
    noted = {(fault.key, fault.field) for fault in installed.faults}
    for key, model in _models():
        if not (offers := installed.offers.get(key)) or offers[-1].tariff.schedule:
            continue
        rates = offers[-1].tariff.rates
        for price_key, price in model.get_prices(datetime(2026, 11, 28, tzinfo=UTC)).__dict__.items():
            if price is None or is_left_out(price_key) or (key, UNITS[price_key][0]) in noted:
                continue
            rate, per = UNITS[price_key]
            assert (
                getattr(rates, rate) is not None
                or _at(price, 0) / per in (rates.input, rates.output)
                or (rate == "web_search" and (key, "price_variants") in noted)
            ), (key, price_key)


def _models() -> Iterator[tuple[str, ModelInfo]]:
    seen = set()
    for provider in providers:
        for model in provider.models:
            key = f"{provider.id}/{model.id}"
            if key not in seen:
                seen.add(key)
                yield key, model


def _compare(key: str, theirs: dict[str, object], above: int, rates: Rates) -> int:
    compared = 0
    for price_key, (rate, per) in UNITS.items():
        ours, price = getattr(rates, rate), theirs.get(price_key)
        if ours is not None and price is not None:
            assert ours * per == _at(price, above), (key, price_key, above)
            compared += 1
    return compared


def _at(price: object, above: int) -> Decimal:
    if isinstance(price, TieredPrices):
        return next((tier.price for tier in reversed(price.tiers) if above >= tier.start), price.base)
    assert isinstance(price, Decimal)
    return price


def test_hours_are_those_of_the_package(installed: SourceSnapshot) -> None:
    """At every hour of a working day, the newest offer with hours asks what the package does."""
    models = dict(_models())
    compared = 0
    for key, offers in installed.offers.items():
        newest = offers[-1]
        if not newest.tariff.schedule:
            continue
        for hour in range(24):
            at = (newest.since or datetime(2026, 11, 23, tzinfo=UTC)) + timedelta(hours=hour, minutes=30)
            theirs = models[key].get_prices(at).__dict__["input_mtok"]
            held = [w.rates for w in newest.tariff.schedule if _inside(w.starts, w.ends, at.time())]
            assert (held[-1] if held else newest.tariff.rates).input == theirs / 1_000_000, (key, hour)
            compared += 1
    assert compared >= 4 * 24


def _inside(starts: time, ends: time, moment: time) -> bool:
    return starts <= moment < ends if starts < ends else moment >= starts or moment < ends

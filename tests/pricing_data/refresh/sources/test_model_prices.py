"""model-prices: what its snapshot states, on small snapshots in its form, and on the pinned wheel."""

import json
from collections.abc import Mapping
from datetime import datetime, time
from pathlib import Path
from typing import Any

import pytest

from pricing_data.dates import is_holiday
from pricing_data.refresh.model_rules import read_pins
from pricing_data.refresh.source_snapshot import Offer, SourceSnapshot
from pricing_data.refresh.sources import model_prices
from pricing_data.refresh.sources.package_file import read_member
from scripts.build_prices import CACHE, PINS
from tests.pricing_data.refresh.sources.small_wheels import micro, service, snapshot, usd, utc

DAY, LATER = "2026-07-09T17:59:06Z", "2026-08-21T00:00:00Z"


def rates(since: str = DAY, basis: str = "documented", **amounts: object) -> dict[str, object]:
    found = {"source": "https://example.org/1", "valid_from": since, "valid_from_basis": basis}
    return {"input": 5.0, "output": 30.0, **found, **amounts}


def entry(start: str | None, amounts: object) -> dict[str, object]:
    return {"start": start, "rates": amounts}


def offers(folder: Path, schedules: object = None, **modes: object) -> tuple[Offer, ...]:
    return snapshot(folder, modes, schedules).offers["maker/m"]


def test_an_entry_holds_from_its_instant(tmp_path: Path) -> None:
    """To the second, with its own basis and source; a later one has its own."""
    second = rates(LATER, "models.dev commit", input=4.0, cache_read=0.4, source="https://example.org/2")
    old, new = offers(tmp_path, standard=[entry(None, rates()), entry(LATER, second)])
    assert (old.since, old.basis, old.source.url) == (utc(2026, 7, 9, 17, 59, 6), "documented", "https://example.org/1")
    assert (new.since, new.basis, new.source.url) == (utc(2026, 8, 21), "upstream_commit", "https://example.org/2")
    assert micro(new.tariff.rates) == {"input": "4", "output": "30", "cached_input": "0.4"}


def test_tiers_keep_what_they_do_not_name(tmp_path: Path) -> None:
    """In rising order, each over the one before."""
    tiers = [{"above": 272000, "input": 8.0}, {"above": 32000, "output": 40.0}]
    (offer,) = offers(tmp_path, standard=[entry(None, rates(cache_read=0.5, tiers=tiers))])
    assert [(tier.above_tokens, micro(tier.rates)) for tier in offer.tariff.tiers] == [
        (32_000, {"input": "5", "output": "40", "cached_input": "0.5"}),
        (272_000, {"input": "8", "output": "40", "cached_input": "0.5"}),
    ]


def test_an_hour_in_a_cache_is_a_multiple_of_the_input(tmp_path: Path) -> None:
    """In each tier; but not for a model that has no price for writing to a cache."""
    tiers = [{"above": 200000, "input": 10.0, "cache_write": 12.5}]
    paid = rates(cache_write=6.25, cache_write_1h_multiple=2.0, tiers=tiers)
    (offer,) = offers(tmp_path, standard=[entry(None, paid)])
    assert offer.tariff.rates.cache_write_1h == usd("10")
    assert offer.tariff.tiers[0].rates.cache_write_1h == usd("20")
    (offer,) = offers(tmp_path, standard=[entry(None, rates(cache_write_1h_multiple=2.5))])
    assert offer.tariff.rates.cache_write_1h is None


def test_each_mode_has_dates_of_its_own(tmp_path: Path) -> None:
    """A service begins and ends where its own entries do; a batch that is older than the model begins with it."""
    found = offers(
        tmp_path,
        standard=[entry(None, rates())],
        batch=[entry(None, None), entry("2024-04-15T00:00:00Z", rates(input=2.5, output=15.0))],
        fast=[
            entry(None, None),
            entry(LATER, rates(LATER, "models.dev commit", input=10.0, output=60.0)),
            entry("2026-09-01T00:00:00Z", None),
        ],
    )
    assert [(offer.since, offer.basis, [s.name for s in offer.tariff.services]) for offer in found] == [
        (utc(2026, 7, 9, 17, 59, 6), "documented", ["batch"]),
        (utc(2026, 8, 21), "upstream_commit", ["batch", "fast"]),
        (utc(2026, 9, 1), "upstream_commit", ["batch"]),
    ]
    assert micro(service(found[1].tariff, "fast").rates) == {"input": "10", "output": "60"}


def test_a_mode_without_tiers_states_nothing_of_long_calls(tmp_path: Path) -> None:
    """Its base rates are not taken for calls above the bound of the standard tiers."""
    tiers = [{"above": 272000, "input": 10.0}]
    (offer,) = offers(
        tmp_path,
        standard=[entry(None, rates(tiers=tiers))],
        flex=[entry(None, rates(input=2.5))],
        batch=[entry(None, rates(input=2.5, tiers=[{"above": 272000, "input": 5.0}]))],
    )
    assert [micro(tier.rates) for tier in service(offer.tariff, "flex").tiers] == [{}]
    assert [micro(tier.rates)["input"] for tier in service(offer.tariff, "batch").tiers] == ["5"]


def test_a_first_price_that_never_held_is_left_out(tmp_path: Path) -> None:
    """A dated correction ended it before its own first day."""
    early = entry("2026-07-01T00:00:00Z", rates("2026-07-01T00:00:00Z", input=1.0))
    found = offers(tmp_path, standard=[entry(None, rates(LATER, input=9.0)), early])
    assert [(offer.since, offer.tariff.rates.input) for offer in found] == [(utc(2026, 7, 1), usd("1"))]


def test_what_does_not_change_is_one_offer(tmp_path: Path) -> None:
    """An entry that repeats the price before it begins nothing."""
    assert len(offers(tmp_path, standard=[entry(None, rates()), entry(LATER, rates(LATER))])) == 1


PEAK = {
    "provider": "maker",
    "source": "https://example.org/hours",
    "valid_from": "2026-08-16T16:00:00Z",
    "peak_hours_utc": [["01:00", "04:00"], ["06:00", "10:00"]],
    "peak_multiplier": 2.0,
    "weekdays_only": True,
    "holidays": "cn",
}
CHINA = {"cn": {"dates": ["2026-10-01"], "utc_offset_hours": 8}}


def test_peak_hours_begin_at_their_instant(tmp_path: Path) -> None:
    """Monday to Friday but on holidays, in the time zone of the holidays; the source applies them from the start."""
    schedules = {"schedule": [PEAK], "holidays": CHINA}
    before, after = offers(tmp_path, schedules, standard=[entry(None, rates(cache_read=0.5))])
    assert before.tariff.schedule == ()
    assert (after.since, after.basis, after.source.url) == (
        utc(2026, 8, 16, 16),
        "documented",
        "https://example.org/hours",
    )
    assert after.tariff.rates == before.tariff.rates
    assert [(w.starts, w.ends, w.weekdays, w.utc_offset_minutes, w.holidays) for w in after.tariff.schedule] == [
        (time(9), time(12), (1, 2, 3, 4, 5), 480, "cn"),
        (time(14), time(18), (1, 2, 3, 4, 5), 480, "cn"),
    ]
    assert micro(after.tariff.schedule[0].rates) == {"input": "10", "output": "60", "cached_input": "1"}


def test_off_peak_hours_are_of_some_models_and_end(tmp_path: Path) -> None:
    """They have a factor for each model that they are for, and end at their instant."""
    discount = {
        "provider": "maker",
        "source": "https://example.org/hours",
        "valid_from": "2026-07-10T00:00:00Z",
        "valid_until": "2026-07-20T16:00:00Z",
        "off_peak_hours_utc": [["16:30", "00:30"]],
        "off_peak_multiplier": {"m": 0.25},
    }
    found = offers(tmp_path, {"schedule": [discount]}, standard=[entry(None, rates())])
    assert [(offer.since, len(offer.tariff.schedule)) for offer in found] == [
        (utc(2026, 7, 9, 17, 59, 6), 0),
        (utc(2026, 7, 10), 1),
        (utc(2026, 7, 20, 16), 0),
    ]
    (window,) = found[1].tariff.schedule
    assert (window.starts, window.ends, window.rates.input) == (time(16, 30), time(0, 30), usd("1.25"))
    others = {"schedule": [{**discount, "off_peak_multiplier": {"another": 0.5}}]}
    assert len(offers(tmp_path, others, standard=[entry(None, rates())])) == 1


@pytest.mark.parametrize(
    ("modes", "schedules", "field", "reason"),
    [
        ({"standard": [entry(None, rates())], "dreaming": []}, {}, "dreaming", "an unknown mode"),
        ({"standard": [entry(None, rates())], "thinking": []}, {}, "thinking", "no term of a call"),
        ({"standard": [entry(None, rates(smell=1.0))]}, {}, "smell", "an unknown price field"),
        ({"standard": [entry(None, rates(output=-1.0))]}, {}, "output", "not above zero"),
        ({"standard": [entry(None, rates(input=0.0))]}, {}, "input", "not above zero"),
        ({"standard": [entry(None, rates(output=0.05000000000000001))]}, {}, "output", "more than 12 decimals"),
        (
            {"standard": [entry(None, rates())]},
            {"schedule": [PEAK], "holidays": {"cn": {"dates": ["2026-10-01", "2027-01-01"], "utc_offset_hours": 8}}},
            "schedule",
            "lack 2027-01-01",
        ),
        (
            {"standard": [entry(None, rates(tiers=[{"above": 9, "input": 6.0}]))]},
            {"schedule": [PEAK], "holidays": CHINA},
            "schedule",
            "hours beside tiers",
        ),
        (
            {"standard": [entry(None, rates())]},
            {"schedule": [{**PEAK, "holidays": "mars"}], "holidays": {"mars": {"dates": []}}},
            "schedule",
            "not known here",
        ),
    ],
)
def test_what_is_left_out_is_noted(
    tmp_path: Path, modes: dict[str, object], schedules: dict[str, object], field: str, reason: str
) -> None:
    """An unknown mode or field, an amount that cannot be a price, and hours that cannot be stated are faults."""
    (fault,) = snapshot(tmp_path, modes, schedules).faults
    assert (fault.key, fault.field) == ("maker/m", field)
    assert reason in fault.reason


def test_a_zero_beside_an_input_price_is_not_sold(tmp_path: Path) -> None:
    """An embeddings model gives no tokens back; that is no fault. A cached read is not free for being 0."""
    reading = snapshot(tmp_path, {"standard": [entry(None, rates(output=0.0, cache_read=0.0))]})
    assert micro(reading.offers["maker/m"][0].tariff.rates) == {"input": "5"}
    assert reading.faults == ()


@pytest.fixture(scope="module")
def pinned() -> tuple[SourceSnapshot, dict[str, Any]]:
    """All that the pinned wheel states, and its snapshot."""
    pin = read_pins(PINS).packages["model-prices"]
    if not (CACHE / pin.wheel).exists():
        pytest.skip("the pinned wheels are not here: python -m scripts.build_prices fetch")
    return model_prices.read(CACHE, pin), json.loads(read_member(CACHE, pin, model_prices.MEMBER))


def test_the_pinned_snapshot_has_nothing_unknown(pinned: tuple[SourceSnapshot, dict[str, Any]]) -> None:
    """Each mode and field is read or left out by name, and its holidays are those that are known here."""
    reading, raw = pinned
    assert [f for f in reading.faults if "unknown" in f.reason and "never zero" not in f.reason] == []
    assert [f for f in reading.faults if f.field == "schedule"] == []
    for name, calendar in raw["schedules"]["holidays"].items():
        assert all(is_holiday(name, datetime.fromisoformat(day).date()) for day in calendar["dates"])


def test_every_entry_of_the_pinned_snapshot_holds_from_its_instant(
    pinned: tuple[SourceSnapshot, dict[str, Any]],
) -> None:
    """At the start of each entry of each mode, the offer of that instant has its input and output."""
    reading, raw = pinned
    noted = {fault.key for fault in reading.faults if fault.field != "thinking"}
    compared = 0
    for provider, models in raw["prices"].items():
        for name, modes in models.items():
            key = f"{provider}/{name}"
            for mode, entries in ((mode, modes[mode]) for mode in modes if mode != "thinking" and key not in noted):
                for one, after in zip(entries, [*entries[1:], None], strict=True):
                    if start := _start(one, after):
                        compared += _compare(reading.offers[key], mode, start, one["rates"])
    assert compared > 1_000


def _start(one: Mapping[str, Any], after: Mapping[str, Any] | None) -> datetime | None:
    start = one["start"] or (one["rates"] and one["rates"]["valid_from"])
    return datetime.fromisoformat(start) if start and not (after and after["start"] <= start) else None


def _compare(found: tuple[Offer, ...], mode: str, start: datetime, rates: Mapping[str, Any] | None) -> int:
    held = [offer for offer in found if offer.since and offer.since <= start]
    if not held:
        return 0  # a batch that is older than the model
    sold = held[-1].tariff.service(mode)
    if sold is None or rates is None:
        assert (sold is None) == (rates is None)
        return 1
    for field in ("input", "output", "cache_read", "cache_write"):
        rate = getattr(sold.rates, {"cache_read": "cached_input"}.get(field, field))
        assert float((rate or 0) * 1_000_000) == pytest.approx(rates.get(field) or 0, rel=1e-12)
    return 1

"""LiteLLM's file: what its entries state, on small entries in its form, and the names of all fields it ever had."""

import json
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from pricing_data.price import Tariff
from pricing_data.refresh.model_rules import read_pins
from pricing_data.refresh.source_snapshot import SourceSnapshot
from pricing_data.refresh.sources import litellm
from pricing_data.refresh.sources.litellm_fields import LEFT_OUT, PRICE_LIKE, RATES, is_known, place_of_field
from pricing_data.refresh.sources.package_file import read_member
from pricing_data.refresh.sources.past_releases import HISTORY
from pricing_data.refresh.tariff_values import RatePlace
from scripts.build_prices import CACHE, PINS
from tests.pricing_data.refresh.sources.small_wheels import lite, micro, service, usd, wheel

IN, OUT = "input_cost_per_token", "output_cost_per_token"
CACHED = "cache_read_input_token_cost"


def tariff(folder: Path, **fields: object) -> Tariff:
    (offer,) = lite(folder, {IN: 2e-06, OUT: 8e-06, **fields}).offers["m"]
    return offer.tariff


def test_every_field_of_a_rate_is_read(tmp_path: Path) -> None:
    """Each field becomes its rate, per token, call or page."""
    fields = {
        "cache_read_input_token_cost": 2e-07,
        "cache_creation_input_token_cost": 2.5e-06,
        "cache_creation_input_token_cost_above_1hr": 4e-06,
        "input_cost_per_audio_token": 3e-06,
        "cache_read_input_audio_token_cost": 3e-07,
        "input_cost_per_image_token": 5e-06,
        "cache_read_input_image_token_cost": 5e-07,
        "input_cost_per_video_token": 6e-06,
        "output_cost_per_reasoning_token": 9e-06,
        "output_cost_per_audio_token": 1e-05,
        "output_cost_per_image_token": 3e-05,
        "input_cost_per_request": 0.005,
        "ocr_cost_per_page": 0.002,
        "search_context_cost_per_query": {f"search_context_size_{size}": 0.01 for size in ("low", "medium", "high")},
    }
    assert micro(tariff(tmp_path, **fields).rates) == {
        "input": "2",
        "output": "8",
        "cached_input": "0.2",
        "cache_write": "2.5",
        "cache_write_1h": "4",
        "input_audio": "3",
        "cached_audio": "0.3",
        "input_image": "5",
        "cached_image": "0.5",
        "input_video": "6",
        "reasoning": "9",
        "output_audio": "10",
        "output_image": "30",
        "per_call": "5000",
        "web_search": "10000",
        "page": "2000",
    }


def test_reasoning_at_the_price_of_output_is_not_apart(tmp_path: Path) -> None:
    """It follows the output, in the tiers and services that do not name it too."""
    found = tariff(tmp_path, output_cost_per_reasoning_token=8e-06, output_cost_per_token_above_200k_tokens=1.2e-05)
    assert found.rates.reasoning is None
    assert found.tiers[0].rates.reasoning is None


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("input_cost_per_token_above_200k_tokens", RatePlace("standard", "input", 200_000)),
        ("output_cost_per_token_above_128k_tokens", RatePlace("standard", "output", 128_000)),
        ("input_cost_per_token_above_272k_tokens_priority", RatePlace("priority", "input", 272_000)),
        ("input_cost_per_token_priority_above_272k_tokens", RatePlace("priority", "input", 272_000)),
        ("input_cost_per_token_batches", RatePlace("batch", "input")),
        ("input_cost_per_token_batch_requests", RatePlace("batch", "input")),
        ("cache_read_input_token_cost_flex", RatePlace("flex", "cached_input")),
        ("output_cost_per_token_ultrafast", RatePlace("ultrafast", "output")),
        (
            "cache_creation_input_token_cost_above_1hr_above_200k_tokens",
            RatePlace("standard", "cache_write_1h", 200_000),
        ),
        (
            "cache_creation_input_token_cost_above_12hr_above_272k_tokens_flex",
            RatePlace("flex", "cache_write_1h", 272_000),
        ),
        ("input_cost_per_token_decisions", None),
        ("input_cost_per_character_above_128k_tokens", None),
    ],
)
def test_bounds_and_services_are_read_from_names(field: str, place: RatePlace | None) -> None:
    """In either order; a field that is left out is known and has no place."""
    assert place_of_field(field) == place
    assert is_known(field)


def test_a_tier_keeps_what_it_does_not_name(tmp_path: Path) -> None:
    """But what is the same as the input below a bound follows it above the bound."""
    found = tariff(
        tmp_path,
        **{CACHED: 2e-07, "input_cost_per_audio_token": 2e-06, "output_cost_per_audio_token": 2e-05},
        input_cost_per_token_above_200k_tokens=4e-06,
        output_cost_per_token_above_400k_tokens=9e-06,
    )
    assert [(tier.above_tokens, micro(tier.rates)) for tier in found.tiers] == [
        (200_000, {"input": "4", "output": "8", "cached_input": "0.2", "input_audio": "4", "output_audio": "20"}),
        (400_000, {"input": "4", "output": "9", "cached_input": "0.2", "input_audio": "4", "output_audio": "20"}),
    ]


def test_a_service_has_only_what_is_named(tmp_path: Path) -> None:
    """A rate that no field names for a service is not known in it."""
    found = tariff(
        tmp_path,
        **{CACHED: 2e-07, f"{IN}_batches": 1e-06, f"{OUT}_batches": 4e-06, f"{IN}_priority": 4e-06},
        **{f"{IN}_ultrafast": 2e-05, f"{IN}_flex": 1e-06, f"{CACHED}_flex": 1e-07, f"{IN}_decisions": 2e-06},
    )
    assert {other.name: micro(other.rates) for other in found.services} == {
        "batch": {"input": "1", "output": "4"},
        "flex": {"input": "1", "cached_input": "0.1"},
        "priority": {"input": "4"},
        "ultrafast": {"input": "20"},
    }


def test_a_service_without_the_tiers_of_the_standard_one_states_nothing_of_long_calls(tmp_path: Path) -> None:
    """Its base rates are not taken for calls above the bound."""
    found = tariff(
        tmp_path,
        **{f"{IN}_above_200k_tokens": 4e-06, f"{IN}_flex": 1e-06, f"{IN}_batches": 1e-06},
        **{f"{IN}_above_200k_tokens_batches": 2e-06},
    )
    assert [(tier.above_tokens, micro(tier.rates)) for tier in service(found, "flex").tiers] == [(200_000, {})]
    assert [(tier.above_tokens, micro(tier.rates)) for tier in service(found, "batch").tiers] == [
        (200_000, {"input": "2"})
    ]


def test_ranges_are_tiers(tmp_path: Path) -> None:
    """A list by range of input is a base and tiers, whose bounds are those of the ranges."""
    ranges = [
        {"range": [0, 32000.0], IN: 1e-06, OUT: 5e-06},
        {"range": [32000.0, 128000.0], IN: 2e-06, OUT: 9e-06, CACHED: 2e-07},
    ]
    (offer,) = lite(tmp_path, {"tiered_pricing": ranges}).offers["m"]
    assert micro(offer.tariff.rates) == {"input": "1", "output": "5"}
    assert [(tier.above_tokens, micro(tier.rates)) for tier in offer.tariff.tiers] == [
        (32_000, {"input": "2", "output": "9", "cached_input": "0.2"})
    ]


OFF_PEAK = [
    {"hours_utc": ["00:00-01:00", "04:00-06:00", "10:00-00:00"], "weekdays": [1, 2, 3, 4, 5]},
    {"hours_utc": "00:00-00:00", "weekdays": [6, 7]},
]


@pytest.mark.parametrize("zone", [{}, {"weekday_timezone": "Asia/Shanghai"}])
def test_off_peak_hours_of_most_of_the_week_are_the_tariff(tmp_path: Path, zone: dict[str, str]) -> None:
    """An entry's own prices are those of the peak, which becomes the schedule."""
    found = tariff(tmp_path, off_peak_pricing={IN: 1e-06, OUT: 4e-06, "windows": OFF_PEAK, **zone})
    assert micro(found.rates) == {"input": "1", "output": "4"}
    assert [(w.starts, w.ends, w.weekdays, micro(w.rates)) for w in found.schedule] == [
        (time(1), time(4), (1, 2, 3, 4, 5), {"input": "2", "output": "8"}),
        (time(6), time(10), (1, 2, 3, 4, 5), {"input": "2", "output": "8"}),
    ]


def test_hours_that_cannot_be_read_leave_no_price(tmp_path: Path) -> None:
    """The peak price is not taken for the whole day."""
    off_peak = {IN: 1e-06, "windows": OFF_PEAK, "weekday_timezone": "Europe/Paris"}
    reading = lite(tmp_path, {IN: 2e-06, "off_peak_pricing": off_peak})
    assert "m" not in reading.offers
    assert [(fault.field, fault.value) for fault in reading.faults] == [("schedule", "Europe/Paris")]


def test_factors_of_regions_and_of_the_fast_service(tmp_path: Path) -> None:
    """A factor for a service is on every rate of a token, in each tier."""
    found = tariff(
        tmp_path,
        provider_specific_entry={"us": 1.1, "fast": 6, "minimax_free_input_images": 2},
        regional_processing_uplift_multiplier_eu=1.1,
        input_cost_per_request=0.005,
        input_cost_per_token_above_200k_tokens=4e-06,
    )
    assert [(region, str(factor)) for region, factor in found.regions] == [("eu", "1.1"), ("us", "1.1")]
    fast = service(found, "fast")
    assert micro(fast.rates) == {"input": "12", "output": "48"}
    assert [micro(tier.rates) for tier in fast.tiers] == [{"input": "24", "output": "48"}]


SIZES = ("search_context_size_low", "search_context_size_high")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"search_context_cost_per_query": dict(zip(SIZES, (0.01, 0.02), strict=True))}, "size of the context"),
        (
            {
                "search_context_cost_per_query": dict(zip(SIZES, (0.01, 0.01), strict=True)),
                "search_free_requests": {"count": 1500, "period": "day"},
            },
            "some searches are free",
        ),
        (
            {
                "search_context_cost_per_query": dict(zip(SIZES, (0.01, 0.01), strict=True)),
                "web_search_billing_unit": "per_prompt",
            },
            "another unit",
        ),
    ],
)
def test_a_fee_for_searches_that_depends_on_more_is_not_known(
    tmp_path: Path, fields: dict[str, object], reason: str
) -> None:
    """On the size of the context, on a free allowance, or on another unit; this is noted."""
    reading = lite(tmp_path, {IN: 2e-06, **fields})
    assert reading.offers["m"][0].tariff.rates.web_search is None
    (fault,) = reading.faults
    assert fault.field == "web_search"
    assert reason in fault.reason


def test_numbers_are_read_exactly(tmp_path: Path) -> None:
    """A free or noisy price is refused, never zero; an embeddings model's output is not sold, which is no fault."""
    for amount in ("0.0", "1.8900000000000002e-07", "-1e-06", '"much"'):
        text = f'{{"m": {{"{IN}": {amount}, "litellm_provider": "maker"}}}}'
        reading = litellm.read(tmp_path, wheel(tmp_path, "litellm", litellm.MEMBER, text))
        assert reading.offers == {}
        assert [(fault.key, fault.field) for fault in reading.faults] == [("m", "input")]
    embeddings = lite(tmp_path, {IN: 1e-07, OUT: 0.0})
    assert micro(embeddings.offers["m"][0].tariff.rates) == {"input": "0.1"}
    assert embeddings.faults == ()


def test_a_fault_in_a_tier_does_not_leave_the_base_rate(tmp_path: Path) -> None:
    """What a tier names and cannot be a price is not known there."""
    reading = lite(tmp_path, {IN: 1e-06, OUT: 2e-06, f"{IN}_above_200k_tokens": 0.0, f"{OUT}_above_200k_tokens": 4e-06})
    (tier,) = reading.offers["m"][0].tariff.tiers
    assert micro(tier.rates) == {"output": "4"}
    assert [fault.field for fault in reading.faults] == ["input>200000"]


@pytest.mark.parametrize(
    "fields", [{"input_cost_per_smell": 1e-06}, {f"{IN}_gently": 1e-06}, {"provider_specific_entry": {"mars": 2}}]
)
def test_an_unknown_price_field_is_a_fault(tmp_path: Path, fields: dict[str, object]) -> None:
    """It is named, and the rest of the entry is read."""
    reading = lite(tmp_path, {IN: 2e-06, **fields})
    assert reading.offers["m"][0].tariff.rates.input == usd("2")
    assert [fault.reason for fault in reading.faults] == ["an unknown price field"]


def test_an_alias_has_the_prices_of_its_entry(tmp_path: Path) -> None:
    """An entry that only names another one is sold at that one's prices."""
    text = json.dumps({"a": {"litellm_provider": "p", IN: 2e-06}, "b": {"litellm_provider": "p", "alias_of": "a"}})
    reading = litellm.read(tmp_path, wheel(tmp_path, "litellm", litellm.MEMBER, text))
    assert reading.offers["b"][0].tariff == reading.offers["a"][0].tariff


def test_nothing_is_both_a_rate_and_left_out() -> None:
    """The tables of fields do not contradict each other."""
    left_out = [name for _, names in LEFT_OUT for name in names]
    assert len(left_out) == len(set(left_out))
    assert not set(left_out) & set(RATES)
    assert all(PRICE_LIKE.search(name) for name in left_out)


@pytest.mark.parametrize("name", ["litellm", "tokencost"])
def test_every_field_that_the_file_ever_had_is_known(name: str) -> None:
    """Each price field of each old release is a rate, or is left out by name."""
    lines = (HISTORY / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    assert {field for line in lines for field in json.loads(line)["fields"] or {} if not is_known(field)} == set()


@pytest.fixture(scope="module")
def pinned() -> tuple[SourceSnapshot, dict[str, Any]]:
    """All that the pinned wheel states, and its file."""
    pin = read_pins(PINS).packages["litellm"]
    if not (CACHE / pin.wheel).exists():
        pytest.skip("the pinned wheels are not here: python -m scripts.build_prices fetch")
    return litellm.read(CACHE, pin), json.loads(read_member(CACHE, pin, litellm.MEMBER))


def test_the_pinned_file_has_nothing_unknown(pinned: tuple[SourceSnapshot, dict[str, Any]]) -> None:
    """Each field whose name is of a price is a rate or left out by name, and no entry was left out for its form."""
    reading, entries = pinned
    fields = {field for key, entry in entries.items() if key != litellm.NOT_A_MODEL for field in entry}
    assert {field for field in fields if PRICE_LIKE.search(field) and not is_known(field)} == set()
    assert [fault for fault in reading.faults if fault.reason == "an unknown price field"] == []
    assert [fault for fault in reading.faults if fault.field == "schedule"] == []


def test_every_amount_of_the_pinned_file_is_in_its_place(pinned: tuple[SourceSnapshot, dict[str, Any]]) -> None:
    """Each plain field of each entry with an input price is the rate at its place, unless it was noted."""
    reading, entries = pinned
    noted = {(fault.key, fault.field.partition(">")[0].rpartition(".")[2]) for fault in reading.faults}
    compared = 0
    for key, (offer,) in reading.offers.items():
        if offer.tariff.schedule:
            continue
        for field, value in entries[key].items():
            place = place_of_field(field)
            if place is None or not value or (key, place.rate) in noted:
                continue
            found = service(offer.tariff, place.service)
            tiers = {tier.above_tokens: tier.rates for tier in found.tiers}
            rates = tiers.get(place.above_tokens, found.rates)
            plain = {"input_image": rates.input, "input_video": rates.input, "cached_image": rates.cached_input}
            rate = getattr(rates, place.rate) or plain.get(place.rate, rates.output)
            assert rate is not None, (key, field)
            assert float(rate) == value, (key, field)
            compared += 1
    assert compared > 9_000

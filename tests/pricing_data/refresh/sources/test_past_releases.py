"""Old releases of a source as offers."""

from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from pricing_data.errors import DamagedCuration
from pricing_data.refresh.source_snapshot import Offer
from pricing_data.refresh.sources.past_releases import HISTORY, FieldValue, Observation, PackageHistory, offers, read
from tests.pricing_data.conftest import SHA256
from tests.pricing_data.refresh.sources.small_wheels import micro, usd, utc

MAY, JUNE, JULY = date(2026, 5, 10), date(2026, 6, 10), date(2026, 7, 10)
LITE, GENAI = "litellm", "genai-prices"


def seen(day: date, before: date | None, fields: Mapping[str, FieldValue] | None) -> Observation:
    return Observation(day, before, f"of {day}", "maker", fields)


def found(package: str, *observations: Observation, **others: tuple[Observation, ...]) -> tuple[Offer, ...]:
    every = {"maker/m": observations, **others}
    digests = {one.version: SHA256 for listed in every.values() for one in listed}
    return offers(PackageHistory(package, every, digests)).offers.get("maker/m", ())


def facts(offers: tuple[Offer, ...]) -> list[tuple[object, ...]]:
    return [(o.since, o.basis, o.not_before, o.source.version, micro(o.tariff.rates)["input"]) for o in offers]


def test_a_price_is_observed_from_the_day_of_its_release() -> None:
    """At midnight UTC, with the last day on which a release stated something else; None in the first release."""
    first = seen(MAY, None, {"input_cost_per_token": "0.000002"})
    second = seen(JUNE, MAY, {"input_cost_per_token": "0.000001"})
    assert facts(found(LITE, first, second)) == [
        (utc(2026, 5, 10), "observed", None, "of 2026-05-10", "2"),
        (utc(2026, 6, 10), "observed", MAY, "of 2026-06-10", "1"),
    ]


def test_an_entry_that_vanished_ends_nothing() -> None:
    """It has no offer of its own, and the same price afterwards is no change."""
    price = {"input_cost_per_token": "0.000002"}
    assert len(found(LITE, seen(MAY, None, price), seen(JUNE, MAY, None), seen(JULY, JUNE, price))) == 1


def test_what_a_tariff_does_not_hold_is_no_change() -> None:
    """A field that is left out may change without an offer."""
    first = seen(MAY, None, {"input_cost_per_token": "0.000002"})
    second = seen(JUNE, MAY, {"input_cost_per_token": "0.000002", "input_cost_per_image": "0.001"})
    assert len(found(LITE, first, second)) == 1


def test_history_is_read_as_the_present_is() -> None:
    """Tiers, services and structures of texts are those that the newest release would give."""
    fields: dict[str, FieldValue] = {
        "input_cost_per_token": "0.000002",
        "input_cost_per_token_above_200k_tokens": "0.000004",
        "input_cost_per_token_batches": "0.000001",
        "provider_specific_entry": {"us": "1.1"},
    }
    (offer,) = found(LITE, seen(MAY, None, fields))
    assert [micro(tier.rates) for tier in offer.tariff.tiers] == [{"input": "4"}]
    assert [(service.name, micro(service.rates)) for service in offer.tariff.services] == [("batch", {"input": "1"})]
    assert [region for region, _ in offer.tariff.regions] == ["us"]


def dated(first: str, day: str, then: str) -> dict[str, FieldValue]:
    condition: Mapping[str, FieldValue] = {"is": "StartDateConstraint", "start_date": day}
    return {
        "prices": (
            {"constraint": {}, "prices": {"input_mtok": first}},
            {"constraint": condition, "prices": {"input_mtok": then}},
        )
    }


@pytest.mark.parametrize(
    ("day", "next_release", "expected"),
    [
        # between this release and the one before it, or after it: the release's own date
        (
            "2026-06-01",
            "1",
            [(utc(2026, 5, 10), "observed", None, "2"), (utc(2026, 6, 1), "upstream_dated", None, "1")],
        ),
        (
            "2026-06-20",
            "1",
            [(utc(2026, 5, 10), "observed", None, "2"), (utc(2026, 6, 20), "upstream_dated", None, "1")],
        ),
        # before the release before it, which did not say so: observed
        ("2026-05-01", "1", [(utc(2026, 5, 10), "observed", None, "2"), (utc(2026, 6, 10), "observed", MAY, "1")]),
        # when the next release, which says something else, was there
        ("2026-07-20", "2", [(utc(2026, 5, 10), "observed", None, "2")]),
    ],
)
def test_a_date_of_a_release_counts_while_it_was_the_newest(
    day: str, next_release: str, expected: list[tuple[object, ...]]
) -> None:
    """An announcement that the next release no longer has never held."""
    observations = (
        seen(MAY, None, {"input_mtok": "2"}),
        seen(JUNE, MAY, dated("2", day, "1")),
        seen(JULY, JUNE, {"input_mtok": next_release}),
    )
    assert [(o.since, o.basis, o.not_before, micro(o.tariff.rates)["input"]) for o in found(GENAI, *observations)] == (
        expected
    )


def test_a_service_of_a_release_begins_on_its_day() -> None:
    """A variant that a release dates is an offer from that day on."""
    batch: Mapping[str, FieldValue] = {
        "is": "PriceVariant",
        "when": {"processing": "batch"},
        "prices": {"input_mtok": "1"},
        "constraint": {"is": "StartDateConstraint", "start_date": "2026-06-10"},
    }
    first = seen(MAY, None, {"input_mtok": "2"})
    second = seen(JUNE, MAY, {"input_mtok": "2", "price_variants": (batch,)})
    assert [
        (o.since, o.basis, [service.name for service in o.tariff.services]) for o in found(GENAI, first, second)
    ] == [(utc(2026, 5, 10), "observed", []), (utc(2026, 6, 10), "upstream_dated", ["batch"])]


def test_an_alias_has_the_prices_that_its_entry_had() -> None:
    """Of the release in which it was an alias."""
    target = (
        seen(MAY, None, {"input_cost_per_token": "0.000002"}),
        seen(JULY, JUNE, {"input_cost_per_token": "0.000001"}),
    )
    (offer,) = found(LITE, seen(JUNE, MAY, {"alias_of": "target"}), target=target)
    assert (offer.since, offer.tariff.rates.input, offer.source.id) == (utc(2026, 6, 10), usd("2"), "maker/m")


@pytest.mark.parametrize("package", [GENAI, LITE, "tokencost"])
def test_the_committed_history_is_read_in_order(package: str) -> None:
    """Every entry's offers rise in time and change something, and nothing in the history is unknown."""
    reading = read(package)
    assert len(reading.offers) > 200
    for listed in reading.offers.values():
        begins = [offer.since for offer in listed if offer.since]
        assert begins == sorted(set(begins))
        assert all(one.tariff != other.tariff for one, other in pairwise(listed))
    assert {fault.reason for fault in reading.faults if fault.reason.startswith("an unknown")} == set()


def test_a_release_without_a_digest_is_refused(tmp_path: Path) -> None:
    """A version that releases.toml does not name is a fault of the files, not of a price."""
    line = (HISTORY / "tokencost.jsonl").read_text(encoding="utf-8").splitlines()[0]
    (tmp_path / "tokencost.jsonl").write_text(line, encoding="utf-8")
    (tmp_path / "releases.toml").write_text("release = []", encoding="utf-8")
    with pytest.raises(DamagedCuration, match="tokencost"):
        read("tokencost", tmp_path)

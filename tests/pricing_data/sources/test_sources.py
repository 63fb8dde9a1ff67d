"""Each source's reader, on a small wheel in the source's own form."""

import hashlib
import zipfile
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest

from pricing_data.errors import BadSource
from pricing_data.offers import Reading
from pricing_data.sources import genai_prices, litellm, model_prices
from pricing_data.sources.package_file import Pin, read_member
from pricing_data.sources.python_literal import assigned


def wheel(folder: Path, package: str, member: str, text: str) -> Pin:
    """A wheel with one file in it, and its pin."""
    path = folder / "one.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, text)
    return Pin(package, "1.0", path.name, hashlib.sha256(path.read_bytes()).hexdigest())


GENAI = """
providers: list[Provider] = [
    Provider(id='maker', name='Maker', pricing_urls=['https://example.org/prices'], models=[
        ModelInfo(id='plain', match=ClauseEquals(equals='plain'), prices=ModelPrice(
            input_mtok=Decimal('2.5'), output_mtok=Decimal('10'), cache_read_mtok=Decimal('1.25'))),
        ModelInfo(id='tiered', match=ClauseEquals(equals='tiered'),
            prices=ModelPrice(
                input_mtok=TieredPrices(base=Decimal('4'), tiers=[Tier(start=272000, price=Decimal('8'))]),
                output_mtok=Decimal('20')),
            price_variants=[
                PriceVariant(when={'service_tier': 'flex'}, prices=ModelPrice(input_mtok=Decimal('1'))),
                PriceVariant(when={'processing': 'batch'}, prices=ModelPrice(input_mtok=Decimal('2')))]),
        ModelInfo(id='dated', match=ClauseEquals(equals='dated'), prices=[
            ConditionalPrice(prices=ModelPrice(input_mtok=Decimal('10'))),
            ConditionalPrice(constraint=StartDateConstraint(start_date=datetime.date(2025, 6, 10)),
                prices=ModelPrice(input_mtok=Decimal('2')))]),
        ModelInfo(id='mostly', match=ClauseEquals(equals='mostly'), prices=[
            ConditionalPrice(prices=ModelPrice(input_mtok=Decimal('0.135'))),
            ConditionalPrice(constraint=TimeOfDateConstraint(
                start_time=datetime.time(0, 30, tzinfo=datetime.UTC),
                end_time=datetime.time(16, 30, tzinfo=datetime.UTC)),
                prices=ModelPrice(input_mtok=Decimal('0.27')))]),
        ModelInfo(id='odd', match=ClauseEquals(equals='odd'),
            prices=ModelPrice(input_mtok=Decimal('0.1234567'))),
        ModelInfo(id='images', match=ClauseEquals(equals='images'),
            prices=ModelPrice(output_image_mtok=Decimal('1'))),
    ]),
]
"""


def test_genai_prices(tmp_path: Path) -> None:
    """Prices per million tokens, tiers, batches and dates are read; what is not exact is refused."""
    found = genai_prices.read(tmp_path, wheel(tmp_path, "genai-prices", genai_prices.MEMBER, GENAI))
    plain = found.offers["maker/plain"][0]
    assert (plain.tariff.rates.input, plain.tariff.rates.output) == (Decimal("0.0000025"), Decimal("0.00001"))
    assert plain.tariff.rates.cached_input == Decimal("0.00000125")
    assert (plain.since, plain.source.url) == (None, "https://example.org/prices")
    tiered = found.offers["maker/tiered"][0].tariff
    assert [(tier.above_tokens, tier.rates.input, tier.rates.output) for tier in tiered.tiers] == [
        (272_000, Decimal("0.000008"), Decimal("0.00002"))
    ]
    assert tiered.batch is not None
    assert tiered.batch.input == Decimal("0.000002")
    dated = found.offers["maker/dated"]
    assert [(offer.since, offer.tariff.rates.input) for offer in dated] == [
        (None, Decimal("0.00001")),
        (date(2025, 6, 10), Decimal("0.000002")),
    ]
    assert set(found.offers) == {"maker/plain", "maker/tiered", "maker/dated", "maker/mostly"}
    assert [(fault.key, fault.value) for fault in found.faults] == [("maker/odd", "1.234567E-7")]


def test_genai_prices_by_the_hour(tmp_path: Path) -> None:
    """The price of most of the day is the price; the other hours are the schedule."""
    found = genai_prices.read(tmp_path, wheel(tmp_path, "genai-prices", genai_prices.MEMBER, GENAI))
    tariff = found.offers["maker/mostly"][0].tariff
    assert tariff.rates.input == Decimal("0.00000027")
    assert [(w.starts, w.ends, w.rates.input) for w in tariff.schedule] == [
        (time(16, 30), time(0, 30), Decimal("0.000000135"))
    ]


LITELLM = """
{"sample_spec": {"input_cost_per_token": 0.0},
 "m": {"input_cost_per_token": 2e-07, "output_cost_per_token": 4e-07, "litellm_provider": "maker",
       "input_cost_per_token_batches": 1e-07, "source": "https://example.org",
       "input_cost_per_token_above_200k_tokens": 4e-07, "input_cost_per_token_above_200k_tokens_priority": 9e-07},
 "embeds": {"input_cost_per_token": 1e-07, "output_cost_per_token": 0.0, "litellm_provider": "maker"},
 "free": {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0, "litellm_provider": "maker"},
 "noise": {"input_cost_per_token": 1.8900000000000002e-07, "litellm_provider": "maker"}}
"""


def test_litellm(tmp_path: Path) -> None:
    """Numbers are read exactly, not as floats; a free or noisy price is refused, never zero."""
    found = litellm.read(tmp_path, wheel(tmp_path, "litellm", litellm.MEMBER, LITELLM))
    assert set(found.offers) == {"m", "embeds"}
    tariff = found.offers["m"][0].tariff
    assert (tariff.rates.input, tariff.rates.output) == (Decimal("0.0000002"), Decimal("0.0000004"))
    assert [(tier.above_tokens, tier.rates.input) for tier in tariff.tiers] == [(200_000, Decimal("0.0000004"))]
    assert tariff.batch is not None
    assert tariff.batch.input == Decimal("0.0000001")
    assert found.offers["embeds"][0].tariff.rates.output is None
    assert {fault.key for fault in found.faults} == {"free", "noise"}


SNAPSHOT = """
{"prices": {"maker": {"m": {
   "standard": [
     {"start": null, "rates": {"input": 5.0, "output": 30.0, "source": "https://example.org/1",
        "valid_from": "2026-07-09T17:59:06Z", "valid_from_basis": "models.dev commit"}},
     {"start": "2026-08-21T00:00:00Z", "rates": {"input": 4.0, "output": 20.0, "cache_read": 0.4,
        "source": "https://example.org/2", "valid_from": "2026-08-21T00:00:00Z", "valid_from_basis": "documented",
        "tiers": [{"above": 272000, "input": 8.0, "output": 30.0}]}}],
   "batch": [{"start": null, "rates": null},
             {"start": "2026-08-21T00:00:00Z", "rates": {"input": 2.0, "output": 10.0}}]},
 "late": {"standard": [
     {"start": null, "rates": {"input": 9.0, "output": 9.0, "source": "s",
        "valid_from": "2026-08-21T00:00:00Z", "valid_from_basis": "models.dev commit"}},
     {"start": "2026-07-01T00:00:00Z", "rates": {"input": 1.0, "output": 1.0, "source": "s",
        "valid_from": "2026-07-01T00:00:00Z", "valid_from_basis": "documented"}}]},
 "free": {"standard": [{"start": null, "rates": {"input": 0.0, "output": 0.0, "source": "s",
        "valid_from": "2026-07-09T00:00:00Z", "valid_from_basis": "first observed"}}]}}}}
"""


def test_model_prices(tmp_path: Path) -> None:
    """Each dated tariff holds from its first whole day; the batch rates join the newest."""
    found = model_prices.read(tmp_path, wheel(tmp_path, "model-prices", model_prices.MEMBER, SNAPSHOT))
    old, new = found.offers["maker/m"]
    assert (old.since, old.basis, old.tariff.rates.input) == (
        date(2026, 7, 10),
        "upstream_commit",
        Decimal("0.000005"),
    )
    assert (new.since, new.basis, new.tariff.rates.cached_input) == (
        date(2026, 8, 21),
        "documented",
        Decimal("0.0000004"),
    )
    assert [(tier.rates.input, tier.rates.cached_input) for tier in new.tariff.tiers] == [
        (Decimal("0.000008"), Decimal("0.0000004"))
    ]
    assert old.tariff.batch is None
    assert new.tariff.batch is not None
    assert new.tariff.batch.output == Decimal("0.00001")


def test_model_prices_that_came_late_or_free(tmp_path: Path) -> None:
    """A first price that ended before its first day is dropped, and a zero is no price."""
    found = model_prices.read(tmp_path, wheel(tmp_path, "model-prices", model_prices.MEMBER, SNAPSHOT))
    assert [offer.since for offer in found.offers["maker/late"]] == [date(2026, 7, 1)]
    assert "maker/free" not in found.offers


@pytest.mark.parametrize(
    ("read", "member"),
    [
        (genai_prices.read, genai_prices.MEMBER),
        (litellm.read, litellm.MEMBER),
        (model_prices.read, model_prices.MEMBER),
    ],
)
@pytest.mark.parametrize("text", ["[1, 2", "[1, 2]", '{"prices": 1, "m": 2}', "providers: list = [1]"])
def test_a_file_in_another_form_is_refused(
    tmp_path: Path, read: Callable[[Path, Pin], Reading], member: str, text: str
) -> None:
    """A source whose form has changed stops the refresh instead of losing prices."""
    with pytest.raises(BadSource, match=r"one\.whl"):
        read(tmp_path, wheel(tmp_path, "p", member, text))


def test_a_changed_wheel_is_refused(tmp_path: Path) -> None:
    """A wheel with another sha256 than the pinned one is not read."""
    pin = wheel(tmp_path, "p", "a.txt", "one")
    (tmp_path / pin.wheel).write_bytes((tmp_path / pin.wheel).read_bytes() + b" ")
    with pytest.raises(BadSource, match="sha256"):
        read_member(tmp_path, pin, "a.txt")


def test_a_missing_wheel_or_member_is_refused(tmp_path: Path) -> None:
    """A file that is not there is named."""
    pin = wheel(tmp_path, "p", "a.txt", "one")
    with pytest.raises(BadSource, match=r"b\.txt"):
        read_member(tmp_path, pin, "b.txt")
    with pytest.raises(BadSource, match=r"one\.whl"):
        read_member(tmp_path / "elsewhere", pin, "a.txt")


@pytest.mark.parametrize(
    "text",
    [
        "providers: list = [open('/etc/passwd')]",
        "providers: list = [x for x in y]",
        "providers: list = Decimal(1)",
        "providers: list = datetime.time(1, 0)(2)",
        "other: int = 1",
    ],
)
def test_code_is_not_run_as_data(text: str) -> None:
    """Anything but nested constructor calls with keywords is refused and never executed."""
    with pytest.raises(ValueError, match=r"cannot read|nothing is assigned"):
        assigned(text, "providers")

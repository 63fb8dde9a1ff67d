"""The book that ships: known prices as literals, and how it is made."""

import hashlib
import tomllib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from pricing_data import PriceBook, plain
from pricing_data.book import PACKAGED
from pricing_data.book.overrides import read_prices_file
from pricing_data.price import COUNTED_FIELDS, STANDARD, Price, Rates, Service
from pricing_data.rate_paths import rates_by_path
from pricing_data.refresh.evidence import CuratedFacts
from pricing_data.refresh.model_rules import read_model_rules, read_pins
from pricing_data.refresh.naming.authors import read_authors
from pricing_data.refresh.naming.display import read_spelling
from pricing_data.refresh.naming.left_out import read_left_out
from pricing_data.refresh.naming.suggest import suggestions
from pricing_data.refresh.next_book import unread
from pricing_data.refresh.sources import past_releases as observations
from scripts.build_prices import BOOK, CACHE, DIGEST, OVERRIDES, PINS, UPSTREAM, build, read_sources, texts

RECORDED = date(2026, 11, 28)


@pytest.fixture(scope="module")
def book() -> PriceBook:
    """Return the price book of the package."""
    return PriceBook.from_package()


@pytest.mark.parametrize(
    ("model", "per_token"),
    [
        ("jamba-1.5-large", "0.000002"),
        ("jamba-1.5-mini", "0.0000002"),
        ("llama-2-7b", "0.00000052"),
        ("llama-2-7b-chat", "0.00000052"),
        ("claude-2.1", "0.000008"),
        ("gpt-4o", "0.0000025"),
        ("gpt-3.5-turbo", "0.0000005"),
        ("claude-haiku-4-5", "0.000001"),
        ("gemini-2.5-flash", "0.0000003"),
        ("text-embedding-3-small", "0.00000002"),
        ("titan-text-lite-v1", "0.00000015"),
    ],
)
def test_known_prices(book: PriceBook, model: str, per_token: str) -> None:
    """The published examples, and a few well-known prices, hold to the last decimal."""
    found = book.price(model, RECORDED)
    assert found is not None
    assert found.input is not None
    assert plain(found.input) == per_token


@pytest.mark.parametrize("model", ["llama-3.2-1b", "llama-3.1-8b-instruct", "gemma-2-27b", "gpt-oss-120b", "qwq-32b"])
def test_open_weights_without_a_seller_have_no_price(book: PriceBook, model: str) -> None:
    """A model that only others host has no price, neither a host's nor zero."""
    assert book.history(model) == ()


@pytest.mark.parametrize(
    ("model", "change", "before", "after"),
    [
        ("o3", date(2025, 6, 10), "0.00001", "0.000002"),
        ("gpt-5.6-sol", date(2026, 8, 21), "0.000005", "0.000004"),
        ("mistral-large-4", date(2026, 10, 29), "0.00000136", "0.0000007"),
        ("deepseek-v4-flash", date(2026, 9, 10), "0.00000022", "0.00000015"),
    ],
)
def test_known_changes(book: PriceBook, model: str, change: date, before: str, after: str) -> None:
    """A dated change holds from its day and not a day earlier."""
    old, new = book.price(model, change.replace(day=change.day - 1)), book.price(model, change)
    assert old is not None
    assert new is not None
    assert (old.input, new.input) == (Decimal(before), Decimal(after))


def test_the_newest_dated_change_beats_the_majority(book: PriceBook) -> None:
    """A source still gives the older price of mistral-large-4; the dated cut wins, marked as disputed."""
    found = book.price("mistral-large-4", RECORDED)
    assert found is not None
    assert (found.input, found.state) == (Decimal("0.0000007"), "disputed")
    assert {opinion.value for opinion in found.second_opinions} == {Decimal("0.0000007"), Decimal("0.00000136")}


def test_an_announced_rise_begins_on_its_day(book: PriceBook) -> None:
    """A price announced for a later month is in the book, and holds from that day on."""
    for day, input_price in ((date(2026, 11, 30), "0.000002"), (date(2026, 12, 1), "0.000004")):
        found = book.price("gemini-4-argon", day)
        assert found is not None
        assert found.input == Decimal(input_price)


def test_tiers_batch_cache_and_hours_are_carried(book: PriceBook) -> None:
    """The rates for long prompts, batches, caches and hours of the week come with the price."""
    sol, flash = book.price("gpt-5.6-sol", RECORDED), book.price("deepseek-v4-flash", RECORDED)
    assert sol is not None
    assert flash is not None
    assert (sol.output, sol.cached_input, sol.cache_write) == (
        Decimal("0.00002"),
        Decimal("0.0000004"),
        Decimal("0.000005"),
    )
    assert [(tier.above_tokens, tier.rates.input) for tier in sol.tariff.tiers] == [(272_000, Decimal("0.000008"))]
    batch = sol.tariff.service("batch")
    assert batch is not None
    assert batch.rates.input == Decimal("0.000002")
    assert [window.rates.input for window in flash.tariff.schedule] == [Decimal("0.0000003")] * 2
    assert {(window.weekdays, window.holidays) for window in flash.tariff.schedule} == {((1, 2, 3, 4, 5), "cn")}


def test_no_rate_is_zero_or_absurd(book: PriceBook) -> None:
    """Every rate for tokens lies between nothing and a tenth of a cent, every other one below a dollar a piece."""
    for row in book.rows:
        for path, value in rates_by_path(row.tariff).items():
            counted = any(path.rpartition(".")[2].startswith(name) for name in COUNTED_FIELDS)
            assert 0 < value <= (1 if counted else Decimal("0.001")), (row.model, path)


def test_a_batch_costs_less_than_the_standard_service(book: PriceBook) -> None:
    """No row has a batch, or flex, that is dearer than what it replaces."""
    for row in book.rows:
        rates = rates_by_path(row.tariff)
        for path, value in rates.items():
            service, _, rate = path.rpartition(".")
            if service in ("batch", "flex") and ">" not in rate and rate in rates:
                assert value <= rates[rate], (row.model, row.effective_from, path)


def test_caches_cost_what_caches_cost(book: PriceBook) -> None:
    """Reading costs less than other input, writing for long no less than for a short time, and neither a multiple."""
    for row in book.rows:
        for service, rates in every_rates(row):
            where = (row.model, row.effective_from, service)
            if rates.input is not None:
                assert (rates.cached_input or 0) <= rates.input, where
                assert (rates.cache_write or 0) <= rates.input * Decimal("1.5"), where
                assert (rates.cache_write_1h or 0) <= rates.input * Decimal("2.5"), where
            if rates.cache_write is not None and rates.cache_write_1h is not None:
                assert rates.cache_write_1h > rates.cache_write, where


def every_rates(row: Price) -> Iterator[tuple[str, Rates]]:
    """Yield the rates of each service of a row, below and above each bound."""
    for service in (Service(STANDARD, row.tariff.rates, row.tariff.tiers), *row.tariff.services):
        yield service.name, service.rates
        for tier in service.tiers:
            yield f"{service.name} above {tier.above_tokens}", tier.rates


def test_tiers_of_a_row_are_of_one_kind(book: PriceBook) -> None:
    """All services of a row have tiers at the bounds of the standard one. A tier asks at least what is asked below it,
    or it states nothing: then what a long call costs is not known."""
    for row in book.rows:
        bounds = [tier.above_tokens for tier in row.tariff.tiers]
        for service in (Service(STANDARD, row.tariff.rates, row.tariff.tiers), *row.tariff.services):
            below = service.rates.input
            for tier in service.tiers:
                assert not bounds or tier.above_tokens in bounds, (row.model, row.effective_from, service.name)
                if tier.rates == Rates():
                    continue
                assert tier.rates.input is not None, (row.model, row.effective_from, service.name)
                assert below is None or tier.rates.input >= below, (row.model, row.effective_from, service.name)
                below = tier.rates.input


def test_each_rate_has_its_own_first_day_and_source(book: PriceBook) -> None:
    """No rate of a row is stated to hold since a day after the row's own, and a rate of an old row is from no source
    that is newer than the row, unless the source states it of the past."""
    for row in book.rows:
        for path in rates_by_path(row.tariff):
            statement = row.statement(path)
            assert statement.since <= row.effective_from, (row.model, row.effective_from, path)
            assert statement.not_before is None or statement.not_before < statement.since, (row.model, path)


def test_every_row_belongs_to_a_curated_model(book: PriceBook) -> None:
    """No row is without an upstream id or an override that a person has set."""
    model_rule, cited = read_model_rules(UPSTREAM), read_prices_file(OVERRIDES).models
    for row in book.rows:
        assert model_rule[row.model].ids or row.model in cited


def test_the_book_is_the_recorded_one() -> None:
    """The book has the sha256 that was recorded when it was made: it was not edited by hand."""
    digest, name = DIGEST.read_text(encoding="utf-8").split()
    assert (digest, name) == (hashlib.sha256(PACKAGED.read_bytes()).hexdigest(), "prices.jsonl")


def old_releases() -> set[tuple[str, str, str]]:
    """Package, version and sha256 of each release that the histories were read from."""
    releases = tomllib.loads((observations.HISTORY / observations.RELEASES).read_text(encoding="utf-8"))["release"]
    return {(release["package"], release["version"], release["sha256"]) for release in releases}


def test_the_pinned_sources_give_the_book() -> None:
    """Where the pinned wheels are at hand, they give the shipped files byte for byte, no id is unread, and no
    name that an author sells itself is missing from the catalogue.

    Elsewhere every row names the pinned files with their sha256, and the book has its recorded sha256.
    """
    recorded = read_pins(PINS)
    pins = recorded.packages
    if all((CACHE / pin.wheel).exists() for pin in pins.values()):
        known = read_model_rules(UPSTREAM)
        assert suggestions(read_sources(CACHE), known, read_authors(), read_spelling(), read_left_out()) == []
        assert unread(read_model_rules(UPSTREAM), read_sources(CACHE), CuratedFacts.packaged().history) == []
        for path, content in texts(build(CACHE)).items():
            assert path.read_text(encoding="utf-8") == content, path
        return
    releases = {(pin.package, pin.version, pin.sha256) for pin in pins.values()} | old_releases()
    for row in PriceBook.from_file(BOOK).rows:
        if row.recorded_at == recorded.recorded_at and row.state != "override":
            assert (row.source.package, row.source.version, row.source.sha256) in releases
    test_the_book_is_the_recorded_one()

"""The whole book against the sources themselves, read without our readers."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from pricing_data import PriceBook
from pricing_data.price import STANDARD
from pricing_data.rate_paths import path_of, rates_by_path
from pricing_data.refresh.model_rules import read_model_rules, read_pins
from pricing_data.usage import Usage
from scripts.build_prices import PINS, UPSTREAM
from tests.pricing_data.genai_oracle import (
    Call,
    Difference,
    calls,
    entries,
    ours,
    read_differences,
    theirs,
    unexplained,
)

LITELLM = Path(__file__).parents[1] / "data" / "litellm_rates.json"
SAMPLE = 2_000
# What says of a rate that a source may differ from it.
MAY_DIFFER = {"disputed", "override"}


@pytest.fixture(scope="module")
def book() -> PriceBook:
    """Return the price book of the package."""
    return PriceBook.from_package()


@pytest.fixture(scope="module")
def decided() -> dict[str, list[Difference]]:
    """The decided differences, by model."""
    found: dict[str, list[Difference]] = {}
    for one in read_differences():
        found.setdefault(one.model, []).append(one)
    return found


def test_no_hidden_difference_from_genai_prices(book: PriceBook, decided: dict[str, list[Difference]]) -> None:
    """At every hour of the book's day each model costs what genai-prices says, or the difference is decided."""
    midnight = datetime.combine(book.refreshed_at, datetime.min.time(), UTC)
    compared = 0
    for model in sorted(set(entries()) & set(book.histories)):
        for hour in range(24):
            call = Call(model, midnight + timedelta(hours=hour), STANDARD, Usage(1000))
            assert unexplained(book, call, decided.get(model, ())) == [], (model, hour)
        compared += 1
    assert compared > 350


def test_calls_cost_what_genai_prices_calculates(book: PriceBook, decided: dict[str, list[Difference]]) -> None:
    """Random calls at random instants since 2024, with caches, tiers, audio, services and hours, cost the same to the
    last digit, or each rate that differs is decided with a reason. All priced models are among them."""
    sample = list(calls(book, SAMPLE, 1))
    assert {call.model for call in sample} == set(entries()) & set(book.histories)
    assert {call.service for call in sample} >= {STANDARD, "batch", "flex", "priority", "fast"}
    for call in sample:
        assert unexplained(book, call, decided.get(call.model, ())) == [], call
    assert sum(ours(book, call) == theirs(call) for call in sample) > SAMPLE / 2


def test_tiers_begin_where_genai_prices_has_them(book: PriceBook, decided: dict[str, list[Difference]]) -> None:
    """For each tier of each model, a call at its bound and one of a token more cost what genai-prices says."""
    at = datetime.combine(book.refreshed_at, datetime.min.time(), UTC)
    pairs = 0
    for model in sorted(set(entries()) & set(book.histories)):
        row = book.price(model, at)
        for tier in row.tariff.tiers if row else ():
            pairs += 1
            for tokens in (tier.above_tokens, tier.above_tokens + 1):
                call = Call(model, at, STANDARD, Usage(tokens, 1000))
                assert unexplained(book, call, decided.get(model, ())) == [], call
    assert pairs > 30


def test_no_hidden_difference_from_litellm(book: PriceBook) -> None:
    """Each rate that LiteLLM's pinned file states of a text model of its author is the book's, at some hour, or the
    rate is marked as disputed or decided. Tiers "from N tokens on" are "above N - 1" in the book."""
    recorded = json.loads(LITELLM.read_text(encoding="utf-8"))
    assert recorded["wheel_sha256"] == read_pins(PINS).packages["litellm"].sha256
    assert len(recorded["rates"]) > 300
    for model, amounts in recorded["rates"].items():
        row = book.price(model, book.refreshed_at)
        assert row is not None, model
        own = rates_by_path(row.tariff)
        hours = [window.rates for window in row.tariff.schedule]
        for path, amount in amounts.items():
            where = path if path in own else _from_on(path)
            value, statement = own.get(where), row.statement(where)
            same = value == Decimal(amount) or any(getattr(rates, path, None) == Decimal(amount) for rates in hours)
            assert same or statement.state in MAY_DIFFER or row.state in MAY_DIFFER, (model, path, value, amount)


def _from_on(path: str) -> str:
    rate, above, bound = path.partition(">")
    return f"{rate}>{int(bound) - 1}" if above else path


def test_the_recorded_rates_are_those_of_the_pinned_wheel() -> None:
    """The recorded rates were made by a plain reading of the file that sources.toml pins: their own digest holds."""
    recorded = json.loads(LITELLM.read_text(encoding="utf-8"))
    digest = hashlib.sha256(json.dumps(recorded["rates"], sort_keys=True).encode()).hexdigest()
    assert digest == recorded["sha256"]


def test_a_marked_row_has_someone_who_differs(book: PriceBook) -> None:
    """No row is called disputed where all agree, nor agreed where somebody differs."""
    for row in book.rows:
        hours = [row.tariff.rates, *(window.rates for window in row.tariff.schedule)]
        agree = [
            any(
                (opinion.value == rates.input and None in (opinion.output, rates.output))
                or (opinion.value, opinion.output) == (rates.input, rates.output)
                for rates in hours
            )
            for opinion in row.second_opinions
        ]
        if row.state in ("agreed", "disputed"):
            assert all(agree) == (row.state == "agreed"), (row.model, row.effective_from)
        elif row.state == "single":
            assert agree == [], row.model


def test_a_disputed_rate_names_who_differs(book: PriceBook) -> None:
    """Each disputed rate has the other value and its source; an agreed or single one has none."""
    for row in book.rows:
        own = rates_by_path(row.tariff)
        for statement in row.statements:
            for source, path, value in statement.opinions:
                assert path in statement.paths, (row.model, path)
                assert value != own[path], (row.model, path)
                assert source != statement.source.package, (row.model, path)
            rates = [path for path in statement.paths if path not in (path_of("input"), path_of("output"))]
            if statement.state == "disputed" and rates == list(statement.paths) and set(rates) <= set(own):
                assert {path for _, path, _ in statement.opinions} == set(rates), (row.model, statement)


def test_every_first_party_model_of_genai_prices_is_compared(book: PriceBook) -> None:
    """The models that are compared are all those with a price and an entry in genai-prices."""
    named = {name for name, model_rule in read_model_rules(UPSTREAM).items() if "genai-prices" in model_rule.ids}
    assert named == set(entries())
    assert len(named & set(book.histories)) > 400

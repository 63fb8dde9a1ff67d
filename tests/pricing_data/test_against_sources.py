"""The whole book against the sources themselves, read without our readers."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from genai_prices import Usage

from pricing_data import PriceBook
from pricing_data.curation import read_upstream
from scripts.build_prices import UPSTREAM
from tests.pricing_data.genai_oracle import BATCHES_SINCE, BY_ID, cases, ours, theirs

LITELLM = Path(__file__).parents[1] / "data" / "litellm_input_prices.json"
LITELLM_SHA256 = "1f4d5a5ff44b110d89bc75917f28dee818014352940c0bcc8c8692e1d903f600"
SAMPLE = 2_000
# What says of a row that a source may differ from it.
MAY_DIFFER = {"disputed", "override"}


@pytest.fixture(scope="module")
def book() -> PriceBook:
    """The packaged book."""
    return PriceBook.from_package()


def test_no_hidden_difference_from_genai_prices(book: PriceBook) -> None:
    """At every hour of the book's day each model costs what genai-prices says, or its row is marked."""
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    assert book.refreshed_at == midnight.date()
    compared = 0
    for name, upstream in read_upstream(UPSTREAM).items():
        row = book.price(name, book.refreshed_at)
        if row is None or "genai-prices" not in upstream.ids or row.state in MAY_DIFFER:
            continue
        seller, _, entry = upstream.ids["genai-prices"].partition("/")
        provider, model = BY_ID[seller, entry]
        for hour in range(24):
            at = midnight + timedelta(hours=hour)
            price = model.calc_price(Usage(input_tokens=1000), provider, genai_request_timestamp=at)
            assert book.call_cost(name, 1000, at=at).total == price.total_price, (name, hour)
        compared += 1
    assert compared > 350


def test_no_hidden_difference_from_litellm(book: PriceBook) -> None:
    """Each first-party input price of LiteLLM is the book's at some hour, or the row is marked."""
    raw = LITELLM.read_bytes()
    assert hashlib.sha256(raw).hexdigest() == LITELLM_SHA256
    recorded = json.loads(raw)["input_price"]
    assert len(recorded) > 300
    for name, amount in recorded.items():
        row = book.price(name, book.refreshed_at)
        assert row is not None, name
        hours = {row.input, *(window.rates.input for window in row.tariff.schedule)}
        assert Decimal(amount) in hours or row.state in MAY_DIFFER, name


def test_calls_cost_what_genai_prices_calculates(book: PriceBook) -> None:
    """Random calls at random moments, with caches, tiers, batches and hours, cost the same to the last digit.

    Every row that was read from there is among them.
    """
    until = book.refreshed_at + timedelta(days=7)
    sample = list(cases(book, SAMPLE, 1, until))
    assert {case.row.model for case in sample} == {
        row.model for row in book.rows if row.source.package == "genai-prices"
    }
    assert any(case.batch and case.at.date() >= BATCHES_SINCE for case in sample)
    for case in sample:
        assert ours(book, case) == theirs(case), case


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

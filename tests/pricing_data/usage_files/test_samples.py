"""Exports of every layout: each row has the cost that the rates give, or its fault names what has no price."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from pricing_data import PriceBook
from pricing_data.usage_files.file import COSTS, USAGE, open_usage
from pricing_data.usage_files.pricing_rows import ASSUMED_CACHE, ASSUMED_TIER, price_row
from tests.usage_book import usage_book

SAMPLES = Path(__file__).parents[2] / "data" / "usage_files"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> PriceBook:
    return usage_book(tmp_path_factory.mktemp("book"))


def outcomes(book: PriceBook, name: str) -> Iterator[Decimal | str | None]:
    """What each row of a sample costs, or why it has no price."""
    with open_usage(SAMPLES / name) as file:
        for row in file.rows():
            total = price_row(book, row).total
            yield total.reason if total.usd is None else total.usd


# By hand, in USD per million tokens: e.g. 4 x 2.50 + 1 x 1.25 + 0.2 x 10 = 13.25.
EXPECTED: dict[str, list[str]] = {
    "openai_completions.csv": [
        "13.25",
        "1.125",
        "1.125",
        "service_tier 'scale' has no known price",
        # text 0.3 x 2.5 + cached text 0.1 x 1.25 + audio 0.5 x 32 + cached audio 0.1 x 0.4, out 0.1 x 10 + 0.2 x 64
        "30.715",
    ],
    "openai_embeddings.csv": ["0.06"],
    "openai_usage.json": ["13.25", "0.12", "column characters 12 may change the price, and is not known"],
    "anthropic_usage.csv": [
        # 5 + 0.2 x 6.25 + 0.1 x 10 + 3 x 0.5 + 0.05 x 25 + 20 x 0.01
        "10.2",
        "2.5",
        "5.5",
        "5.4",
        "2.7",
        "no price for service tier 'fast' is known",
    ],
    "anthropic_usage.json": ["10.2"],
    "openrouter_activity.csv": [
        "0.0035",
        "0.03",
        "variant 'free' has prices of its own",
        "provider_name 'Somebody' asks prices of its own for openai/gpt-4o-2024-08-06",
        "column cost_web_search 0.02 may change the price, and is not known",
    ],
    "litellm_spend_logs.csv": [
        "0.003",
        "0.0035",
        # 0.0006 x 5 + 0.0001 x 0.5 + 0.0001 x 6.25 + 0.0002 x 10 + 0.0001 x 25, in thousands
        "0.008175",
        "custom_llm_provider 'groq' asks prices of its own",
    ],
    "litellm_ui.csv": ["999.7525"],
    "bedrock_cur.csv": [
        "3",
        "0.60015",
        "16.5",
        "6",
        "line_item_usage_type 'USE1-Guardrail-text-units' is not known",
        "line_item_line_item_type 'Tax' is no usage",
    ],
    "vertex_cost_table.csv": [
        "1.25",
        "2.5",
        "0.25",
        "0.5",
        "SKU description 'Gemini 2.5 Pro Input Text Caching Storage' is not known",
    ],
    "vertex_bigquery.json": ["1.25"],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_row_has_its_price_or_names_what_has_none(book: PriceBook, name: str) -> None:
    found = [str(each.normalize()) if isinstance(each, Decimal) else each for each in outcomes(book, name)]
    assert found == [_normal(each) for each in EXPECTED[name]]


def _normal(text: str) -> str:
    return str(Decimal(text).normalize()) if text[0].isdecimal() else text


SKIPPED = {
    "openai_completions.csv": {"rows without a model and without tokens": 1},
    "openai_usage.json": {"rows without a model and without tokens": 1},
    "litellm_spend_logs.csv": {"calls that LiteLLM answered from its own cache": 1},
    "bedrock_cur.csv": {"lines of other products than Bedrock": 1},
    "vertex_cost_table.csv": {"lines of other products than Gemini": 1},
}


@pytest.mark.parametrize("name", SKIPPED)
def test_rows_that_are_no_usage_are_counted_by_what_they_are(name: str) -> None:
    with open_usage(SAMPLES / name) as file:
        list(file.rows())
        assert file.reader.skipped == SKIPPED[name]


CHARGES = {
    "openai_costs.csv": [("gpt-4o-2024-08-06", "10"), ("gpt-4o-2024-08-06", "1.25"), ("gpt-4o-2024-08-06", "2")],
    "openai_costs.json": [("gpt-4o-2024-08-06", "13.25"), ("gpt-5-mini", "amount.currency 'eur' has no rate to USD")],
    "anthropic_costs.csv": [("Claude Opus 4.5", "5"), ("Claude Opus 4.5", "1.25"), ("web_search", "0.2")],
    "anthropic_costs.json": [("claude-opus-4-5-20251101", "1.2378912")],
}


@pytest.mark.parametrize("name", CHARGES)
def test_charges_are_exact_and_another_currency_is_named(name: str) -> None:
    with open_usage(SAMPLES / name, COSTS) as file:
        rows = list(file.rows())
    found = [(row.model, row.bill_fault if row.billed is None else str(row.billed.normalize())) for row in rows]
    assert found == [(model, _normal(each)) for model, each in CHARGES[name]]


def test_every_column_of_the_samples_has_an_effect_or_is_known_to_have_none() -> None:
    """No column of a real export is taken for one that may change a price, but those that do."""
    suspicious: dict[str, list[str]] = {}
    for name in (*EXPECTED, *CHARGES):
        with open_usage(SAMPLES / name, COSTS if name in CHARGES else USAGE) as file:
            suspicious[name] = [column for column, _ in file.reader.suspicious]
    assert {name: columns for name, columns in suspicious.items() if columns and name not in CHARGES} == {
        "openai_usage.json": ["characters"],
        "openrouter_activity.csv": ["cost_web_search"],
    }


@pytest.mark.parametrize(
    ("name", "number", "assumed"),
    [
        ("litellm_spend_logs.csv", 3, (ASSUMED_CACHE,)),
        ("litellm_spend_logs.csv", 1, ()),
        ("anthropic_usage.csv", 4, ()),
        ("bedrock_cur.csv", 1, (ASSUMED_TIER,)),
    ],
)
def test_what_a_row_leaves_open_is_said(book: PriceBook, name: str, number: int, assumed: tuple[str, ...]) -> None:
    with open_usage(SAMPLES / name) as file:
        row = next(row for row in file.rows() if row.number == number)
    assert price_row(book, row).assumed == assumed

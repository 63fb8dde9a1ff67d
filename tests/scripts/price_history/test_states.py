"""What is read from a price file: every price field, exactly, under the source's own name."""

import json
from decimal import Decimal

import pytest

from scripts.price_history import genai_prices, litellm
from scripts.price_history.states import digits

GPT = {"litellm_provider": "openai", "mode": "chat", "max_tokens": 8192, "input_cost_per_token": 2.5e-06}

NEW = """
providers: list[Provider] = [
    Provider(id='maker', models=[
        ModelInfo(id='one', prices=ModelPrice(
            input_mtok=TieredPrices(base=Decimal('1.250'), tiers=[Tier(start=200000, price=Decimal('2.5'))]),
            output_mtok=Decimal('10'),
        )),
        ModelInfo(id='two', prices=[
            ConditionalPrice(prices=ModelPrice(input_mtok=Decimal('1'))),
            ConditionalPrice(
                constraint=StartDateConstraint(start_date=datetime.date(2026, 8, 17)),
                prices=ModelPrice(input_mtok=Decimal('2')),
            ),
            ConditionalPrice(
                constraint=TimeOfDateConstraint(
                    start_time=datetime.time(1, 0, tzinfo=datetime.timezone.utc),
                    end_time=datetime.time(4, 0, tzinfo=datetime.timezone.utc),
                ),
                prices=ModelPrice(input_mtok=Decimal('4')),
            ),
        ]),
    ]),
    Provider(id='openai', models=[
        ModelInfo(id='three', prices=ModelPrice(input_mtok=Decimal('2')), price_variants=[
            PriceVariant(when={'processing': 'batch'}, constraint=None, prices=ModelPrice(input_mtok=Decimal('1'))),
        ]),
        ModelInfo(id='free', prices=ModelPrice()),
    ]),
]
"""
FIRST_RELEASE = """
providers: list[Provider] = [
    Provider(name='OpenAI', id='openai', models=[
        ModelInfo(
            id='one',
            match=ClauseStartsWith(starts_with='one'),
            prices=ModelPrice(requests_kcount=None, input_mtok=Decimal('8'), output_mtok=Decimal('24')),
            collapse=True,
        ),
    ]),
]
"""


@pytest.mark.parametrize(
    ("number", "plain"),
    [("1e-07", "0.0000001"), ("2.50", "2.5"), ("0E-9", "0"), ("10", "10"), ("1E+2", "100"), ("-0.5", "-0.5")],
)
def test_a_number_has_one_plain_form(number: str, plain: str) -> None:
    assert digits(Decimal(number)) == plain


def test_every_price_field_of_litellm_is_kept_and_nothing_else() -> None:
    entry = {
        **GPT,
        "output_cost_per_token": 1e-05,
        "cache_read_input_token_cost_above_200k_tokens": None,
        "tiered_pricing": [{"range": [0, 32000.0], "input_cost_per_token": 1.2e-06}],
        "search_context_cost_per_query": {"search_context_size_low": 0.03},
        "regional_processing_uplift_multiplier_eu": 1.1,
        "provider_specific_entry": {"us": 1.1, "fast": 6.0},
        "supports_vision": True,
        "source": "https://example.org/cost",
    }
    state, sold = litellm.read(json.dumps({"sample_spec": GPT, "gpt": entry}).encode())
    assert sold == {"gpt"}
    assert state["gpt"].provider == "openai"
    assert state["gpt"].fields == {
        "input_cost_per_token": "0.0000025",
        "output_cost_per_token": "0.00001",
        "provider_specific_entry": {"us": "1.1", "fast": "6"},
        "regional_processing_uplift_multiplier_eu": "1.1",
        "search_context_cost_per_query": {"search_context_size_low": "0.03"},
        "tiered_pricing": [{"range": ["0", "32000"], "input_cost_per_token": "0.0000012"}],
    }


@pytest.mark.parametrize(
    ("key", "changed", "is_sold"),
    [
        ("gpt", {}, True),
        ("azure/gpt", {"litellm_provider": "azure"}, False),
        ("gpt-image", {"mode": "image_generation"}, False),
        ("amazon.nova", {"litellm_provider": "bedrock_converse"}, True),
        ("us.amazon.nova", {"litellm_provider": "bedrock_converse"}, True),
        ("anthropic.claude", {"litellm_provider": "bedrock_converse"}, False),
        ("perplexity/sonar", {"litellm_provider": "perplexity"}, True),
        ("perplexity/openai/gpt", {"litellm_provider": "perplexity"}, False),
        ("gpt-latest", {"litellm_provider": None, "alias_of": "base"}, True),
        ("azure/gpt-latest", {"litellm_provider": None, "alias_of": "hosted"}, False),
    ],
)
def test_which_entries_of_litellm_are_an_author_s_own(key: str, changed: dict[str, str], is_sold: bool) -> None:
    file = {"base": GPT, "hosted": {**GPT, "litellm_provider": "azure"}, key: {**GPT, **changed}}
    assert (key in litellm.read(json.dumps(file).encode())[1]) is is_sold


def test_an_entry_of_genai_prices_keeps_tiers_conditions_and_variants() -> None:
    state, sold = genai_prices.read(NEW.encode())
    assert sold == {"openai/three"}
    assert state["maker/one"].fields == {
        "input_mtok": {"base": "1.25", "tiers": [{"price": "2.5", "start": "200000"}]},
        "output_mtok": "10",
    }
    hours = {"is": "TimeOfDateConstraint", "start_time": "01:00", "end_time": "04:00"}
    assert state["maker/two"].fields == {
        "prices": [
            {"prices": {"input_mtok": "1"}},
            {"constraint": {"is": "StartDateConstraint", "start_date": "2026-08-17"}, "prices": {"input_mtok": "2"}},
            {"constraint": hours, "prices": {"input_mtok": "4"}},
        ]
    }
    assert state["openai/three"].fields == {
        "input_mtok": "2",
        "price_variants": [{"prices": {"input_mtok": "1"}, "when": {"processing": "batch"}}],
    }
    assert "openai/free" not in state


def test_the_first_release_of_genai_prices_is_read_as_well() -> None:
    assert genai_prices.read(FIRST_RELEASE.encode())[0]["openai/one"].fields == {"input_mtok": "8", "output_mtok": "24"}

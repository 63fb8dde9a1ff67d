"""Names as callers send them, over the packaged catalogue and price book: which price each has, to the last digit."""

from datetime import date
from decimal import Decimal

import pytest

from corpus_cost.model_names import MAX_SUGGESTIONS, ModelNames, UnknownNames, model_hint
from pricing_data import PriceBook, Terms, Usage
from pricing_data.errors import BadUsage
from pricing_data.named_prices import FINE_TUNED, FREE
from pricing_data.pricing import total_of_counts
from tokenizer_registry import Registry

DAY = date(2026, 10, 1)


@pytest.fixture(scope="module")
def names() -> ModelNames:
    return ModelNames(Registry.from_package(), PriceBook.from_package())


@pytest.mark.parametrize(
    ("name", "usage", "usd"),
    [
        # What providers document for the day: 1,000,000 tokens in and 100,000 out, or as it stands.
        ("openai/gpt-4o", Usage(1_000_000, 100_000), "3.5"),
        ("GPT-4o", Usage(1_000_000, 100_000), "3.5"),
        ("azure/gpt-4o", Usage(1_000_000, 100_000), "3.5"),
        ("gpt-35-turbo", Usage(1_000_000, 100_000), "0.65"),
        ("models/gemini-2.5-pro", Usage(1_000, 1_000), "0.01125"),
        # Bedrock's regions cost a tenth more from Claude 4.5 on; a long prompt costs 6 and 22.50.
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Usage(1_000_000, 100_000), "9.075"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Usage(100_000, 10_000), "0.495"),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", Usage(100_000, 10_000), "0.45"),
        ("us.anthropic.claude-3-5-haiku-20241022-v1:0", Usage(100_000, 10_000), "0.12"),
        # LiteLLM 1.109.1: Amazon's own models by region, one region of Bedrock, Gemini on Vertex AI.
        ("us.amazon.nova-pro-v1:0", Usage(1_000_000, 100_000), "1.12"),
        ("us.amazon.nova-2-lite-v1:0", Usage(1_000_000), "0.33"),
        ("bedrock_mantle/openai.gpt-5.6-sol", Usage(100_000), "0.44"),
        ("bedrock_mantle/anthropic.claude-sonnet-5-5", Usage(100_000), "0.22"),
        ("vertex_ai/gemini-3.6-flash", Usage(100_000), "0.075"),
        ("claude-sonnet-4-5@20250929", Usage(1_000_000, 100_000), "8.25"),
        ("gpt-4o-mini:batch", Usage(1_000_000), "0.075"),
        # Dated snapshots cost what the model costs.
        ("gpt-4o-mini-2024-07-18", Usage(1_000_000), "0.15"),
        ("gpt-5-2025-08-07", Usage(1_000_000), "1.25"),
        ("gpt-5-mini-2025-08-07", Usage(1_000_000), "0.25"),
        ("gpt-4.1-2025-04-14", Usage(1_000_000), "2"),
        ("o4-mini-2025-04-16", Usage(1_000_000), "1.1"),
        ("gpt-5.4-2026-03-05", Usage(100_000), "0.25"),
        ("gpt-5.6-terra-2026-07-09", Usage(1_000), None),
    ],
)
def test_prices_of_names(names: ModelNames, name: str, usage: Usage, usd: str | None) -> None:
    """A prefix, a spelling or a snapshot costs what its model costs; a region and a batch cost what they say."""
    found = total_of_counts(names.book, names.resolve(name), usage, Terms(DAY))
    expected = found.usd if usd is None else Decimal(usd)
    assert found.usd == expected is not None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ft:gpt-4o-mini-2024-07-18:acme::AbC12", FINE_TUNED),
        ("deepseek/deepseek-v4-flash:free", FREE),
        (
            "together_ai/deepseek-ai/DeepSeek-V3",
            "together asks prices of its own, and the known price is that of DeepSeek",
        ),
        ("deepseek.v3.2", "bedrock asks prices of its own, and the known price is that of DeepSeek"),
        ("vertex_ai/gemini-2.0-flash", "vertex asks prices of its own, and the known price is that of Google"),
        ("vertex_ai/claude-3-5-haiku", "vertex asks prices of its own, and the known price is that of Anthropic"),
        ("azure/us/gpt-4-turbo", "azure asks prices of its own, and the known price is that of OpenAI"),
    ],
)
def test_names_without_the_price_of_their_model(names: ModelNames, name: str, reason: str) -> None:
    """They count as their model, and have no price, with the reason."""
    counted = names.counted(name)
    assert counted is not None
    assert counted.model in names.registry.models
    found = total_of_counts(names.book, names.resolve(name), Usage(1), Terms(DAY))
    assert (found.usd, found.reason) == (None, reason)


@pytest.mark.parametrize(
    ("name", "provider", "host"),
    [
        ("gpt-4o", None, None),
        ("gpt-4o", "xai", None),
        ("gpt-4o", "vllm", None),
        ("gpt-4o", "azure", "azure"),
        ("azure/gpt-4o", "openrouter", "azure"),
        ("deepseek/deepseek-v3", "openrouter", "openrouter"),
    ],
)
def test_a_provider_is_the_host_unless_the_name_says_one(
    names: ModelNames, name: str, provider: str | None, host: str | None
) -> None:
    """Authors that sell their own models, and programs, are no hosts of the models of others."""
    assert names.resolve(name, provider).host == host


def test_every_name_of_the_catalogue_is_its_own(names: ModelNames) -> None:
    """No rule rewrites a name that the catalogue has, and it says nothing about the price."""
    for name in names.registry.models:
        found = names.counted(name)
        assert found is not None
        assert (found.model, found.named.model, found.named.is_plain) == (name, name, True)


@pytest.mark.parametrize("name", ["", "x" * 100_000, "\x00", "\ud800", "gpt-4o\n", "*"])
def test_names_that_nothing_has(names: ModelNames, name: str) -> None:
    """They are unknown, in a short sentence on one line."""
    assert (names.counted(name), names.priced(name)) == (None, None)
    with pytest.raises(BadUsage) as fault:
        names.resolve(name)
    assert len(str(fault.value)) < 200
    assert str(fault.value).isprintable()


def test_suggestions_of_one_request_are_bounded(names: ModelNames) -> None:
    """The first names get a suggestion, each compared with the catalogue, and later ones none."""
    unknown = UnknownNames(names.registry.names)
    sentences = [unknown.sentence(f"gpt-4o-min{'i' * number}") for number in range(2, MAX_SUGGESTIONS + 4)]
    assert sum("did you mean gpt-4o-mini?" in sentence for sentence in sentences) <= MAX_SUGGESTIONS
    assert sentences[-1] == f'unknown model "gpt-4o-min{"i" * (MAX_SUGGESTIONS + 3)}"'
    assert unknown.sentence("gpt-4o-minii") == 'unknown model "gpt-4o-minii" (did you mean gpt-4o-mini?)'
    assert model_hint(names.registry.names, "nothing", "Look.") == "Look."

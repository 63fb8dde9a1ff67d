"""Usage objects in every provider's form: each is read into the same counts, whoever counts the parts in or beside."""

import pytest

from pricing_data.responses import read_usage
from pricing_data.usage import Usage
from tests.pricing_data.responses.usage_examples import EXAMPLES, Example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_usage_is_read_into_our_counts(example: Example) -> None:
    """Stated or recognised, the counts, the terms and what is ignored are the same."""
    provider = PROVIDER_NAMES.get(example.provider or "", example.provider)
    by_shape = read_usage(example.usage, provider=provider, shape=example.shape)
    for read in (by_shape, read_usage(example.usage, provider=provider)):
        assert plainly(read.usage) == plainly(Usage(**example.counts))
        assert read.ignored == example.ignored
        assert (read.service, read.region) == (example.service, example.region)
    assert by_shape.shape == example.shape


def plainly(usage: Usage) -> Usage:
    """The usage without a say on cached audio or images where there can be none."""
    if not usage.cached_input_tokens or not usage.input_audio_tokens:
        usage = usage._replace(cached_audio_tokens=None)
    return usage._replace(cached_image_tokens=None) if not usage.input_image_tokens else usage


PROVIDER_NAMES = {"google-vertex": "google", "z.ai": "zai"}


@pytest.mark.parametrize(
    "name",
    [
        "xAI: reasoning beside the output",
        "xAI's tools",
        "DeepSeek",
        "Groq",
        "Moonshot",
        "OpenRouter",
        "Mistral's cache",
    ],
)
def test_a_dialect_is_known_by_its_own_properties(name: str) -> None:
    """Where a provider adds properties of its own, its way to count is known without its name."""
    example = next(example for example in EXAMPLES if example.name == name)
    read = read_usage(example.usage)
    assert read.provider == example.provider
    assert read.usage == read_usage(example.usage, provider=example.provider).usage

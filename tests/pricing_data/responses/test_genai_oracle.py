"""A second reader of usage objects: what genai-prices makes of the same examples, and where we decided otherwise."""

import pytest
from genai_prices.data import providers
from genai_prices.types import Usage as TheirUsage

from pricing_data.usage import Usage
from tests.pricing_data.responses.usage_examples import EXAMPLES, Example

THEIR_SHAPES = {
    "openai-chat": ("openai", "chat"),
    "openai-responses": ("openai", "responses"),
    "openai-embeddings": ("openai", "embeddings"),
    "anthropic": ("anthropic", "default"),
    "gemini": ("google", "default"),
    "bedrock-converse": ("aws", "default"),
    "cohere": ("cohere", "default"),
}
THEIR_CHATS = {
    "xai": ("x-ai", "chat"),
    "deepseek": ("deepseek", "chat"),
    "groq": ("groq", "default"),
    "mistral": ("mistral", "default"),
    "moonshot": ("moonshotai", "chat"),
    "perplexity": ("perplexity", "default"),
    "openrouter": ("openrouter", "chat"),
    "z.ai": ("zai", "chat"),
    "databricks": ("databricks", "chat"),
}
FIELDS = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cached_input_tokens": "cache_read_tokens",
    "cache_write_1h_tokens": "cache_write_1h_tokens",
    "input_audio_tokens": "input_audio_tokens",
    "cached_audio_tokens": "cache_audio_read_tokens",
    "input_image_tokens": "input_image_tokens",
    "input_video_tokens": "input_video_tokens",
    "reasoning_tokens": "output_reasoning_tokens",
    "output_audio_tokens": "output_audio_tokens",
    "output_image_tokens": "output_image_tokens",
    "web_searches": "web_searches",
}
GEMINI = "Gemini: thoughts and prompts of tools beside"
# Where we read something else, by example and count: why.
DECIDED = {
    ("realtime", "cached_input_tokens"): "read in the form of responses, as it comes without the event around it",
    ("realtime", "input_audio_tokens"): "the same",
    ("realtime", "cached_audio_tokens"): "the same",
    ("realtime", "output_audio_tokens"): "the same",
    ("xAI: reasoning beside the output", "input_image_tokens"): "it does not look at images; they cost what text does",
    ("xAI's tools", "web_searches"): "it does not know the object with the calls of tools",
    ("DeepSeek", "cached_input_tokens"): "it looks at prompt_tokens_details alone, which older answers do not have",
    ("Mistral: audio beside the prompt", "input_tokens"): "it leaves the tokens of audio out, which the total holds",
    ("Mistral: audio beside the prompt", "input_audio_tokens"): "the same",
    ("Mistral's cache", "cached_input_tokens"): "it does not know num_cached_tokens",
    ("Moonshot", "cached_input_tokens"): "it looks at prompt_tokens_details alone; the API puts them at the top",
    ("OpenRouter", "web_searches"): "it does not know the calls of tools",
    ("DashScope", "input_image_tokens"): "it has no reader for DashScope's own API",
    (
        "Gemini: thoughts and prompts of tools beside",
        "input_image_tokens",
    ): "pages of documents are images to it; their rate is that of text in every row",
}
UNREAD = {
    "embeddings": "it asks for completion_tokens",
    "embeddings with a total alone": "it asks for prompt_tokens",
    "Gemini in Python's names, cached audio unknown": "it reads the names of JSON alone",
    "Amazon's own models, without a count of the output": "it asks for outputTokens",
}
KNOWN = [example for example in EXAMPLES if example.shape in THEIR_SHAPES]


def theirs(example: Example) -> TheirUsage:
    """What genai-prices reads. Raises ValueError."""
    name, flavour = THEIR_SHAPES[example.shape]
    if example.shape == "openai-chat":
        name, flavour = THEIR_CHATS.get(example.provider or "", (name, flavour))
    provider = next(provider for provider in providers if provider.id == name)
    place = "usageMetadata" if example.shape == "gemini" else "usage"
    response = {"model": "m", "modelVersion": "m", place: example.usage}
    return provider.extract_usage(response, api_flavor=flavour)[1]


@pytest.mark.parametrize("example", KNOWN, ids=lambda example: example.name)
def test_a_second_reader_finds_the_same_or_it_is_decided(example: Example) -> None:
    """Each count of each example is the same, or stands in the list with the reason for which ours is right."""
    if example.name in UNREAD:
        with pytest.raises(ValueError, match=r"Missing value|No usage information"):
            theirs(example)
        return
    other, ours = theirs(example), Usage(**example.counts)
    found = {
        name
        for name, their_name in FIELDS.items()
        if getattr(ours, name) is not None and getattr(ours, name) != (getattr(other, their_name, None) or 0)
    }
    assert found == {count for name, count in DECIDED if name == example.name}

"""What is wrong with a usage is said in one sentence with the property and its value; what has no price is named."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing_data.responses import BadUsage, UnpricedProperty, read_response, read_usage
from pricing_data.responses.providers import PROVIDERS
from pricing_data.responses.shapes import SHAPES
from pricing_data.usage import MAX_TOKENS

CHAT = {"prompt_tokens": 100, "completion_tokens": 20}
MESSAGES = {"input_tokens": 100, "output_tokens": 20}
GEMINI = {"promptTokenCount": 100, "candidatesTokenCount": 20}


@pytest.mark.parametrize(
    ("value", "shown"),
    [(-1, "-1"), (1.5, "1.5"), (True, "true"), ("12", '"12"'), ([1], "a list"), ({"a": 1}, "an object")],
)
@pytest.mark.parametrize(
    ("usage", "path"),
    [
        ({"prompt_tokens": 0, "completion_tokens": None}, "usage.prompt_tokens"),
        ({**CHAT, "prompt_tokens_details": {"cached_tokens": 0}}, "usage.prompt_tokens_details.cached_tokens"),
        ({**MESSAGES, "cache_read_input_tokens": 0}, "usage.cache_read_input_tokens"),
        ({**GEMINI, "thoughtsTokenCount": 0}, "usageMetadata.thoughtsTokenCount"),
        ({"inputTokens": 0, "outputTokens": 5}, "usage.inputTokens"),
        ({"billed_units": {"output_tokens": 0}}, "usage.billed_units.output_tokens"),
    ],
)
def test_what_is_no_count_is_refused(usage: dict[str, Any], path: str, value: object, shown: str) -> None:
    """Negative, fractional, a string, a truth value, a list: the sentence has the property and the value."""
    *places, name = path.split(".")[1:]
    usage = json.loads(json.dumps(usage))
    inside = usage
    for place in places:
        inside = inside[place]
    inside[name] = value
    with pytest.raises(BadUsage) as fault:
        read_usage(usage)
    assert str(fault.value) == f"{path}: must be a whole number, 0 or more, not {shown}"


def test_an_absurd_count_is_refused() -> None:
    """A thousand million is the most, and a whole float is a whole number."""
    assert read_usage({"prompt_tokens": float(MAX_TOKENS), "completion_tokens": 0}).usage.input_tokens == MAX_TOKENS
    with pytest.raises(BadUsage, match=r"^usage\.prompt_tokens: must be at most 1,000,000,000, not 1000000001$"):
        read_usage({"prompt_tokens": MAX_TOKENS + 1, "completion_tokens": 0})


@pytest.mark.parametrize(
    ("usage", "provider", "sentence"),
    [
        (
            CHAT | {"total_tokens": 130},
            None,
            "usage.total_tokens: 130 is not the sum of prompt_tokens 100 and completion_tokens 20",
        ),
        (
            CHAT | {"total_tokens": 150, "completion_tokens_details": {"reasoning_tokens": 10}},
            "openai",
            "usage.total_tokens: 150 is not the sum of prompt_tokens 100 and completion_tokens 20",
        ),
        (
            CHAT | {"total_tokens": 130, "completion_tokens_details": {"reasoning_tokens": 10}},
            None,
            "usage.total_tokens: 130 is not the sum of prompt_tokens 100 and completion_tokens 20; xAI counts "
            "reasoning so: if it is xAI's, say provider xai",
        ),
        (
            CHAT | {"total_tokens": 110},
            "xai",
            "usage.total_tokens: 110 is not the sum of prompt_tokens 100 and completion_tokens 20",
        ),
        (
            CHAT | {"prompt_tokens_details": {"cached_tokens": 101}},
            None,
            "usage.prompt_tokens_details: cached_tokens 101 do not add up with prompt_tokens 100",
        ),
        (
            CHAT | {"prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 50}},
            None,
            "usage.prompt_tokens_details: cached_tokens 60 and written ones 50 do not add up with prompt_tokens 100",
        ),
        (
            CHAT | {"completion_tokens_details": {"reasoning_tokens": 21}},
            None,
            "usage.completion_tokens_details: reasoning_tokens 21 do not add up with completion_tokens 20",
        ),
        (
            CHAT | {"prompt_cache_hit_tokens": 60, "prompt_cache_miss_tokens": 50},
            None,
            "usage.prompt_cache_miss_tokens: hits 60 and misses 50 are not the sum of prompt_tokens 100",
        ),
        (
            MESSAGES | {"cache_creation_input_tokens": 9, "cache_creation": {"ephemeral_5m_input_tokens": 8}},
            None,
            "usage.cache_creation: ephemeral_5m_input_tokens 8 and ephemeral_1h_input_tokens 0 do not add up with "
            "cache_creation_input_tokens 9",
        ),
        (
            GEMINI | {"totalTokenCount": 121},
            None,
            "usageMetadata.totalTokenCount: 121 is not the sum of input 100, candidatesTokenCount 20 and "
            "thoughtsTokenCount 0",
        ),
        (
            GEMINI | {"cachedContentTokenCount": 101},
            None,
            "usageMetadata.cachedContentTokenCount: cachedContentTokenCount 101 do not add up with "
            "promptTokenCount 100",
        ),
        (
            GEMINI | {"promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 101}]},
            None,
            "usageMetadata.promptTokensDetails: tokenCount of all modalities 101 do not add up with "
            "promptTokenCount 100",
        ),
        (
            {"inputTokens": 100, "outputTokens": 20, "totalTokens": 130},
            None,
            "usage.totalTokens: 130 is not the sum of input 100 and outputTokens 20",
        ),
        (
            {"inputTokens": 1, "cacheWriteInputTokens": 9, "cacheDetails": [{"ttl": "1h", "inputTokens": 8}]},
            None,
            "usage.cacheDetails: tokens for 5m 0 and tokens for 1h 8 do not add up with cacheWriteInputTokens 9",
        ),
    ],
)
def test_parts_that_do_not_add_up_are_refused_with_their_numbers(
    usage: dict[str, Any], provider: str | None, sentence: str
) -> None:
    """A total that is no sum, and parts that are more than their whole, by the rule of the dialect."""
    with pytest.raises(BadUsage) as fault:
        read_usage(usage, provider=provider)
    assert str(fault.value) == sentence


@pytest.mark.parametrize(
    ("usage", "stated", "sentence"),
    [
        (CHAT, {"provider": "anthropic"}, "usage.prompt_tokens: 100 is of the shape openai-chat, and the provider "),
        (
            CHAT,
            {"provider": "google"},
            "usage.prompt_tokens: 100 is of the shape openai-chat, and the provider google ",
        ),
        (
            MESSAGES | {"cache_read_input_tokens": 5},
            {"provider": "openai"},
            "usage.cache_read_input_tokens: 5 is of the shape anthropic, and the provider openai answers in "
            "openai-chat",
        ),
        (
            MESSAGES | {"cache_read_input_tokens": 5},
            {"shape": "openai-responses"},
            "usage.cache_read_input_tokens: 5 is a property of Anthropic's messages (anthropic), not of OpenAI's",
        ),
        (
            CHAT,
            {"shape": "anthropic"},
            "usage.prompt_tokens: 100 is a property of OpenAI's chat completions (openai-chat)",
        ),
        (
            CHAT,
            {"shape": "gemini"},
            "usage.prompt_tokens: 100 is a property of OpenAI's chat completions (openai-chat)",
        ),
        (GEMINI, {"shape": "openai-chat"}, "usage.promptTokenCount: 100 is a property of Gemini's generateContent"),
        (
            CHAT | {"queue_time": 0.5},
            {"provider": "openai"},
            "usage.queue_time: 0.5 is not a known property of OpenAI; groq has it",
        ),
        (
            CHAT | {"queue_time": 0.5, "prompt_cache_hit_tokens": 100},
            {},
            "usage: has queue_time of groq and prompt_cache_hit_tokens of deepseek: say provider",
        ),
        (
            MESSAGES | {"total_tokens": 120, "cache_read_input_tokens": 5},
            {},
            "usage: has total_tokens of openai-responses and cache_read_input_tokens of anthropic: say shape "
            "or provider",
        ),
        ({}, {}, "usage: is of no known shape; say shape or provider"),
        ({"tokens": 5}, {}, "usage: is of no known shape; say shape or provider"),
        ({"output_tokens": 5}, {"shape": "anthropic"}, "usage.input_tokens: this property is missing"),
    ],
)
def test_a_usage_of_another_dialect_than_stated_is_refused_by_name(
    usage: dict[str, Any], stated: dict[str, str], sentence: str
) -> None:
    """It says whose property it is; where nothing decides, what to say."""
    with pytest.raises(BadUsage) as fault:
        read_usage(usage, **stated)  # type: ignore[arg-type]
    assert str(fault.value).startswith(sentence)


@pytest.mark.parametrize(
    ("usage", "provider", "path"),
    [
        (CHAT | {"new_tokens": 5}, None, "usage.new_tokens"),
        (CHAT | {"prompt_tokens_details": {"new_tokens": 5}}, None, "usage.prompt_tokens_details.new_tokens"),
        (
            CHAT | {"prompt_tokens_details": {"multimodal_tokens": 5}},
            "vllm",
            "usage.prompt_tokens_details.multimodal_tokens",
        ),
        (
            MESSAGES | {"cache_creation": {"ephemeral_1d_input_tokens": 5}},
            None,
            "usage.cache_creation.ephemeral_1d_input_tokens",
        ),
        (
            MESSAGES | {"server_tool_use": {"code_execution_requests": 1}},
            "anthropic",
            "usage.server_tool_use.code_execution_requests",
        ),
        (MESSAGES | {"speed": "warp"}, "anthropic", "usage.speed"),
        (
            MESSAGES | {"iterations": [{"type": "compaction", "input_tokens": 9}]},
            "anthropic",
            "usage.iterations[0].type",
        ),
        (GEMINI | {"newTokenCount": 5}, None, "usageMetadata.newTokenCount"),
        (
            GEMINI | {"promptTokensDetails": [{"modality": "SMELL", "tokenCount": 5}]},
            None,
            "usageMetadata.promptTokensDetails[0].modality",
        ),
        (
            GEMINI | {"candidatesTokensDetails": [{"modality": "VIDEO", "tokenCount": 5}]},
            None,
            "usageMetadata.candidatesTokensDetails",
        ),
        (
            {"inputTokens": 5, "cacheWriteInputTokens": 1, "cacheDetails": [{"ttl": "1d", "inputTokens": 1}]},
            None,
            "usage.cacheDetails[0].ttl",
        ),
        ({"inputTokens": 5, "serverToolUsage": {"searches": 2}}, None, "usage.serverToolUsage.searches"),
        ({"billed_units": {"search_units": 1}}, None, "usage.billed_units.search_units"),
        (CHAT | {"num_sources_used": 3}, None, "usage.num_sources_used"),
        (
            CHAT | {"server_side_tool_usage_details": {"x_search_calls": 3}},
            None,
            "usage.server_side_tool_usage_details.x_search_calls",
        ),
        (CHAT | {"citation_tokens": 3}, None, "usage.citation_tokens"),
        (CHAT | {"search_context_size": "low"}, None, "usage.search_context_size"),
        (CHAT | {"cost": 0.1, "is_byok": True}, None, "usage.is_byok"),
    ],
)
def test_what_is_not_known_to_have_a_price_is_named(usage: dict[str, Any], provider: str | None, path: str) -> None:
    """A property that may change the price and is not understood makes the cost unknown, under its name."""
    with pytest.raises(UnpricedProperty) as fault:
        read_usage(usage, provider=provider)
    assert fault.value.property == path


@pytest.mark.parametrize("nothing", [0, None, "", [], {}, False, {"deep": {"er": 0}}])
def test_an_unknown_property_that_says_nothing_changes_nothing(nothing: object) -> None:
    """Zero of whatever it is costs nothing."""
    assert read_usage(CHAT | {"new_tokens": nothing}).usage == read_usage(CHAT).usage


@pytest.mark.parametrize(
    ("tier", "service"),
    [
        (None, "standard"),
        ("default", "standard"),
        ("flex", "flex"),
        ("priority", "priority"),
        ("ON_DEMAND", "standard"),
    ],
)
def test_a_tier_is_read_in_the_provider_s_word(tier: str | None, service: str) -> None:
    """Words of all providers; upper case is the same word."""
    assert read_usage(CHAT, service=tier).service == service


def test_flex_of_groq_is_charged_as_standard() -> None:
    """Groq asks the same for it."""
    assert read_usage(CHAT, provider="groq", service="flex").service == "standard"


@pytest.mark.parametrize(
    ("tier", "kind", "sentence"),
    [
        ("turbo", BadUsage, 'service_tier: "turbo" is not a known tier; there are standard, default, batch'),
        (5, BadUsage, "service_tier: must be a word, not 5"),
        ("scale", UnpricedProperty, 'service_tier: "scale" is bought ahead, and has no price by the token'),
        ("PROVISIONED_THROUGHPUT", UnpricedProperty, 'service_tier: "PROVISIONED_THROUGHPUT" is bought ahead'),
        ("auto", UnpricedProperty, 'service_tier: "auto" does not say in which tier the call was processed'),
    ],
)
def test_other_tiers_are_refused_by_name(tier: object, kind: type[BadUsage], sentence: str) -> None:
    """An unknown word is a slip; what is bought ahead has no price."""
    with pytest.raises(kind) as fault:
        read_usage(CHAT, service=tier)
    assert type(fault.value) is kind
    assert str(fault.value).startswith(sentence)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**12) | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    (
        *("prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details"),
        *("completion_tokens_details", "input_tokens", "output_tokens", "input_tokens_details"),
        *("cache_creation", "server_tool_use", "iterations", "cache_read_input_tokens"),
        *("inference_geo", "service_tier", "speed", "promptTokenCount"),
        *("promptTokensDetails", "prompt_token_count", "candidatesTokensDetails", "totalTokenCount"),
        *("inputTokens", "cacheDetails", "serverToolUsage", "billed_units"),
        *("meta", "prompt_eval_count", "pages_processed", "cost"),
        *("prompt_cache_hit_tokens", "cached_tokens", "prompt_audio_seconds", "num_sources_used"),
        *("server_side_tool_usage_details", "seconds", "modality", "usage"),
        *("usageMetadata", "usage_info", "response", "created"),
        *("model", "output", "candidates", "performanceConfig"),
    )
)
OBJECTS = st.recursive(
    VALUES,
    lambda inner: st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=6) | st.lists(inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=500)
@given(OBJECTS, st.sampled_from([None, *PROVIDERS]), st.sampled_from([None, *SHAPES]))
def test_any_value_is_read_or_refused(value: Any, provider: str | None, shape: str | None) -> None:
    """Whatever JSON may hold: counts within the bounds, or one sentence on one line."""
    for read in (read_usage, read_response):
        sentence, found = "", None
        try:
            found = read(value, provider=provider, shape=shape)
        except BadUsage as fault:
            sentence = str(fault)
        assert sentence.isprintable()
        assert len(sentence) < 1_000
        assert found is None or found.usage.fault() is None

"""Usage objects in every provider's form, with the counts that each means."""

from decimal import Decimal
from typing import Any, NamedTuple


class Example(NamedTuple):
    """A made-up usage, and what it means; counts that are not named are 0."""

    name: str
    usage: dict[str, Any]
    counts: dict[str, Any]
    provider: str | None = None
    shape: str = "openai-chat"
    ignored: tuple[str, ...] = ()
    service: str = "standard"
    region: str | None = None


CHAT = {"prompt_tokens": 1_000, "completion_tokens": 200, "total_tokens": 1_200}
READ = {"input_tokens": 1_000, "output_tokens": 200}
DETAILS = "usage.completion_tokens_details"

EXAMPLES = [
    Example("plain chat", CHAT, READ),
    Example(
        "chat with every detail",
        CHAT
        | {
            "prompt_tokens_details": {"cached_tokens": 512, "audio_tokens": 0, "cache_write_tokens": 100},
            "completion_tokens_details": {
                "reasoning_tokens": 64,
                "audio_tokens": 10,
                "accepted_prediction_tokens": 7,
                "rejected_prediction_tokens": 9,
            },
        },
        READ
        | {
            "cached_input_tokens": 512,
            "cache_write_tokens": 100,
            "reasoning_tokens": 64,
            "output_audio_tokens": 10,
        },
        ignored=(f"{DETAILS}.accepted_prediction_tokens", f"{DETAILS}.rejected_prediction_tokens"),
    ),
    Example(
        "audio beside cached tokens, of which an unknown number is audio",
        CHAT | {"prompt_tokens_details": {"cached_tokens": 512, "audio_tokens": 300}},
        READ | {"cached_input_tokens": 512, "input_audio_tokens": 300, "cached_audio_tokens": None},
    ),
    Example("embeddings", {"prompt_tokens": 8, "total_tokens": 8}, {"input_tokens": 8, "output_tokens": 0}),
    Example(
        "embeddings with a total alone",
        {"total_tokens": 8},
        {"input_tokens": 8, "output_tokens": 0},
        provider="voyage",
        shape="openai-embeddings",
    ),
    Example(
        "responses",
        {
            "input_tokens": 1_000,
            "input_tokens_details": {"cached_tokens": 512},
            "output_tokens": 200,
            "output_tokens_details": {"reasoning_tokens": 64},
            "total_tokens": 1_200,
        },
        READ | {"cached_input_tokens": 512, "reasoning_tokens": 64},
        shape="openai-responses",
    ),
    Example(
        "realtime",
        {
            "total_tokens": 1_200,
            "input_tokens": 1_000,
            "output_tokens": 200,
            "input_token_details": {
                "text_tokens": 400,
                "audio_tokens": 600,
                "cached_tokens": 512,
                "cached_tokens_details": {"text_tokens": 320, "audio_tokens": 192},
            },
            "output_token_details": {"text_tokens": 50, "audio_tokens": 150},
        },
        READ
        | {
            "cached_input_tokens": 512,
            "input_audio_tokens": 600,
            "cached_audio_tokens": 192,
            "output_audio_tokens": 150,
        },
        shape="openai-responses",
    ),
    Example("two counts, the same in every shape", {"input_tokens": 1_000, "output_tokens": 200}, READ,
            shape="openai-responses"),
    Example(
        "xAI: reasoning beside the output",
        {
            "prompt_tokens": 1_000,
            "completion_tokens": 50,
            "total_tokens": 1_200,
            "prompt_tokens_details": {"text_tokens": 744, "image_tokens": 256, "audio_tokens": 0, "cached_tokens": 64},
            "completion_tokens_details": {"reasoning_tokens": 150, "audio_tokens": 0},
            "num_sources_used": 0,
        },
        READ
        | {
            "cached_input_tokens": 64,
            "input_image_tokens": 256,
            "cached_image_tokens": None,
            "reasoning_tokens": 150,
        },
        provider="xai",
    ),
    Example(
        "xAI without a total",
        {"prompt_tokens": 1_000, "completion_tokens": 50, "completion_tokens_details": {"reasoning_tokens": 150}},
        READ | {"reasoning_tokens": 150},
        provider="xai",
    ),
    Example(
        "xAI's tools",
        CHAT | {"server_side_tool_usage_details": {"web_search_calls": 2, "x_search_calls": 0}},
        READ | {"web_searches": 2},
        provider="xai",
    ),
    Example(
        "DeepSeek",
        CHAT | {"prompt_cache_hit_tokens": 640, "prompt_cache_miss_tokens": 360},
        READ | {"cached_input_tokens": 640},
        provider="deepseek",
    ),
    Example(
        "Groq",
        CHAT | {"queue_time": 0.03, "prompt_time": 0.01, "completion_time": 0.2, "total_time": 0.21},
        READ,
        provider="groq",
        ignored=("usage.queue_time", "usage.prompt_time", "usage.completion_time", "usage.total_time"),
    ),
    Example(
        "Mistral: audio beside the prompt",
        {
            "prompt_tokens": 9,
            "completion_tokens": 20,
            "total_tokens": 404,
            "prompt_audio_seconds": 30,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 375},
        },
        {"input_tokens": 384, "output_tokens": 20, "input_audio_tokens": 375, "seconds": Decimal(30)},
        provider="mistral",
    ),
    Example("Mistral's cache", CHAT | {"num_cached_tokens": 64}, READ | {"cached_input_tokens": 64},
            provider="mistral"),
    Example("pages", {"pages_processed": 4, "doc_size_bytes": 9_000}, {"input_tokens": 0, "pages": 4},
            provider="mistral", shape="mistral-ocr", ignored=("usage_info.doc_size_bytes",)),
    Example("Moonshot", CHAT | {"cached_tokens": 640}, READ | {"cached_input_tokens": 640}, provider="moonshot"),
    Example(
        "Perplexity: reasoning beside the output",
        {
            "prompt_tokens": 1_000,
            "completion_tokens": 50,
            "total_tokens": 1_050,
            "reasoning_tokens": 150,
            "num_search_queries": 3,
            "search_context_size": "high",
            "cost": {"total_cost": 0.01},
        },
        READ | {"reasoning_tokens": 150, "web_searches": 3},
        provider="perplexity",
        ignored=("usage.cost",),
    ),
    Example(
        "OpenRouter",
        CHAT
        | {
            "cost": 0.00123,
            "is_byok": False,
            "cost_details": {"upstream_inference_cost": None},
            "prompt_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 32, "video_tokens": 0},
            "server_tool_use": {"web_search_requests": 2},
        },
        READ | {"cached_input_tokens": 64, "cache_write_tokens": 32, "web_searches": 2},
        provider="openrouter",
        ignored=("usage.cost",),
    ),
    Example(
        "Alibaba",
        CHAT | {"prompt_tokens_details": {"cached_tokens": 64, "cache_creation_input_tokens": 32}},
        READ | {"cached_input_tokens": 64, "cache_write_tokens": 32},
        provider="alibaba",
    ),
    Example(
        "DashScope",
        {"input_tokens": 1_000, "output_tokens": 200, "total_tokens": 1_200, "image_tokens": 700},
        READ | {"input_image_tokens": 700},
        provider="alibaba",
        shape="openai-responses",
    ),
    Example(
        "Databricks",
        CHAT | {"cache_read_input_tokens": 64, "reasoning_tokens": 32},
        READ | {"cached_input_tokens": 64, "reasoning_tokens": 32},
        provider="databricks",
    ),
    Example("Z.ai", CHAT | {"prompt_tokens_details": {"cached_tokens": 64}}, READ | {"cached_input_tokens": 64},
            provider="z.ai"),
    Example(
        "Anthropic: caches beside the input",
        {
            "input_tokens": 100,
            "cache_creation_input_tokens": 300,
            "cache_read_input_tokens": 600,
            "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
            "output_tokens": 200,
            "output_tokens_details": {"thinking_tokens": 150},
            "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1},
            "service_tier": "priority",
            "inference_geo": "us",
        },
        READ
        | {
            "cached_input_tokens": 600,
            "cache_write_tokens": 100,
            "cache_write_1h_tokens": 200,
            "reasoning_tokens": 150,
            "web_searches": 2,
        },
        provider="anthropic",
        shape="anthropic",
        ignored=("usage.server_tool_use.web_fetch_requests",),
        service="priority",
        region="us",
    ),
    Example(
        "Anthropic without times of the cache",
        {"input_tokens": 100, "cache_creation_input_tokens": 300, "cache_read_input_tokens": 600, "output_tokens": 200},
        READ | {"cached_input_tokens": 600, "cache_write_tokens": 300},
        shape="anthropic",
    ),
    Example(
        "Anthropic's fast mode in steps",
        {
            "input_tokens": 1_000,
            "output_tokens": 200,
            "speed": "fast",
            "service_tier": "standard",
            "inference_geo": "not_available",
            "iterations": [
                {"type": "message", "input_tokens": 400, "output_tokens": 150},
                {"type": "message", "input_tokens": 600, "output_tokens": 50},
            ],
        },
        READ,
        shape="anthropic",
        ignored=("usage.iterations",),
        service="fast",
    ),
    Example(
        "Gemini: thoughts and prompts of tools beside",
        {
            "promptTokenCount": 900,
            "cachedContentTokenCount": 300,
            "toolUsePromptTokenCount": 100,
            "candidatesTokenCount": 50,
            "thoughtsTokenCount": 150,
            "totalTokenCount": 1_200,
            "promptTokensDetails": [
                {"modality": "TEXT", "tokenCount": 500},
                {"modality": "AUDIO", "tokenCount": 300},
                {"modality": "VIDEO", "tokenCount": 60},
                {"modality": "DOCUMENT", "tokenCount": 40},
            ],
            "toolUsePromptTokensDetails": [{"modality": "AUDIO", "tokenCount": 100}],
            "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 200}, {"modality": "TEXT", "tokenCount": 100}],
            "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 30}],
            "trafficType": "ON_DEMAND_FLEX",
        },
        READ
        | {
            "cached_input_tokens": 300,
            "input_audio_tokens": 400,
            "cached_audio_tokens": 200,
            "input_video_tokens": 60,
            "reasoning_tokens": 150,
            "output_image_tokens": 30,
        },
        provider="google-vertex",
        shape="gemini",
        service="flex",
    ),
    Example(
        "Gemini in Python's names, cached audio unknown",
        {
            "prompt_token_count": 1_000,
            "cached_content_token_count": 300,
            "candidates_token_count": 200,
            "total_token_count": 1_200,
            "prompt_tokens_details": [{"modality": "AUDIO", "token_count": 400}],
        },
        READ | {"cached_input_tokens": 300, "input_audio_tokens": 400, "cached_audio_tokens": None},
        shape="gemini",
    ),
    Example(
        "Bedrock's Converse",
        {
            "inputTokens": 100,
            "outputTokens": 200,
            "totalTokens": 1_200,
            "cacheReadInputTokens": 600,
            "cacheWriteInputTokens": 300,
            "cacheDetails": [{"ttl": "5m", "inputTokens": 100}, {"ttl": "1h", "inputTokens": 200}],
        },
        READ | {"cached_input_tokens": 600, "cache_write_tokens": 100, "cache_write_1h_tokens": 200},
        provider="bedrock",
        shape="bedrock-converse",
    ),
    Example(
        "Amazon's own models, without a count of the output",
        {"inputTokens": 1_000, "totalTokens": 1_200, "cacheReadInputTokenCount": 0, "cacheWriteInputTokenCount": 0},
        READ,
        shape="bedrock-converse",
    ),
    Example(
        "Claude through InvokeModel",
        {"input_tokens": 400, "cache_read_input_tokens": 600, "cache_creation_input_tokens": 0, "output_tokens": 200},
        READ | {"cached_input_tokens": 600},
        provider="bedrock",
        shape="anthropic",
    ),
    Example(
        "Cohere: the units that are billed",
        {
            "billed_units": {"input_tokens": 1_000.0, "output_tokens": 200.0},
            "tokens": {"input_tokens": 1_506, "output_tokens": 202},
            "cached_tokens": 448,
        },
        READ,
        provider="cohere",
        shape="cohere",
        ignored=("usage.tokens", "usage.cached_tokens"),
    ),
    Example(
        "Ollama",
        {"prompt_eval_count": 1_000, "eval_count": 200, "total_duration": 5_000_000},
        READ,
        shape="ollama",
        ignored=("usage.total_duration",),
    ),
    Example(
        "our own names",
        {"input_tokens": 1_000, "output_tokens": 200, "cached_input_tokens": 64, "web_searches": 1, "seconds": 1.5},
        READ | {"cached_input_tokens": 64, "web_searches": 1, "seconds": Decimal("1.5")},
        shape="weighbridge",
    ),
]  # fmt: skip

"""Which reader a usage goes to: by the provider or shape that is stated, else by its properties."""

from collections.abc import Mapping

from pricing_data.errors import BadUsage, shown
from pricing_data.responses import anthropic, bedrock, gemini
from pricing_data.responses.properties import Properties, is_nothing

CHAT, RESPONSES, EMBEDDINGS = "openai-chat", "openai-responses", "openai-embeddings"
MESSAGES, GENERATE, CONVERSE = "anthropic", "gemini", "bedrock-converse"
COHERE, OLLAMA, OCR, OWN = "cohere", "ollama", "mistral-ocr", "weighbridge"
SHAPES = (CHAT, RESPONSES, EMBEDDINGS, MESSAGES, GENERATE, CONVERSE, COHERE, OLLAMA, OCR, OWN)
TITLES = {
    CHAT: "OpenAI's chat completions",
    RESPONSES: "OpenAI's responses",
    MESSAGES: anthropic.TITLE,
    GENERATE: gemini.TITLE,
    CONVERSE: bedrock.TITLE,
    COHERE: "Cohere",
    OLLAMA: "Ollama",
    OCR: "Mistral's OCR",
}

# The properties that tell a shape from all others.
MARKS: Mapping[str, frozenset[str]] = {
    CHAT: frozenset(("prompt_tokens", "completion_tokens")),
    RESPONSES: frozenset(("input_tokens_details", "input_token_details", "total_tokens")),
    MESSAGES: frozenset(
        ("cache_creation_input_tokens", "cache_read_input_tokens", "cache_creation", "inference_geo", "speed")
    ),
    GENERATE: gemini.MARKS | {"prompt_token_count", "total_token_count", "candidates_token_count"},
    CONVERSE: frozenset(("inputTokens", "outputTokens")),
    COHERE: frozenset(("billed_units", "meta")),
    OLLAMA: frozenset(("prompt_eval_count", "eval_count")),
    OCR: frozenset(("pages_processed",)),
    OWN: frozenset(("cached_input_tokens", "cache_write_tokens", "cache_write_1h_tokens", "input_audio_tokens")),
}
# The properties by which one provider's dialect of OpenAI's forms is known from the plain one.
DIALECT_MARKS = {
    "prompt_cache_hit_tokens": "deepseek",
    "queue_time": "groq",
    "num_sources_used": "xai",
    "cost_in_usd_ticks": "xai",
    "server_side_tool_usage_details": "xai",
    "search_context_size": "perplexity",
    "citation_tokens": "perplexity",
    "num_search_queries": "perplexity",
    "is_byok": "openrouter",
    "cost_details": "openrouter",
    "server_tool_use": "openrouter",
    "num_cached_tokens": "mistral",
    "prompt_audio_seconds": "mistral",
    "cached_tokens": "moonshot",
    "image_tokens": "alibaba",
}


def shape_named(name: object) -> str | None:
    """Return a shape. Raise BadUsage for an unknown one."""
    if name is None:
        return None
    if isinstance(name, str) and name in SHAPES:
        return name
    raise BadUsage("shape", f"{shown(name)} is not a known shape; there are {', '.join(SHAPES)}")


def recognised(usage: Properties, provider: str | None) -> str:
    """Return the shape of a usage by its properties. Raise BadUsage if there is none, or more than one."""
    found = [shape for shape, marks in MARKS.items() if not marks.isdisjoint(usage)]
    if len(found) > 1:
        found = _of_weight(usage, found)
    if not found and "input_tokens" in usage:
        # Without further properties it means the same in all shapes that have this name.
        return MESSAGES if provider == "anthropic" else RESPONSES
    if len(found) == 1:
        return EMBEDDINGS if found[0] == RESPONSES and "input_tokens" not in usage else found[0]
    if not found:
        raise BadUsage("usage", "is of no known shape; say shape or provider")
    named = " and ".join(f"{_mark(usage, shape)} of {shape}" for shape in found)
    raise BadUsage("usage", f"has {named}: say shape or provider")


def _of_weight(usage: Properties, found: list[str]) -> list[str]:
    """Return the shapes whose properties say something, if there are such."""
    telling = [shape for shape in found if any(not is_nothing(usage.get(mark)) for mark in MARKS[shape])]
    if CHAT in telling:
        # A total is in chat completions as well.
        telling = [shape for shape in telling if shape != RESPONSES or not is_nothing(usage.get("input_tokens"))]
    return telling or found


def _mark(usage: Properties, shape: str) -> str:
    return min(mark for mark in MARKS[shape] if mark in usage)

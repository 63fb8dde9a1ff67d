"""Which reader a usage goes to: by the provider or shape that is stated, else by its properties."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from pricing_data.responses import anthropic, bedrock, gemini, openai, others
from pricing_data.responses.chat_dialects import (
    ALIBABA,
    DASHSCOPE,
    DATABRICKS,
    DEEPSEEK,
    GOOGLE,
    GROQ,
    MISTRAL,
    MOONSHOT,
    OPENAI,
    OPENAI_RESPONSES,
    OPENROUTER,
    OPENROUTER_RESPONSES,
    OTHERS,
    OTHERS_RESPONSES,
    PERPLEXITY,
    XAI,
    XAI_RESPONSES,
)
from pricing_data.responses.counts import Counts
from pricing_data.responses.faults import BadUsage, UnpricedProperty, shown
from pricing_data.responses.openai import Dialect
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


class Provider(NamedTuple):
    """The shapes that a provider answers in, its own first, and its dialects of OpenAI's.

    Those in which it answers for the sake of others' libraries alone are not among them: they have to be stated.
    """

    shapes: tuple[str, ...] = (CHAT, RESPONSES, EMBEDDINGS, MESSAGES)
    chat: Dialect = OTHERS
    responses: Dialect = OTHERS_RESPONSES


LIKE_OPENAI = Provider()
BEDROCK = Provider((CONVERSE, MESSAGES, CHAT, RESPONSES))
PROVIDERS: Mapping[str, Provider] = {
    "openai": Provider((CHAT, RESPONSES, EMBEDDINGS), OPENAI, OPENAI_RESPONSES),
    "azure": Provider((CHAT, RESPONSES, EMBEDDINGS, MESSAGES), OPENAI, OPENAI_RESPONSES),
    "anthropic": Provider((MESSAGES,)),
    "google": Provider((GENERATE,), GOOGLE),
    "bedrock": BEDROCK,
    "openrouter": Provider((CHAT, RESPONSES, EMBEDDINGS, MESSAGES), OPENROUTER, OPENROUTER_RESPONSES),
    "xai": Provider(chat=XAI, responses=XAI_RESPONSES),
    "deepseek": Provider(chat=DEEPSEEK),
    "mistral": Provider((CHAT, OCR, EMBEDDINGS), MISTRAL),
    "cohere": Provider((COHERE,)),
    "groq": Provider((CHAT, RESPONSES), GROQ),
    "perplexity": Provider((CHAT,), PERPLEXITY),
    "moonshot": Provider(chat=MOONSHOT),
    "zai": LIKE_OPENAI,
    "alibaba": Provider((CHAT, RESPONSES, EMBEDDINGS, MESSAGES), ALIBABA, DASHSCOPE),
    "databricks": Provider(chat=DATABRICKS),
    "ollama": Provider((CHAT, RESPONSES, EMBEDDINGS, MESSAGES, OLLAMA)),
    **dict.fromkeys(
        (
            *(
                "azure-ai",
                "baseten",
                "cerebras",
                "cloudflare",
                "crusoe",
                "deepinfra",
                "fireworks",
                "github",
                "gpustack",
            ),
            *("huggingface", "hyperbolic", "llama.cpp", "litellm", "lmstudio", "minimax", "nebius", "novita", "nvidia"),
            *("replicate", "sambanova", "sglang", "together", "vllm", "voyage", "weighbridge"),
        ),
        LIKE_OPENAI,
    ),
}
OTHER_NAMES = {
    "azure-openai": "azure",
    "azure_openai": "azure",
    "vertex": "google",
    "vertex_ai": "google",
    "vertexai": "google",
    "google-vertex": "google",
    "google-ai-studio": "google",
    "gemini": "google",
    "aws": "bedrock",
    "amazon": "bedrock",
    "bedrock-mantle": "bedrock",
    "x-ai": "xai",
    "mistralai": "mistral",
    "moonshotai": "moonshot",
    "kimi": "moonshot",
    "z.ai": "zai",
    "z-ai": "zai",
    "zhipu": "zai",
    "dashscope": "alibaba",
    "qwen": "alibaba",
    "ollama-cloud": "ollama",
    "fireworks-ai": "fireworks",
    "together-ai": "together",
    "togetherai": "together",
    "huggingface-router": "huggingface",
    "voyageai": "voyage",
    "azure_ai": "azure-ai",
}


def provider_named(name: object) -> str | None:
    """Return the name that this package has for a provider. Raise BadUsage for an unknown one."""
    if name is None:
        return None
    if not isinstance(name, str):
        raise BadUsage("provider", f"must be the name of a provider, not {shown(name)}")
    found = OTHER_NAMES.get(name.lower(), name.lower())
    if found not in PROVIDERS:
        raise BadUsage("provider", f"{shown(name)} is not a known provider; there are {', '.join(PROVIDERS)}")
    return found


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


def read_shape(usage: Properties, shape: str, provider: str | None) -> Counts:
    """Return the counts of a usage of a shape. Raise BadUsage, UnpricedProperty."""
    reader = READERS.get(shape)
    if reader is None:
        return _read_openai(usage, shape, provider)
    try:
        return reader(usage)
    except UnpricedProperty as fault:
        raise _of_another(fault, usage, shape) from None
    except BadUsage as fault:
        raise _of_another(fault, usage, shape) if fault.reason == MISSING else fault from None


READERS: Mapping[str, Callable[[Properties], Counts]] = {
    MESSAGES: anthropic.read,
    GENERATE: gemini.read,
    CONVERSE: bedrock.read,
    COHERE: others.read_cohere,
    OLLAMA: others.read_ollama,
    OCR: others.read_ocr,
    OWN: others.read_own,
}
MISSING = "this property is missing"


def _read_openai(usage: Properties, shape: str, provider: str | None) -> Counts:
    read = openai.read_embeddings if shape == EMBEDDINGS else openai.read
    dialect = _dialect(shape, provider)
    if provider is None and not dialect.names.every.issuperset(usage):
        provider = _provider_by_marks(usage, dialect)
        dialect = _dialect(shape, provider)
    try:
        return read(usage, dialect)._replace(provider=provider) if provider else read(usage, dialect)
    except BadUsage as fault:
        if fault.reason == MISSING or isinstance(fault, UnpricedProperty):
            raise _of_another(fault, usage, shape) from None
        raise


def _dialect(shape: str, provider: str | None) -> Dialect:
    if provider is None:
        return OPENAI_RESPONSES if shape == RESPONSES else OPENAI
    found = PROVIDERS[provider]
    return found.responses if shape == RESPONSES else found.chat


def _provider_by_marks(usage: Properties, plain: Dialect) -> str | None:
    """Return the provider to whom properties beyond the plain ones point. Raise BadUsage for two of them."""
    found = {DIALECT_MARKS[name]: name for name in usage if name in DIALECT_MARKS and name not in plain.names.every}
    if len(found) > 1:
        named = " and ".join(f"{name} of {provider}" for provider, name in found.items())
        raise BadUsage("usage", f"has {named}: say provider")
    if not found and "cost" in usage:
        return "perplexity" if isinstance(usage["cost"], Mapping) else "openrouter"
    return next(iter(found), None)


def _of_another(fault: BadUsage, usage: Properties, shape: str) -> BadUsage:
    """Return the fault, or one that says whose properties a usage has that is not of its shape."""
    own = MARKS.get(CHAT if shape == EMBEDDINGS else shape, frozenset())
    for other, marks in MARKS.items():
        for name in usage:
            if other in TITLES and name in marks and name not in own | COMMON and not is_nothing(usage[name]):
                known = TITLES.get(shape, shape)
                reason = f"{shown(usage[name])} is a property of {TITLES[other]} ({other}), not of {known} ({shape})"
                return BadUsage(f"usage.{name}", reason)
    name = fault.property.rpartition(".")[2]
    if isinstance(fault, UnpricedProperty) and name in DIALECT_MARKS and "not a known property" in fault.reason:
        return BadUsage(fault.property, f"{fault.reason}; {DIALECT_MARKS[name]} has it")
    return fault


# In several shapes, with one meaning.
COMMON = frozenset(("total_tokens",))

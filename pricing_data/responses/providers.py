"""The known providers: the usage shapes of each, and its dialects of OpenAI's usage."""

from collections.abc import Mapping
from typing import NamedTuple

from pricing_data.errors import BadUsage, shown
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
from pricing_data.responses.openai import UsageDialect
from pricing_data.responses.shapes import CHAT, COHERE, CONVERSE, EMBEDDINGS, GENERATE, MESSAGES, OCR, OLLAMA, RESPONSES


class ProviderShapes(NamedTuple):
    """The usage shapes of a provider, its native one first, and its dialects of OpenAI's.

    Shapes that it offers only for compatibility with other providers' clients are left out: these must be stated.
    """

    shapes: tuple[str, ...] = (CHAT, RESPONSES, EMBEDDINGS, MESSAGES)
    chat: UsageDialect = OTHERS
    responses: UsageDialect = OTHERS_RESPONSES


LIKE_OPENAI = ProviderShapes()
BEDROCK = ProviderShapes((CONVERSE, MESSAGES, CHAT, RESPONSES))
PROVIDERS: Mapping[str, ProviderShapes] = {
    "openai": ProviderShapes((CHAT, RESPONSES, EMBEDDINGS), OPENAI, OPENAI_RESPONSES),
    "azure": ProviderShapes((CHAT, RESPONSES, EMBEDDINGS, MESSAGES), OPENAI, OPENAI_RESPONSES),
    "anthropic": ProviderShapes((MESSAGES,)),
    "google": ProviderShapes((GENERATE,), GOOGLE),
    "bedrock": BEDROCK,
    "openrouter": ProviderShapes((CHAT, RESPONSES, EMBEDDINGS, MESSAGES), OPENROUTER, OPENROUTER_RESPONSES),
    "xai": ProviderShapes(chat=XAI, responses=XAI_RESPONSES),
    "deepseek": ProviderShapes(chat=DEEPSEEK),
    "mistral": ProviderShapes((CHAT, OCR, EMBEDDINGS), MISTRAL),
    "cohere": ProviderShapes((COHERE,)),
    "groq": ProviderShapes((CHAT, RESPONSES), GROQ),
    "perplexity": ProviderShapes((CHAT,), PERPLEXITY),
    "moonshot": ProviderShapes(chat=MOONSHOT),
    "zai": LIKE_OPENAI,
    "alibaba": ProviderShapes((CHAT, RESPONSES, EMBEDDINGS, MESSAGES), ALIBABA, DASHSCOPE),
    "databricks": ProviderShapes(chat=DATABRICKS),
    "ollama": ProviderShapes((CHAT, RESPONSES, EMBEDDINGS, MESSAGES, OLLAMA)),
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

# Programs that serve or forward models, and sell none.
PROGRAMS = frozenset(("gpustack", "litellm", "llama.cpp", "lmstudio", "ollama", "sglang", "vllm", "weighbridge"))


def host_of(provider: str | None) -> str | None:
    """Return the host that sells the calls of a provider, None without one or if the provider sells none."""
    return None if provider in PROGRAMS else provider


def provider_named(name: object) -> str | None:
    """Return a provider's name in PROVIDERS, None for None. Raise BadUsage for an unknown one."""
    if name is None:
        return None
    if not isinstance(name, str):
        raise BadUsage("provider", f"must be the name of a provider, not {shown(name)}")
    found = OTHER_NAMES.get(name.lower(), name.lower())
    if found not in PROVIDERS:
        raise BadUsage("provider", f"{shown(name)} is not a known provider; there are {', '.join(PROVIDERS)}")
    return found

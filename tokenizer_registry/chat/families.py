"""Which rules count a model at a host: closed families by constants, open weights by their templates."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from tokenizer_registry.chat.anthropic import count_anthropic
from tokenizer_registry.chat.context import CountingContext
from tokenizer_registry.chat.gemini import count_gemini
from tokenizer_registry.chat.open_weights.count import count_open_weights
from tokenizer_registry.chat.openai import count_openai
from tokenizer_registry.chat.plain import count_plain
from tokenizer_registry.chat.rules import Generation

Renderer = Callable[[CountingContext], None]

RENDERERS: Final[Mapping[str, Renderer]] = MappingProxyType(
    {
        "openai": count_openai,
        "anthropic": count_anthropic,
        "gemini": count_gemini,
        "nova": count_plain,
        "cohere": count_plain,
        "open": count_open_weights,
    }
)

# The host that a model is called at if none is given.
OWN_HOSTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "openai": "openai",
        "anthropic": "anthropic",
        "gemini": "google-ai-studio",
        "nova": "bedrock",
        "cohere": "cohere",
    }
)

# Other names that hosts have.
_HOSTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "azure": "azure-openai",
        "google": "google-ai-studio",
        "gemini": "google-ai-studio",
        "vertex": "google-vertex",
        "vertex_ai": "google-vertex",
        "vertexai": "google-vertex",
        "aws": "bedrock",
        "aws-bedrock": "bedrock",
    }
)


def own_host(generation: Generation | None) -> str:
    """Return the host that a model is called at if none is given; empty if it has none."""
    if generation is None:
        return ""
    return generation.host or OWN_HOSTS.get(generation.family, "")


def host_name(host: str) -> str:
    """Return the name that rules have for a host."""
    name = host.lower()
    return _HOSTS.get(name, name)

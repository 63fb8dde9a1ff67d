"""Which rules count a model at a host.

Closed families are counted by constants, open weights by their publishers' templates. A row of rules.toml or
open_weights.toml says which generation a model is of.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from tokenizer_registry.chat.anthropic import count_anthropic
from tokenizer_registry.chat.context import CountingContext
from tokenizer_registry.chat.gemini import count_gemini
from tokenizer_registry.chat.open_weights.count import count_open_weights
from tokenizer_registry.chat.openai import count_openai
from tokenizer_registry.chat.plain import count_plain
from tokenizer_registry.chat.rules import OPEN_FAMILY, Generation, generation_of, without_chat
from tokenizer_registry.registry import Registry

# Adds up all parts of a request. May raise NoRuleHolds.
Renderer = Callable[[CountingContext], None]

RENDERERS: Final[Mapping[str, Renderer]] = MappingProxyType(
    {
        "openai": count_openai,
        "anthropic": count_anthropic,
        "gemini": count_gemini,
        "nova": count_plain,
        "cohere": count_plain,
        OPEN_FAMILY: count_open_weights,
    }
)

# The hosts whose numbers were compared; the first is the one that a model is called at if none is given. For open
# weights each rule has its host.
HOSTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "openai": ("openai", "azure-openai", "azure-ai", "openrouter"),
        "anthropic": ("anthropic", "bedrock", "google-vertex", "openrouter"),
        "gemini": ("google-ai-studio", "google-vertex", "openrouter"),
        "nova": ("bedrock",),
        "cohere": ("cohere",),
    }
)

# Other names that hosts have.
_HOST_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "azure": "azure-openai",
        "google": "google-ai-studio",
        "gemini": "google-ai-studio",
        "vertex": "google-vertex",
        "vertex_ai": "google-vertex",
        "vertexai": "google-vertex",
        "aws": "bedrock",
        "aws-bedrock": "bedrock",
        "together_ai": "together",
        "togetherai": "together",
        "zai": "z.ai",
        "z-ai": "z.ai",
    }
)


def generation_at(model: str, host: str | None) -> Generation | None:
    """Return what a model of the catalogue is counted by at a host; None where no rule is known."""
    return generation_of(model)


def is_compared(model: str, host: str) -> bool:
    """Whether numbers of a host were compared for the family of a model of the catalogue that is closed."""
    generation = generation_of(model)
    return generation is not None and host in HOSTS.get(generation.family, ())


def missing_rule(registry: Registry, model: str) -> str:
    """Return what is missing to count a chat for a model of no generation: a rule, or messages in its requests."""
    output = registry.facts[model].output_modalities
    does = without_chat().get(model)
    if does is None and output is not None and output.value == ("embedding",):
        does = "gives the vector of a text"
    if does is None:
        return f"a rule for chats of {model}"
    return f"a chat form of {model}, which {does} and takes no messages: count its input as a text"


def host_name(host: str | None, generation: Generation | None) -> str:
    """Return the name that rules have for a host; without one, the host that the generation is compared at."""
    if host is not None:
        return _HOST_NAMES.get(host.lower(), host.lower())
    if generation is None:
        return ""
    return generation.host or (HOSTS[generation.family][0] if generation.family in HOSTS else "")

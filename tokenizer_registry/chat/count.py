"""The count of a whole request, in the shape of any provider, for a model at a host."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from tokenizer_registry.chat.context import CountingContext, NoRuleHolds
from tokenizer_registry.chat.errors import BadChatRequest
from tokenizer_registry.chat.families import HOSTS, RENDERERS, generation_at, host_name, missing_rule
from tokenizer_registry.chat.parts import ChatCount, ChatParts, Part
from tokenizer_registry.chat.request import CommonRequest
from tokenizer_registry.chat.shapes.anthropic_messages import read_anthropic_messages
from tokenizer_registry.chat.shapes.bedrock_converse import read_bedrock_converse
from tokenizer_registry.chat.shapes.cohere_chat import read_cohere_chat
from tokenizer_registry.chat.shapes.fields import Field, check_depth
from tokenizer_registry.chat.shapes.gemini_contents import read_gemini_contents
from tokenizer_registry.chat.shapes.known_properties import unknown_properties
from tokenizer_registry.chat.shapes.openai_chat import read_openai_chat
from tokenizer_registry.chat.shapes.openai_responses import read_openai_responses
from tokenizer_registry.chat.texts import TextMemory, text_counter
from tokenizer_registry.chat.translation import translated
from tokenizer_registry.registry import Registry

SHAPES: Final[Mapping[str, Callable[[Field], CommonRequest]]] = MappingProxyType(
    {
        "openai_chat": read_openai_chat,
        "openai_responses": read_openai_responses,
        "anthropic_messages": read_anthropic_messages,
        "gemini_contents": read_gemini_contents,
        "bedrock_converse": read_bedrock_converse,
        "cohere_chat": read_cohere_chat,
    }
)
# The shapes whose tools are read by `tool_memory.read_tools`.
TOOLS_APART: Final = frozenset({"openai_chat", "openai_responses", "anthropic_messages", "gemini_contents"})


def read_request(shape: str, body: Any) -> CommonRequest:
    """Return a request in the common form. Raise BadChatRequest, which names the place of the fault.

    Properties of which it is not known what they cost are among what is missing.
    """
    if shape not in SHAPES:
        raise BadChatRequest("", f"must have one of the shapes {', '.join(SHAPES)}, not {shape!r}")
    check_depth(_without_tools(body) if shape in TOOLS_APART else body)
    request = SHAPES[shape](Field(body))
    unknown = unknown_properties(shape, body, request.tools)
    return replace(request, missing=request.missing + unknown) if unknown else request


def _without_tools(body: Any) -> Any:
    """Return a body without its tools, whose depth is checked when they are first read."""
    return {name: value for name, value in body.items() if name != "tools"} if isinstance(body, dict) else body


def count_request(
    registry: Registry, shape: str, body: Any, model: str, host: str | None = None, at: date | None = None
) -> ChatCount:
    """Return the tokens of a request as the model's host bills them, by part.

    `body` is the provider's request as it would be sent; sampling properties are ignored. `host` sells the model, by
    default its own provider. `at` is the day of the call, by default today's rules hold. Raise BadChatRequest,
    UnknownModel, UncountableText, DamagedVocabulary.
    """
    return count_read(registry, read_request(shape, body), model, host, at)


def count_read(
    registry: Registry,
    request: CommonRequest,
    model: str,
    host: str | None = None,
    at: date | None = None,
    memory: TextMemory | None = None,
) -> ChatCount:
    """Return the tokens of a request that has been read, as `count_request` does.

    `memory` keeps counts of long texts for other models of the same vocabulary. Raise UnknownModel, UncountableText,
    DamagedVocabulary.
    """
    resolution = registry.names.resolve(model)
    name, asked = resolution.model, host or resolution.terms.host
    generation = generation_at(name, asked)
    place = host_name(asked, generation)
    if generation is None:
        return _uncounted(name, place, missing_rule(registry, name))
    texts = text_counter(registry, name, generation, memory)
    if texts is None:
        return _uncounted(name, place, f"a vocabulary of {name}")
    request = translated(request, generation.family)
    context = CountingContext(request, texts, name, place, generation, at)
    try:
        RENDERERS[generation.family](context)
    except NoRuleHolds as error:
        return _uncounted(name, place, error.missing)
    if place not in HOSTS.get(generation.family, (place,)):
        context.widen(context.sums.frame, "unlisted-host", len(request.turns))
    return _counted(context)


def _uncounted(model: str, host: str, missing: str) -> ChatCount:
    parts = ChatParts(text=Part(None, "none", "", 0, None, (missing,)))
    return ChatCount(None, "none", 0, None, parts, model, host)


def _counted(context: CountingContext) -> ChatCount:
    parts = context.sums.parts()
    tokens = low = high = 0
    is_exact = is_whole = is_bounded = True
    for part in parts:
        low += part.low
        high += part.high or 0
        tokens += part.tokens or 0
        is_exact = is_exact and part.method == "exact"
        is_whole = is_whole and part.tokens is not None
        is_bounded = is_bounded and part.high is not None
    most, model, host, name = high if is_bounded else None, context.model, context.host, context.texts.name
    if not (is_whole and is_bounded):
        return ChatCount(None, "none", low, most, parts, model, host, name)
    return ChatCount(tokens, "exact" if is_exact else "estimate", low, most, parts, model, host, name)

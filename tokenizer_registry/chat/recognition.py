"""Which provider's shape a request has, by its properties."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

# All shapes that can be read; `count.SHAPES` has their readers.
SHAPES: Final = (
    "openai_chat",
    "openai_responses",
    "anthropic_messages",
    "gemini_contents",
    "bedrock_converse",
    "cohere_chat",
)
# Properties that only Anthropic's requests have.
_ANTHROPIC: Final = frozenset({"anthropic_version", "output_config", "output_format", "stop_sequences", "mcp_servers"})
_OPENAI_ROLES: Final = ("developer", "tool", "function")
# Kinds of content that only Anthropic's messages have; an image has a `source` there.
_ANTHROPIC_CONTENT: Final = frozenset(
    {"tool_use", "tool_result", "thinking", "redacted_thinking", "document", "search_result", "server_tool_use"}
)
_RESPONSES: Final = frozenset({"instructions", "previous_response_id", "max_output_tokens", "text", "reasoning"})
# What a request of Responses has beside a text as `input`, so that other objects are not taken for one.
_BESIDE_INPUT: Final = _RESPONSES | {"model", "tools"}
# Bedrock's content has no `type`.
_CONVERSE: Final = frozenset({"text", "image", "document", "toolUse", "toolResult", "cachePoint", "guardContent"})


def shape_of(body: Any) -> str | None:
    """Return the shape of a request, None if it has that of none.

    A request of messages that would mean the same to OpenAI and to Anthropic is `openai_chat`.
    """
    if not isinstance(body, dict):
        return None
    if isinstance(body.get("messages"), list):
        return _shape_of_messages(body)
    if isinstance(body.get("contents"), list):
        return "gemini_contents"
    given = body.get("input")
    if isinstance(given, list) and given and all(isinstance(item, dict) for item in given):
        return "openai_responses"
    return "openai_responses" if isinstance(given, str) and not _BESIDE_INPUT.isdisjoint(body) else None


def _shape_of_messages(body: Mapping[str, Any]) -> str:
    contents = list(_contents(body["messages"]))
    if {"toolConfig", "inferenceConfig"} & set(body) or any(_is_converse(content) for content in contents):
        return "bedrock_converse"
    if any(_is_openai(message) for message in body["messages"]):
        return "openai_chat"
    if "system" in body or _has_anthropic_tool(body):
        return "anthropic_messages"
    # Anthropic has messages of the system as well, where no other property says so.
    if any(isinstance(message, dict) and message.get("role") == "system" for message in body["messages"]):
        return "openai_chat"
    if not _ANTHROPIC.isdisjoint(body) or _has_budget(body) or any(map(_is_anthropic, contents)):
        return "anthropic_messages"
    return "openai_chat"


def _contents(messages: list[Any]) -> Iterator[Mapping[str, Any]]:
    for message in messages:
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, list):
            yield from (each for each in content if isinstance(each, dict))


def _is_openai(message: Any) -> bool:
    """Return whether a message has a role or a property that no other provider's have."""
    if not isinstance(message, dict):
        return False
    return message.get("role") in _OPENAI_ROLES or "tool_calls" in message or "function_call" in message


def _is_converse(content: Mapping[str, Any]) -> bool:
    return "type" not in content and len(content) == 1 and not _CONVERSE.isdisjoint(content)


def _is_anthropic(content: Mapping[str, Any]) -> bool:
    # Mistral's thoughts are an array.
    return "source" in content or (
        content.get("type") in _ANTHROPIC_CONTENT and not isinstance(content.get("thinking"), list)
    )


def _has_budget(body: Mapping[str, Any]) -> bool:
    """Return whether thinking is asked for as Anthropic has it; hosts of open models use the property otherwise."""
    thinking = body.get("thinking")
    return isinstance(thinking, dict) and ("budget_tokens" in thinking or thinking.get("type") == "adaptive")


def _has_anthropic_tool(body: Mapping[str, Any]) -> bool:
    tools = body.get("tools")
    return isinstance(tools, list) and any(isinstance(tool, dict) and "input_schema" in tool for tool in tools)

"""A request in the variables that chat templates take: `messages`, `tools` and the request's own options."""

from collections.abc import Iterator
from typing import Any

from tokenizer_registry.chat.json_texts import compact, parsed
from tokenizer_registry.chat.request import (
    Block,
    CommonRequest,
    MediaBlock,
    TextBlock,
    ThinkingBlock,
    Tool,
    ToolCallBlock,
    ToolResultBlock,
    Turn,
)
from tokenizer_registry.chat.translation import call_names, text_of


def messages_of(request: CommonRequest, *, takes_images: bool) -> list[dict[str, Any]]:
    """Return the messages as `transformers` takes them: arguments as objects, texts of a message as one."""
    names = call_names(request)
    return [message for turn in request.turns for message in _messages(turn, names, takes_images)]


def _messages(turn: Turn, names: dict[str, str], takes_images: bool) -> Iterator[dict[str, Any]]:
    results = [block for block in turn.blocks if isinstance(block, ToolResultBlock)]
    for result in results:
        yield _result(result, names)
    others = [block for block in turn.blocks if not isinstance(block, ToolResultBlock)]
    if others or not results:
        yield _message(turn, others, takes_images)


def _result(result: ToolResultBlock, names: dict[str, str]) -> dict[str, Any]:
    text = text_of(result.blocks) or ("" if result.value is None else compact(result.value))
    name = result.name or names.get(result.id or "")
    given = {"tool_call_id": result.id, "name": name}
    return {"role": "tool", "content": text} | {key: value for key, value in given.items() if value is not None}


def _message(turn: Turn, blocks: list[Block], takes_images: bool) -> dict[str, Any]:
    role = {"function": "tool"}.get(turn.role, turn.role)
    message: dict[str, Any] = {"role": role, "content": _content(blocks, takes_images)}
    thoughts = "".join(block.text for block in blocks if isinstance(block, ThinkingBlock))
    calls = [_call(block) for block in blocks if isinstance(block, ToolCallBlock)]
    if thoughts:
        message["reasoning_content"] = thoughts
    if calls:
        message["tool_calls"] = calls
    if turn.name is not None:
        message["name"] = turn.name
    return message


def _content(blocks: list[Block], takes_images: bool) -> Any:
    texts = [block for block in blocks if isinstance(block, TextBlock | MediaBlock)]
    if not takes_images or not any(isinstance(block, MediaBlock) and block.kind == "image" for block in texts):
        return "\n".join(block.text for block in texts if isinstance(block, TextBlock))
    return [
        {"type": "text", "text": block.text} if isinstance(block, TextBlock) else {"type": "image"}
        for block in texts
        if isinstance(block, TextBlock) or block.kind == "image"
    ]


def _call(block: ToolCallBlock) -> dict[str, Any]:
    function = {"name": block.name, "arguments": parsed(block.arguments)}
    return {"id": block.id or "", "type": "function", "function": function}


def tools_of(request: CommonRequest) -> list[dict[str, Any]]:
    """Return the functions as OpenAI's shape has them."""
    return [{"type": "function", "function": _function(tool)} for tool in request.tools if tool.builtin is None]


def _function(tool: Tool) -> dict[str, Any]:
    given = {"name": tool.name, "description": tool.description or None, "parameters": tool.parameters}
    return {key: value for key, value in given.items() if value is not None}

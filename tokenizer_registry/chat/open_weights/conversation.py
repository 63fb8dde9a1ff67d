"""A request in the variables that chat templates take: `messages`, `tools` and the request's own options."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

from tokenizer_registry.chat.json_texts import compact, parsed
from tokenizer_registry.chat.open_weights.kept_objects import KeptObject
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
from tokenizer_registry.chat.tool_memory import made_of
from tokenizer_registry.chat.translation import call_names

# The names that templates have for thoughts.
_THOUGHTS: Final = ("reasoning_content", "reasoning", "thinking")


def messages_of(request: CommonRequest, *, takes_images: bool) -> list[dict[str, Any]]:
    """Return the messages as `transformers` takes them: arguments as objects, texts of a message as one."""
    names = call_names(request)
    turns = joined_calls(request.turns)
    return [message for turn in turns for message in _messages(turn, names, takes_images)]


def joined_calls(turns: tuple[Turn, ...]) -> list[Turn]:
    """Return the turns with the calls of one answer in one: OpenAI's Responses have them apart."""
    joined: list[Turn] = []
    for turn in turns:
        calls = all(isinstance(block, ToolCallBlock) for block in turn.blocks)
        if joined and turn.blocks and calls and turn.role == joined[-1].role == "assistant":
            joined[-1] = joined[-1]._replace(blocks=joined[-1].blocks + turn.blocks)
        else:
            joined.append(turn)
    return joined


def _messages(turn: Turn, names: dict[str, str], takes_images: bool) -> Iterator[dict[str, Any]]:
    results = [block for block in turn.blocks if isinstance(block, ToolResultBlock)]
    for result in results:
        yield _result(result, names)
    others = [block for block in turn.blocks if not isinstance(block, ToolResultBlock)]
    if others or not results:
        yield _message(turn, others, takes_images)


def _result(result: ToolResultBlock, names: dict[str, str]) -> dict[str, Any]:
    text = "\n".join(block.text for block in result.blocks if isinstance(block, TextBlock))
    text = text or ("" if result.value is None else compact(result.value))
    name = result.name or names.get(result.id or "")
    given = {"tool_call_id": result.id, "name": name}
    return {"role": "tool", "content": text} | {key: value for key, value in given.items() if value is not None}


def _message(turn: Turn, blocks: Sequence[Block], takes_images: bool) -> dict[str, Any]:
    role = {"function": "tool"}.get(turn.role, turn.role)
    message: dict[str, Any] = {"role": role, "content": _content(blocks, takes_images)}
    thoughts = "".join(block.text for block in blocks if isinstance(block, ThinkingBlock))
    calls = [_call(block) for block in blocks if isinstance(block, ToolCallBlock)]
    if thoughts:
        message |= dict.fromkeys(_THOUGHTS, thoughts)
    if calls:
        message["tool_calls"] = calls
    if turn.name is not None:
        message["name"] = turn.name
    return message


def _content(blocks: Sequence[Block], takes_images: bool) -> Any:
    texts = [block for block in blocks if isinstance(block, TextBlock | MediaBlock)]
    if not takes_images or (len(texts) < 2 and not any(isinstance(block, MediaBlock) for block in texts)):
        return "\n".join(block.text for block in texts if isinstance(block, TextBlock))
    return [
        {"type": "text", "text": block.text} if isinstance(block, TextBlock) else {"type": "image"}
        for block in texts
        if isinstance(block, TextBlock) or block.kind == "image"
    ]


def _call(block: ToolCallBlock) -> dict[str, Any]:
    function = {"name": block.name, "arguments": parsed(block.arguments)}
    return {"id": block.id or "", "type": "function", "function": function}


def tools_of(request: CommonRequest, *, describes_all: bool = False, is_bare: bool = False) -> list[dict[str, Any]]:
    """Return the functions as OpenAI's shape has them; where `describes_all`, with a description even if none is given.

    None are there where the model may call none: all hosts that were compared leave them out. Where `is_bare`, without
    the object around each that says that it is a function.
    """
    if request.tool_choice.mode == "none":
        return []
    tools = [tool for tool in request.tools if tool.builtin is None]
    form = _function if is_bare else _function_tool
    return [made_of(tool, (form, describes_all), partial(form, describes_all)) for tool in tools]


def _function_tool(describes_all: bool, tool: Tool) -> KeptObject:
    return KeptObject({"type": "function", "function": _function(describes_all, tool)})


def _function(describes_all: bool, tool: Tool) -> KeptObject:
    has_description = describes_all or tool.is_described or tool.description
    given = {
        "name": tool.name,
        "description": tool.description if has_description else None,
        "parameters": tool.parameters,
    }
    return KeptObject({key: value for key, value in given.items() if value is not None})

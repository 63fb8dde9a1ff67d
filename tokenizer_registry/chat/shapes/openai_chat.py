"""OpenAI's chat completions, which many other hosts take as well."""

from typing import Final

from tokenizer_registry.chat.request import (
    Block,
    CommonRequest,
    ThinkingBlock,
    ThinkingMode,
    Tool,
    ToolCallBlock,
    ToolChoice,
    ToolResultBlock,
    Turn,
    UnknownBlock,
)
from tokenizer_registry.chat.shapes.fields import Field
from tokenizer_registry.chat.shapes.openai_parts import (
    TEXT_TYPES,
    builtin_tool,
    content_blocks,
    function_tool,
    response_format,
    role_of,
    tool_choice,
)
from tokenizer_registry.chat.shapes.plain_turns import PlainForm, read_turns
from tokenizer_registry.chat.shapes.template_options import template_options
from tokenizer_registry.chat.tool_memory import read_tools

_REASONING: Final = frozenset({"reasoning", "reasoning_effort"})
_PLAIN: Final = PlainForm(frozenset({"user", "assistant", "system", "developer"}), TEXT_TYPES)


def read_openai_chat(body: Field) -> CommonRequest:
    """Return the request in the common form. Raise BadChatRequest."""
    style = body.get("response_format")
    return CommonRequest(
        "openai_chat",
        read_turns(body.need("messages").filled(), _PLAIN, _turn),
        _all_tools(body),
        _choice(body),
        response_format(style, style.get("json_schema")) if style.value is not None else None,
        thinking=_thinking(body),
        template_options=template_options(body),
    )


def _thinking(body: Field) -> ThinkingMode | None:
    """Whether a model that thinks only on demand is asked to."""
    if _REASONING.isdisjoint(body.mapping()):
        return None
    reasoning = body.get("reasoning")
    effort = body.get("reasoning_effort").value
    asked = effort is not None and effort != "none"
    if isinstance(reasoning.value, dict):
        asked = reasoning.get("enabled").value is not False and reasoning.get("effort").value != "none"
    return "enabled" if asked else None


def _all_tools(body: Field) -> tuple[Tool, ...]:
    """Return the tools, and behind them the functions of the older property."""
    tools, functions = read_tools(body.get("tools"), _tools), body.get("functions")
    return tools if functions.value is None else tools + tuple(function_tool(each, each) for each in functions.items())


def _tools(tools: Field) -> tuple[Tool, ...]:
    return tuple(map(_tool, tools.items()))


def _tool(tool: Field) -> Tool:
    kind = tool.get("type").optional_text()
    if kind in {None, "function"}:
        return function_tool(tool, tool.need("function"))
    return builtin_tool(tool)


def _choice(body: Field) -> ToolChoice:
    return tool_choice(body.get("tool_choice", "function_call"))


def _turn(message: Field) -> Turn:
    role = role_of(message)
    name = message.get("name").optional_text()
    blocks = content_blocks(message.get("content"))
    if role in {"tool", "function"}:
        result = ToolResultBlock(
            tuple(block for block in blocks if not isinstance(block, ToolCallBlock | ToolResultBlock | ThinkingBlock)),
            message.path,
            name,
            message.get("tool_call_id").optional_text(),
        )
        return Turn(role, (result,), name)
    return Turn(role, (*_thoughts(message), *blocks, *_refusal(message), *_calls(message)), name)


def _thoughts(message: Field) -> tuple[Block, ...]:
    """Earlier thoughts, which hosts of open models take back in one of two properties."""
    found = message.get("reasoning_content", "reasoning")
    return (ThinkingBlock(found.value, found.path),) if isinstance(found.value, str) else ()


def _refusal(message: Field) -> tuple[Block, ...]:
    return content_blocks(message.get("refusal"))


def _calls(message: Field) -> tuple[Block, ...]:
    calls = map(_tool_call, message.get("tool_calls").items())
    older = message.get("function_call")
    return (*calls, *([_call(older, older)] if older.value is not None else ()))


def _tool_call(call: Field) -> Block:
    kind = call.get("type").optional_text()
    if kind in {None, "function"}:
        return _call(call, call.need("function"))
    return UnknownBlock(kind, call.path)


def _call(call: Field, function: Field) -> ToolCallBlock:
    return ToolCallBlock(
        function.need("name").text(), function.get("arguments").value or "", call.path, call.get("id").optional_text()
    )

"""OpenAI's Responses: items in place of messages."""

from typing import Final

from tokenizer_registry.chat.request import (
    CommonRequest,
    MediaBlock,
    TextBlock,
    ThinkingBlock,
    Tool,
    ToolCallBlock,
    ToolResultBlock,
    Turn,
    UnknownBlock,
)
from tokenizer_registry.chat.shapes.fields import Field
from tokenizer_registry.chat.shapes.openai_parts import (
    ROLES,
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

# What stands for content that is not in the request.
_REFERENCES: Final = ("previous_response_id", "conversation", "prompt")
_PLAIN: Final = PlainForm(ROLES, TEXT_TYPES)


def read_openai_responses(body: Field) -> CommonRequest:
    """Return the request in the common form. Raise BadChatRequest."""
    instructions = body.get("instructions").optional_text()
    system = (Turn("system", (TextBlock(instructions),)),) if instructions else ()
    style = body.get("text").get("format") if body.has("text") else None
    return CommonRequest(
        "openai_responses",
        system + _turns(body.need("input").filled()),
        read_tools(body.get("tools"), _tools),
        tool_choice(body.get("tool_choice")),
        response_format(style, style) if style is not None and style.value is not None else None,
        tuple(f"{name}: the content that it stands for" for name in _REFERENCES if body.has(name)),
        has_instructions=bool(instructions),
        template_options=template_options(body),
    )


def _turns(given: Field) -> tuple[Turn, ...]:
    if isinstance(given.value, str):
        return (Turn("user", (TextBlock(given.value),)),)
    return read_turns(given, _PLAIN, _turn)


def _turn(item: Field) -> Turn:
    kind = item.get("type").optional_text() or "message"
    match kind:
        case "message":
            return Turn(role_of(item), content_blocks(item.get("content")))
        case "function_call":
            arguments = item.get("arguments").value or ""
            call = ToolCallBlock(item.need("name").text(), arguments, item.path, item.get("call_id").optional_text())
            return Turn("assistant", (call,))
        case "function_call_output":
            blocks = content_blocks(item.get("output"))
            kept = tuple(each for each in blocks if isinstance(each, TextBlock | MediaBlock | UnknownBlock))
            result = ToolResultBlock(kept, item.path, None, item.get("call_id").optional_text())
            return Turn("tool", (result,))
        case "reasoning":
            tokens = item.get("thinking_tokens").optional_whole(10**9)
            return Turn("assistant", (ThinkingBlock("", item.path, True, tokens),))
        case _:
            return Turn("assistant", (UnknownBlock(kind, item.path),))


def _tools(tools: Field) -> tuple[Tool, ...]:
    return tuple(map(_tool, tools.items()))


def _tool(tool: Field) -> Tool:
    return function_tool(tool, tool) if tool.need("type").value == "function" else builtin_tool(tool)

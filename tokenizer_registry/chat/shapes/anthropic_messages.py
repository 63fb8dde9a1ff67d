"""Anthropic's messages."""

from dataclasses import replace
from typing import Final

from tokenizer_registry.chat.request import (
    NO_CHOICE,
    Block,
    CommonRequest,
    MediaBlock,
    ResponseFormat,
    TextBlock,
    ThinkingBlock,
    ThinkingMode,
    Tool,
    ToolCallBlock,
    ToolChoice,
    ToolReferenceBlock,
    ToolResultBlock,
    Turn,
    UnknownBlock,
)
from tokenizer_registry.chat.shapes.fields import Field
from tokenizer_registry.chat.shapes.media import kind_of, media_block
from tokenizer_registry.chat.shapes.plain_turns import PlainForm, read_turns
from tokenizer_registry.chat.tool_memory import read_tools

ROLES: Final = frozenset({"user", "assistant", "system"})
MAX_THOUGHT_TOKENS: Final = 10**9
_PLAIN: Final = PlainForm(ROLES, frozenset({"text"}))


def read_anthropic_messages(body: Field) -> CommonRequest:
    """Return the request in the common form. Raise BadChatRequest."""
    system = _blocks(body.get("system"))
    turns = (Turn("system", system),) if system else ()
    return CommonRequest(
        "anthropic_messages",
        turns + read_turns(body.need("messages").filled(), _PLAIN, _turn),
        read_tools(body.get("tools"), _tools),
        _choice(body.get("tool_choice")),
        _format(body),
        tuple(f"{name}: the content that it stands for" for name in ("container", "mcp_servers") if body.has(name)),
        has_instructions=bool(system),
        thinking=_thinking(body),
        has_task_budget=body.has("output_config") and body.get("output_config").has("task_budget"),
    )


def _turn(message: Field) -> Turn:
    role = message.need("role")
    if role.text() not in ROLES:
        raise role.fault(f"must be one of {', '.join(sorted(ROLES))}, not {role.value!r}")
    return Turn(role.text(), _blocks(message.get("content")))


def _blocks(content: Field) -> tuple[Block, ...]:
    if content.value is None:
        return ()
    if isinstance(content.value, str):
        return (TextBlock(content.value),)
    return tuple(map(_block, content.items()))


def _block(part: Field) -> Block:
    kind = part.need("type").text()
    match kind:
        case "text":
            return TextBlock(part.need("text").text())
        case "image" | "document":
            return _media(part, kind)
        case "tool_use":
            arguments = part.get("input").value
            return ToolCallBlock(part.need("name").text(), arguments, part.path, part.get("id").optional_text())
        case "tool_result":
            return _result(part)
        case "thinking" | "redacted_thinking":
            tokens = part.get("thinking_tokens").optional_whole(MAX_THOUGHT_TOKENS)
            return ThinkingBlock(part.get("thinking").optional_text() or "", part.path, True, tokens)
        case "tool_reference":
            return ToolReferenceBlock(part.need("tool_name").text(), part.path)
        case _:
            return UnknownBlock(kind, part.path)


def _media(part: Field, kind: str) -> Block:
    source = part.need("source")
    media_type = source.get("media_type").optional_text()
    if source.get("type").value == "text":
        text, detail = source.need("data").text(), _citations(part)
        return MediaBlock("file", part.path, media_type, text=text, detail=detail, captions=_captions(part))
    if source.get("type").value == "content":
        return UnknownBlock("document of content blocks", part.path)
    data = source.get("data").optional_text()
    media = "image" if kind == "image" else kind_of(media_type)
    return replace(media_block(part, source, media, media_type, data, _citations(part)), captions=_captions(part))


def _captions(part: Field) -> tuple[str, ...]:
    """Return the title and the context of a document, which the model reads beside its content."""
    given = (part.get(name).optional_text() for name in ("title", "context"))
    return tuple(text for text in given if text)


def _citations(part: Field) -> str | None:
    """Return the detail of a document that may be cited."""
    return "citations" if part.has("citations") and part.get("citations").get("enabled").value is True else None


def _result(part: Field) -> ToolResultBlock:
    blocks = _blocks(part.get("content"))
    kept = tuple(
        each for each in blocks if isinstance(each, TextBlock | MediaBlock | ToolReferenceBlock | UnknownBlock)
    )
    name = part.get("tool_use_id").optional_text()
    return ToolResultBlock(kept, part.path, None, name)


def _tools(tools: Field) -> tuple[Tool, ...]:
    return tuple(map(_tool, tools.items()))


def _tool(tool: Field) -> Tool:
    kind = tool.get("type").optional_text()
    if kind in {None, "custom"}:
        schema = tool.get("input_schema").optional_mapping()
        description, deferred = tool.get("description").optional_text() or "", tool.get("defer_loading").value is True
        return Tool(tool.need("name").text(), description, schema, tool.path, is_deferred=deferred)
    return Tool(tool.get("name").optional_text() or str(kind), "", None, tool.path, kind)


def _choice(choice: Field) -> ToolChoice:
    if choice.value is None:
        return NO_CHOICE
    kind, serial = choice.need("type"), choice.get("disable_parallel_tool_use").value is True
    match kind.value:
        case "auto":
            return ToolChoice(is_serial=serial)
        case "none":
            return ToolChoice("none")
        case "any":
            return ToolChoice("required", is_serial=serial)
        case "tool":
            return ToolChoice("named", choice.need("name").text(), is_serial=serial)
        case _:
            raise kind.fault("must be auto, any, tool or none")


def _thinking(body: Field) -> ThinkingMode | None:
    match body.get("thinking").get("type").value if body.has("thinking") else None:
        case "enabled":
            return "enabled"
        case "adaptive":
            return "adaptive"
        case _:
            return None


def _format(body: Field) -> ResponseFormat | None:
    """The schema of `output_format`, or of `output_config.format` where it was moved to."""
    config = body.get("output_config")
    style = body.get("output_format") if config.value is None or not config.has("format") else config.get("format")
    if style.value is None or style.get("type").value != "json_schema":
        return None
    return ResponseFormat(style.need("schema").mapping(), path=style.path)

"""Bedrock's Converse, for logs of Claude and Nova."""

from dataclasses import replace
from typing import Final

from tokenizer_registry.chat.json_texts import compact, parsed
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
    ToolResultBlock,
    Turn,
    UnknownBlock,
)
from tokenizer_registry.chat.shapes.fields import Field
from tokenizer_registry.chat.shapes.media import media_block

ROLES: Final = frozenset({"user", "assistant", "system"})
_MEDIA: Final = ("image", "document", "video")
_TYPES: Final = {"pdf": "application/pdf", "txt": "text/plain", "md": "text/markdown", "csv": "text/csv"}


def read_bedrock_converse(body: Field) -> CommonRequest:
    """Return the request in the common form. Raise BadChatRequest."""
    config = body.get("toolConfig")
    has_tools = config.value is not None
    system = tuple(block for part in body.get("system").items() for block in _blocks(part))
    return CommonRequest(
        "bedrock_converse",
        ((Turn("system", system),) if system else ()) + tuple(map(_turn, body.need("messages").filled().items())),
        tuple(tool for each in config.get("tools").items() for tool in _tools(each)) if has_tools else (),
        _choice(config.get("toolChoice")) if has_tools else NO_CHOICE,
        _format(body.get("outputConfig")),
        ("guardrailConfig: what the guardrail adds",) if body.has("guardrailConfig") else (),
        has_instructions=bool(system),
        thinking=_thinking(body.get("additionalModelRequestFields")),
    )


def _turn(message: Field) -> Turn:
    role = message.need("role")
    if role.text() not in ROLES:
        raise role.fault(f"must be one of {', '.join(sorted(ROLES))}, not {role.value!r}")
    return Turn(role.text(), tuple(b for part in message.need("content").items() for b in _blocks(part)))


def _blocks(part: Field) -> tuple[Block, ...]:
    if part.has("cachePoint"):
        return ()
    if part.has("text"):
        return (TextBlock(part.get("text").text()),)
    if part.has("toolUse"):
        use = part.get("toolUse")
        identifier = use.get("toolUseId").optional_text()
        return (ToolCallBlock(use.need("name").text(), use.get("input").value, part.path, identifier),)
    if part.has("toolResult"):
        return (_result(part, part.get("toolResult")),)
    if part.has("reasoningContent"):
        text = part.get("reasoningContent").get("reasoningText")
        thought = text.get("text").optional_text() if text.value is not None else ""
        return (ThinkingBlock(thought or "", part.path, True, part.get("thinking_tokens").optional_whole(10**9)),)
    for kind in _MEDIA:
        if part.has(kind):
            return (_media(part, part.get(kind), kind),)
    return (UnknownBlock(", ".join(part.mapping()) or "nothing", part.path),)


def _media(part: Field, inner: Field, kind: str) -> Block:
    style, source = inner.get("format").optional_text() or "", inner.need("source")
    cited = inner.has("citations") and inner.get("citations").get("enabled").value is True
    detail = "citations" if cited else "text only"
    words = inner.get("context").optional_text()
    captions = (words,) if words else ()
    if source.has("text"):
        text = source.get("text").text()
        return MediaBlock("file", part.path, "text/plain", text=text, detail=detail, captions=captions)
    data = source.get("bytes").optional_text()
    if kind == "document":
        block = media_block(part, source, "file", _TYPES.get(style, f"application/{style}"), data, detail)
        return replace(block, captions=captions)
    return media_block(part, source, "image" if kind == "image" else "video", f"{kind}/{style}", data)


def _result(part: Field, result: Field) -> ToolResultBlock:
    blocks: list[Block] = []
    for each in result.get("content").items():
        value = each.get("json")
        blocks += _blocks(each) if value.value is None else (TextBlock(compact(value.value)),)
    kept = tuple(each for each in blocks if not isinstance(each, ToolCallBlock | ToolResultBlock | ThinkingBlock))
    return ToolResultBlock(kept, part.path, None, result.get("toolUseId").optional_text())


def _tools(each: Field) -> tuple[Tool, ...]:
    if each.has("cachePoint"):
        return ()
    spec = each.get("toolSpec")
    if spec.value is None:
        return (Tool("systemTool", "", None, each.path, "systemTool"),)
    schema = spec.need("inputSchema").get("json").optional_mapping()
    return (Tool(spec.need("name").text(), spec.get("description").optional_text() or "", schema, each.path),)


def _choice(choice: Field) -> ToolChoice:
    if choice.value is None:
        return NO_CHOICE
    if choice.has("tool"):
        return ToolChoice("named", choice.get("tool").get("name").optional_text())
    return ToolChoice("required" if choice.has("any") else "auto")


def _format(config: Field) -> ResponseFormat | None:
    if config.value is None or not config.has("textFormat"):
        return None
    schema = config.get("textFormat").need("structure").need("jsonSchema").need("schema")
    found = parsed(schema.value)
    return ResponseFormat(found if isinstance(found, dict) else schema.mapping(), path=schema.path)


def _thinking(fields: Field) -> ThinkingMode | None:
    if fields.value is None:
        return None
    thinking = fields.get("thinking", "reasoning_config")
    match thinking.get("type").value if thinking.value is not None else None:
        case "enabled":
            return "enabled"
        case "adaptive":
            return "adaptive"
        case _:
            return None

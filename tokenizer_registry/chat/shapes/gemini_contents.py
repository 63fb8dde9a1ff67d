"""Gemini's contents, with property names in either spelling."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from tokenizer_registry.chat.request import (
    NO_CHOICE,
    Block,
    CommonRequest,
    MediaBlock,
    ResponseFormat,
    TextBlock,
    ThinkingBlock,
    Tool,
    ToolCallBlock,
    ToolChoice,
    ToolResultBlock,
    Turn,
    UnknownBlock,
)
from tokenizer_registry.chat.shapes.fields import Field
from tokenizer_registry.chat.shapes.media import kind_of, media_block
from tokenizer_registry.chat.tool_memory import read_tools

ROLES: Final = {"user": "user", "model": "assistant", "function": "tool", "tool": "tool"}
MODES: Final = {"AUTO": "auto", "NONE": "none", "ANY": "required", "VALIDATED": "auto"}
_DECLARATIONS: Final = ("functionDeclarations", "function_declarations")
MAX_THOUGHT_TOKENS: Final = 10**9
# The property of a counting call that may hold the whole request.
WRAPPERS: Final = ("generateContentRequest", "generate_content_request")


def read_gemini_contents(body: Field) -> CommonRequest:
    """Return the request in the common form. Raise BadChatRequest."""
    wrapped = body.get(*WRAPPERS)
    if wrapped.value is not None:
        if body.has("contents"):
            raise body.get("contents").fault("must not stand beside generateContentRequest: send one of the two")
        body = wrapped
    system = body.get("systemInstruction", "system_instruction")
    cached = body.get("cachedContent", "cached_content")
    config = body.get("generationConfig", "generation_config")
    return CommonRequest(
        "gemini_contents",
        (*_system(system), *_seen(_turns(body.need("contents").filled()), config)),
        read_tools(body.get("tools"), _all_tools),
        _choice(body.get("toolConfig", "tool_config")),
        _format(config),
        (f"{cached.path}: the content that it stands for",) if cached.value is not None else (),
        has_instructions=system.value is not None,
        has_instructions_role=isinstance(system.value, dict) and system.has("role"),
    )


def _listed(field: Field) -> list[Field]:
    """The values of an array; an object alone stands for an array of one."""
    if isinstance(field.value, dict | str):
        return [field]
    return list(field.items())


def _system(system: Field) -> tuple[Turn, ...]:
    if system.value is None:
        return ()
    return (Turn("system", _content(system)),)


def _turns(contents: Field) -> Iterator[Turn]:
    if isinstance(contents.value, dict | str):
        yield _turn(contents)
        return
    for place, content in enumerate(contents.array()):
        yield _plain_turn(content) or _turn(Field(content, contents, place))


def _plain_turn(content: Any) -> Turn | None:
    """Return a content that has a role and one text, None for any other."""
    if type(content) is not dict or len(content) != 2:
        return None
    role, parts = content.get("role"), content.get("parts")
    if type(role) is not str or role not in ROLES or type(parts) is not list or len(parts) != 1:
        return None
    part = parts[0]
    text = part.get("text") if type(part) is dict and len(part) == 1 else None
    return Turn(ROLES[role], (TextBlock(text),)) if type(text) is str else None


def _seen(turns: Iterable[Turn], config: Field) -> Iterable[Turn]:
    """Return turns whose media have the resolution of the request where they have none of their own."""
    level = config.get("mediaResolution", "media_resolution").optional_text() if config.value is not None else None
    if level is None:
        return turns
    return [turn._replace(blocks=tuple(_at_level(block, level) for block in turn.blocks)) for turn in turns]


def _at_level(block: Block, level: str) -> Block:
    return replace(block, detail=level) if isinstance(block, MediaBlock) and block.detail is None else block


def _turn(content: Field) -> Turn:
    if isinstance(content.value, str):
        return Turn("user", _content(content))
    role = content.get("role")
    name = role.optional_text() or "user"
    if name not in ROLES:
        raise role.fault(f"must be one of {', '.join(sorted(ROLES))}, not {name!r}")
    return Turn(ROLES[name], _content(content))


def _content(content: Field) -> tuple[Block, ...]:
    if isinstance(content.value, str):
        return (TextBlock(content.value),)
    return tuple(map(_block, _listed(content.get("parts"))))


def _block(part: Field) -> Block:
    if isinstance(part.value, str):
        return TextBlock(part.value)
    signed = part.has("thoughtSignature", "thought_signature")
    tokens = part.get("thoughtsTokenCount", "thoughts_token_count").optional_whole(MAX_THOUGHT_TOKENS)
    if part.has("text") and part.get("thought").value is True:
        return ThinkingBlock(part.get("text").text(), part.path, signed, tokens)
    if part.has("text"):
        return TextBlock(part.get("text").text(), signed, tokens, part.path if signed else "")
    if part.has("functionCall", "function_call"):
        call = part.get("functionCall", "function_call")
        name, arguments = call.need("name").text(), call.get("args").optional_mapping() or {}
        return ToolCallBlock(name, arguments, part.path, call.get("id").optional_text(), signed, tokens)
    if part.has("functionResponse", "function_response"):
        return _result(part, part.get("functionResponse", "function_response"))
    return _media(part)


def _media(part: Field) -> MediaBlock | UnknownBlock:
    inline, stored = part.get("inlineData", "inline_data"), part.get("fileData", "file_data")
    inner = inline if inline.value is not None else stored
    if inner.value is None:
        return UnknownBlock(", ".join(part.mapping()) or "nothing", part.path)
    media_type = inner.get("mimeType", "mime_type").optional_text()
    resolution = part.get("mediaResolution", "media_resolution")
    detail = resolution.get("level").optional_text() if isinstance(resolution.value, dict) else None
    frames = part.get("videoMetadata", "video_metadata")
    rate = None if frames.value is None else frames.get("fps").value
    if rate is not None and rate != 1:
        return UnknownBlock("video at another rate than a frame a second", part.path)
    return media_block(part, inner, kind_of(media_type), media_type, inner.get("data").optional_text(), detail)


def _result(part: Field, response: Field) -> ToolResultBlock:
    media = tuple(map(_media, _listed(response.get("parts"))))
    name, value = response.need("name").text(), response.get("response").value
    return ToolResultBlock(media, part.path, name, response.get("id").optional_text(), value)


def _all_tools(groups: Field) -> tuple[Tool, ...]:
    return tuple(tool for group in _listed(groups) for tool in _tools(group))


def _tools(group: Field) -> list[Tool]:
    declared = [_declaration(each) for each in _listed(group.get(*_DECLARATIONS))]
    others = [name for name, value in group.mapping().items() if name not in _DECLARATIONS and value is not None]
    return declared + [Tool(name, "", None, group.path, name) for name in others]


def _declaration(each: Field) -> Tool:
    own = each.get("parameters")
    schema = own if own.value is not None else each.get("parametersJsonSchema", "parameters_json_schema")
    is_json_schema = own.value is None and schema.value is not None
    description = each.get("description").optional_text() or ""
    name = each.need("name").text()
    return Tool(name, description, schema.optional_mapping(), each.path, is_json_schema=is_json_schema)


def _choice(config: Field) -> ToolChoice:
    if config.value is None or not config.has("functionCallingConfig", "function_calling_config"):
        return NO_CHOICE
    calling = config.get("functionCallingConfig", "function_calling_config")
    mode = calling.get("mode")
    match MODES.get(str(mode.value or "AUTO").upper()):
        case "auto":
            return ToolChoice()
        case "none":
            return ToolChoice("none")
        case "required":
            return ToolChoice("required")
        case _:
            raise mode.fault(f"must be one of {', '.join(sorted(MODES))}")


def _format(config: Field) -> ResponseFormat | None:
    if config.value is None:
        return None
    schema = config.get("responseSchema", "response_schema", "responseJsonSchema", "response_json_schema")
    if schema.value is not None:
        return ResponseFormat(schema.mapping(), path=schema.path)
    mime = config.get("responseMimeType", "response_mime_type")
    return ResponseFormat(path=config.path) if mime.value == "application/json" else None

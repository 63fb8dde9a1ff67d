"""Content parts, tools and choices that OpenAI's two shapes share."""

from typing import Final

from tokenizer_registry.chat.request import (
    NO_CHOICE,
    Block,
    MediaBlock,
    ResponseFormat,
    TextBlock,
    ThinkingBlock,
    Tool,
    ToolChoice,
    UnknownBlock,
)
from tokenizer_registry.chat.shapes.fields import Field
from tokenizer_registry.chat.shapes.media import kind_of, media_block, split_data_url

ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
TEXT_TYPES: Final = frozenset({"text", "input_text", "output_text"})
_TEXTS: Final = {**dict.fromkeys(TEXT_TYPES, "text"), "refusal": "refusal"}
_URLS: Final = frozenset({"image_url", "video_url", "input_image", "document_url"})


def role_of(message: Field) -> str:
    """Return the role of a message. Raise BadChatRequest for one that OpenAI does not have."""
    role = message.need("role")
    if role.text() not in ROLES:
        raise role.fault(f"must be one of {', '.join(sorted(ROLES))}, not {role.value!r}")
    return role.text()


def content_blocks(content: Field) -> tuple[Block, ...]:
    """Return the blocks of a `content`: a string, an array of parts, or null."""
    if content.value is None:
        return ()
    if isinstance(content.value, str):
        return (TextBlock(content.value),)
    return tuple(map(_block, content.items()))


def _block(part: Field) -> Block:
    if isinstance(part.value, str):
        return TextBlock(part.value)
    kind = part.need("type").text()
    if kind in _TEXTS:
        return TextBlock(part.need(_TEXTS[kind]).text())
    if kind in _URLS:
        return _by_url(part, kind)
    if kind == "input_audio":
        audio = part.need("input_audio")
        return media_block(part, audio, "audio", None, audio.get("data").optional_text())
    if kind in {"file", "input_file"}:
        return _file(part, part.get("file") if kind == "file" else part)
    if kind == "thinking":
        texts = part.get("thinking")
        inner = texts.items() if isinstance(texts.value, list) else ()
        return ThinkingBlock("".join(each.get("text").optional_text() or "" for each in inner), part.path)
    return UnknownBlock(kind, part.path)


def _by_url(part: Field, kind: str) -> MediaBlock:
    """An image, video or document by address or data URL: the URL is a string or inside an object."""
    inner = part.get("image_url" if kind == "input_image" else kind)
    url = inner.get("url") if isinstance(inner.value, dict) else inner
    media_type, data = split_data_url(url.optional_text() or "")
    detail = (inner if isinstance(inner.value, dict) else part).get("detail").optional_text()
    named = {"video_url": "video", "document_url": "file"}
    media = kind_of(f"{named[kind]}/") if kind in named else "image"
    return media_block(part, inner, media, media_type, data, detail)


def _file(part: Field, inner: Field) -> MediaBlock:
    data = inner.get("file_data").optional_text()
    media_type, split = split_data_url(data or "")
    return media_block(part, inner, kind_of(media_type), media_type, split if split is not None else data)


def function_tool(tool: Field, function: Field) -> Tool:
    """Return a function that is defined in `function`; the fault's place is in `tool`."""
    return Tool(
        function.need("name").text(),
        function.get("description").optional_text() or "",
        function.get("parameters").optional_mapping(),
        tool.path,
        is_strict=function.get("strict").value is True,
        is_described=function.has("description"),
    )


def builtin_tool(tool: Field) -> Tool:
    """Return a tool that the provider runs: it has a type and settings of its own."""
    kind = tool.need("type").text()
    return Tool(kind, "", None, tool.path, kind)


def tool_choice(choice: Field) -> ToolChoice:
    """Return a choice: a word, or an object that names a function."""
    if choice.value is None:
        return NO_CHOICE
    if isinstance(choice.value, str):
        match choice.value:
            case "none":
                return ToolChoice("none")
            case "required" | "any":
                return ToolChoice("required")
            case "auto":
                return ToolChoice()
            case _:
                raise choice.fault("must be auto, none, required or an object")
    if choice.get("type").value == "allowed_tools":
        return ToolChoice()
    named = choice.get("function") if choice.has("function") else choice
    return ToolChoice("named", named.get("name").optional_text())


def response_format(style: Field, inner: Field) -> ResponseFormat | None:
    """Return the form of the answer. `inner` has the schema; None for text."""
    kind = style.get("type").optional_text()
    if kind == "json_object":
        return ResponseFormat(path=style.path)
    if kind != "json_schema":
        return None
    return ResponseFormat(
        inner.need("schema").mapping(),
        inner.get("name").optional_text(),
        inner.get("description").optional_text(),
        inner.path,
    )

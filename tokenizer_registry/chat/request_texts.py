"""All texts of a request, to limit their size before anything is counted."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from tokenizer_registry.chat.request import (
    NO_CHOICE,
    Block,
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
from tokenizer_registry.chat.tool_memory import made_of_all


class TextSizes(NamedTuple):
    """The characters of all texts together, and how many texts are not empty."""

    characters: int
    texts: int


def text_sizes(request: CommonRequest) -> TextSizes:
    """Return the sizes of what `request_texts` yields; those of tools that are kept are found once."""
    plain = request.plain_texts
    texts = [turn.role for turn in request.turns]
    texts += filter(None, plain)
    if request.tool_choice is not NO_CHOICE or request.response_format is not None:
        texts += _of_choices(request)
    if None in plain:
        for turn, text in zip(request.turns, plain, strict=True):
            texts += _inside(turn) if text is None else ()
    of_tools = made_of_all(request.tools, TextSizes, _sizes_of_tools)
    return TextSizes(sum(map(len, texts)) + of_tools.characters, _filled(texts) + of_tools.texts)


def _sizes_of_tools(tools: Iterable[Tool]) -> TextSizes:
    texts = [text for tool in tools for text in _of_tool(tool)]
    return TextSizes(sum(map(len, texts)), _filled(texts))


def _filled(texts: list[str]) -> int:
    return len(texts) - texts.count("")


def request_texts(request: CommonRequest) -> Iterator[str]:
    """Yield every text that may be counted: of messages, tools, calls, results and schemas. Media are not texts."""
    for turn in request.turns:
        yield turn.role
        yield from _inside(turn)
    for tool in request.tools:
        yield from _of_tool(tool)
    yield from _of_choices(request)


def _inside(turn: Turn) -> Iterator[str]:
    """Yield the texts of a message beside its role."""
    yield turn.name or ""
    for block in turn.blocks:
        yield from _of_block(block)


def _of_tool(tool: Tool) -> Iterator[str]:
    yield from (tool.name, tool.description)
    yield from json_strings(tool.parameters)


def _of_choices(request: CommonRequest) -> Iterator[str]:
    choice, answer = request.tool_choice, request.response_format
    yield choice.name or ""
    if answer is not None:
        yield from (answer.name or "", answer.description or "")
        yield from json_strings(answer.schema)


def message_texts(request: CommonRequest) -> list[str]:
    """Return the texts of plain messages, and of results of tools that have one."""
    found = request.plain_texts
    others = (turn for turn, text in zip(request.turns, found, strict=True) if text is None)
    return [*filter(None, found), *(text for turn in others for text in _of_results(turn))]


def _of_results(turn: Turn) -> Iterator[str]:
    for block in turn.blocks:
        if isinstance(block, ToolResultBlock) and len(block.blocks) == 1 and isinstance(block.blocks[0], TextBlock):
            yield block.blocks[0].text


def _of_block(block: Block) -> Iterator[str]:
    match block:
        case TextBlock() | ThinkingBlock():
            yield block.text
        case MediaBlock():
            # Each takes its time, with a text or without.
            yield block.text or block.kind
            yield from block.captions
        case ToolCallBlock():
            yield block.name
            yield from json_strings(block.arguments)
        case ToolResultBlock():
            yield block.name or ""
            for inner in block.blocks:
                yield from _of_block(inner)
            yield from json_strings(block.value)
        case UnknownBlock():
            yield block.kind
        case _:
            yield block.name


def json_strings(value: Any) -> Iterator[str]:
    """Yield the names and strings of a JSON value; other values have few characters each."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from json_strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from json_strings(inner)

"""All texts of a request, to limit their size before anything is counted."""

from collections.abc import Iterator
from typing import Any

from tokenizer_registry.chat.request import (
    Block,
    CommonRequest,
    MediaBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
    UnknownBlock,
)


def request_texts(request: CommonRequest) -> Iterator[str]:
    """Yield every text that may be counted: of messages, tools, calls, results and schemas. Media are not texts."""
    for turn in request.turns:
        yield turn.role
        yield turn.name or ""
        for block in turn.blocks:
            yield from _of_block(block)
    for tool in request.tools:
        yield from (tool.name, tool.description)
        yield from json_strings(tool.parameters)
    choice, answer = request.tool_choice, request.response_format
    yield choice.name or ""
    if answer is not None:
        yield from (answer.name or "", answer.description or "")
        yield from json_strings(answer.schema)


def message_texts(request: CommonRequest) -> Iterator[str]:
    """Yield the texts of plain messages, and of results of tools that have one."""
    for turn in request.turns:
        text = turn.plain_text
        if text is not None:
            yield text
            continue
        for block in turn.blocks:
            if isinstance(block, ToolResultBlock) and len(block.blocks) == 1 and isinstance(block.blocks[0], TextBlock):
                yield block.blocks[0].text


def _of_block(block: Block) -> Iterator[str]:
    match block:
        case TextBlock() | ThinkingBlock():
            yield block.text
        case MediaBlock():
            yield block.text or ""
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

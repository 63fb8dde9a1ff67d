"""Gemini's contents: frame, texts, signed parts and schemas, on AI Studio and on Vertex AI."""

from typing import Any, Final

from tokenizer_registry.chat.context import CountingContext
from tokenizer_registry.chat.gemini_media import count_media
from tokenizer_registry.chat.gemini_nodes import node_count, schema_texts
from tokenizer_registry.chat.gemini_tools import count_call, count_result, count_tools
from tokenizer_registry.chat.reference_sizes import UncountableSchema
from tokenizer_registry.chat.request import (
    MediaBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
    Turn,
    UnknownBlock,
)
from tokenizer_registry.chat.schemas import expanded
from tokenizer_registry.chat.translation import alternating_turns, call_names, system_turns

FRAME: Final = "gemini-frame"
TEXT: Final = "gemini-text"
THOUGHTS: Final = "gemini-thoughts"


def count_gemini(context: CountingContext) -> None:
    """Add up all parts of a request to a Gemini model."""
    context.count_messages_ahead()
    turns, system = alternating_turns(context.request), system_turns(context.request)
    names = call_names(context.request)
    for turn in (*system, *turns):
        for block in turn.blocks:
            _count_block(context, block, names)
    _count_frame(context, len(turns), bool(system))
    _count_thoughts(context, turns)
    count_tools(context)
    _count_schema(context)
    _widen_text(context)
    for missing in context.request.missing:
        context.sums.text.lack(missing)


def _count_block(context: CountingContext, block: Any, names: dict[str, str]) -> None:
    sums = context.sums
    if isinstance(block, TextBlock) or (isinstance(block, ThinkingBlock) and not block.is_signed):
        context.add_text(sums.text, block.text, TEXT)
    elif isinstance(block, ToolCallBlock):
        count_call(context, block)
    elif isinstance(block, ToolResultBlock):
        count_result(context, block, names)
        for inner in block.blocks:
            if not isinstance(inner, TextBlock):
                _count_block(context, inner, names)
    elif isinstance(block, MediaBlock):
        count_media(context, block)
    elif isinstance(block, UnknownBlock):
        sums.text.lack(f"what {block.path} ({block.kind}) costs")


def _widen_text(context: CountingContext) -> None:
    rule = context.optional_rule(f"{TEXT}-{context.host}") or context.optional_rule(TEXT)
    if rule is not None:
        context.widen(context.sums.text, rule.name)


def _count_frame(context: CountingContext, contents: int, has_system: bool) -> None:
    rule, request = context.hosted_rule(FRAME), context.request
    frame = context.sums.frame
    frame.add(rule.values["content"] * contents, rule.name)
    if has_system:
        bare = request.shape == "gemini_contents" and not request.has_instructions_role and bool(request.tools)
        frame.add(rule.values["system"] + (rule.values["system_without_role"] if bare else 0), rule.name)


def _count_thoughts(context: CountingContext, turns: list[Turn]) -> None:
    """Thoughts that are signed into parts since the last text of the user are billed again."""
    last = next((place for place in reversed(range(len(turns))) if _is_asking(turns[place])), -1)
    for turn in turns[last + 1 :]:
        signed = _signed(turn)
        if not signed:
            continue
        given = [block.thought_tokens for block in signed if block.thought_tokens is not None]
        if given:
            _add_thoughts(context, sum(given))
        else:
            context.sums.tool_calls.lack(f"{signed[0].path}.thoughtsTokenCount", THOUGHTS)


def _is_asking(turn: Turn) -> bool:
    has_result = any(isinstance(block, ToolResultBlock) for block in turn.blocks)
    return turn.role == "user" and not has_result and any(isinstance(block, TextBlock) for block in turn.blocks)


def _signed(turn: Turn) -> list[TextBlock | ToolCallBlock | ThinkingBlock]:
    signable = (block for block in turn.blocks if isinstance(block, TextBlock | ToolCallBlock | ThinkingBlock))
    return [block for block in signable if block.is_signed]


def _add_thoughts(context: CountingContext, tokens: int) -> None:
    part, rule = context.sums.tool_calls, context.hosted_rule(THOUGHTS)
    if rule.values["billed"] == "all":
        part.add(tokens, rule.name)
        context.widen(part, rule.name)
    else:
        # Billed again only where the answer was streamed, which the request does not show.
        part.widen(0, tokens, rule.name)


def _count_schema(context: CountingContext) -> None:
    style, part = context.request.response_format, context.sums.schema
    if style is None or style.schema is None:
        return
    rule = context.hosted_rule("gemini-schema")
    if not rule.values["is_counted"]:
        return
    try:
        schema = expanded(style.schema)
    except UncountableSchema as error:
        part.lack(f"{style.path}: {error.reason}")
        return
    if rule.values["is_counted"] == "perhaps":
        part.widen(0, sum(map(context.texts.count, schema_texts(schema))) + 2 * node_count(schema), rule.name)
        return
    for text in schema_texts(schema):
        context.add_text(part, text, rule.name)
    part.add(node_count(schema) * rule.values["node"] + rule.values["frame"], rule.name)
    context.widen(part, rule.name)

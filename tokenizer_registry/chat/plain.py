"""Families of which recorded calls show little: Cohere's texts; Nova's texts, tools and steps, as estimates."""

from tokenizer_registry.chat.context import CountingContext
from tokenizer_registry.chat.json_texts import parsed, spaced
from tokenizer_registry.chat.request import (
    Block,
    MediaBlock,
    TextBlock,
    ThinkingBlock,
    Tool,
    ToolCallBlock,
    ToolResultBlock,
)
from tokenizer_registry.chat.translation import system_turns


def count_plain(context: CountingContext) -> None:
    """Add up the texts, the frame, and the tools where a rule is known; everything else has no number."""
    request, sums = context.request, context.sums
    context.count_messages_ahead()
    rule = context.rule(f"{context.generation.family}-frame")
    for turn in request.turns:
        for block in turn.blocks:
            _count_block(context, block)
    messages = len(request.turns) - len(system_turns(request))
    sums.frame.add(rule.values["first"] + rule.values["message"] * max(messages - 1, 0), rule.name)
    context.widen(sums.frame, rule.name, messages)
    _count_tools(context)
    if request.response_format is not None and request.response_format.schema is not None:
        sums.schema.lack(f"how {context.model} counts a response schema")
    for missing in request.missing:
        sums.text.lack(missing)


def _count_tools(context: CountingContext) -> None:
    tools, part = context.request.tools, context.sums.tools
    rule = context.optional_rule(f"{context.generation.family}-tools")
    if not tools:
        return
    if rule is None or any(tool.builtin is not None for tool in tools):
        part.lack(f"how {context.model} counts tools")
        return
    for tool in tools:
        context.add_tool_texts(part, tool, (_specification(tool),), rule.name)
    part.add(rule.values["prompt"], rule.name)
    context.widen(part, rule.name, len(tools))


def _specification(tool: Tool) -> str:
    """The tool as Bedrock's Converse has it."""
    described = {"description": tool.description} if tool.description else {}
    return spaced({"name": tool.name, **described, "inputSchema": {"json": tool.parameters or {}}})


def _count_block(context: CountingContext, block: Block) -> None:
    sums = context.sums
    if isinstance(block, TextBlock):
        context.add_text(sums.text, block.text, f"{context.generation.family}-text")
    elif isinstance(block, MediaBlock):
        part = {"image": sums.images, "audio": sums.audio}.get(block.kind, sums.files)
        part.lack(f"how {context.model} counts {block.path}")
    elif isinstance(block, ToolCallBlock | ToolResultBlock):
        _count_step(context, block)
    elif not isinstance(block, ThinkingBlock) or block.is_signed:
        sums.tool_calls.lack(f"how {context.model} counts {block.path}")


def _count_step(context: CountingContext, block: ToolCallBlock | ToolResultBlock) -> None:
    part, rule = context.sums.tool_calls, context.optional_rule(f"{context.generation.family}-tools")
    if rule is None:
        part.lack(f"how {context.model} counts {block.path}")
    elif isinstance(block, ToolCallBlock):
        context.add_text(part, block.name + spaced(parsed(block.arguments)), rule.name)
        part.add(rule.values["step"], rule.name)
        context.widen(part, f"{context.generation.family}-tool-step")
    else:
        if block.value is not None:
            context.add_text(part, spaced(block.value), rule.name)
        for inner in block.blocks:
            if isinstance(inner, TextBlock):
                context.add_text(part, inner.text, rule.name)
            else:
                _count_block(context, inner)

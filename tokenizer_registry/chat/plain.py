"""Families whose recorded calls show texts and a small frame, and no rule for anything else: Cohere, Nova."""

from tokenizer_registry.chat.context import CountingContext
from tokenizer_registry.chat.request import Block, MediaBlock, TextBlock, ThinkingBlock
from tokenizer_registry.chat.translation import system_turns


def count_plain(context: CountingContext) -> None:
    """Add up the texts and the frame; everything else has no number."""
    request, sums = context.request, context.sums
    rule = context.rule(f"{context.generation.family}-frame")
    for turn in request.turns:
        for block in turn.blocks:
            _count_block(context, block)
    messages = len(request.turns) - len(system_turns(request))
    sums.frame.add(rule.values["first"] + rule.values["message"] * max(messages - 1, 0), rule.name)
    context.widen(sums.frame, rule.name, messages)
    if request.tools:
        sums.tools.lack(f"how {context.model} counts tools")
    if request.response_format is not None and request.response_format.schema is not None:
        sums.schema.lack(f"how {context.model} counts a response schema")
    for missing in request.missing:
        sums.text.lack(missing)


def _count_block(context: CountingContext, block: Block) -> None:
    sums = context.sums
    if isinstance(block, TextBlock):
        context.add_text(sums.text, block.text, f"{context.generation.family}-text")
    elif isinstance(block, MediaBlock):
        part = {"image": sums.images, "audio": sums.audio}.get(block.kind, sums.files)
        part.lack(f"how {context.model} counts {block.path}")
    elif not isinstance(block, ThinkingBlock) or block.is_signed:
        sums.tool_calls.lack(f"how {context.model} counts {block.path}")

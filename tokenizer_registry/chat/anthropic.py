"""Anthropic's messages: frame, texts, tool steps, schemas and media. Tools are in anthropic_tools."""

from typing import Any, Final

from tokenizer_registry.chat.anthropic_tools import count_reference, count_tools
from tokenizer_registry.chat.context import CountingContext
from tokenizer_registry.chat.image_grids import claude_patches, is_resized_strip
from tokenizer_registry.chat.json_texts import compact, indented, parsed, spaced
from tokenizer_registry.chat.model_tables import row_of
from tokenizer_registry.chat.parts import TokenRange
from tokenizer_registry.chat.request import (
    MediaBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolReferenceBlock,
    ToolResultBlock,
    Turn,
    UnknownBlock,
)
from tokenizer_registry.chat.translation import alternating_turns, system_turns

FRAME: Final = "claude-frame"
TEXT: Final = "claude-text"
STEP: Final = "claude-tool-step"


def count_anthropic(context: CountingContext) -> None:
    """Add up all parts of a request to a Claude model."""
    context.count_messages_ahead()
    turns, system = alternating_turns(context.request), system_turns(context.request)
    for turn in system:
        _count_blocks(context, turn)
    _count_messages(context, turns)
    context.widen(context.sums.frame, FRAME, len(turns))
    context.widen(context.sums.text, TEXT, len(turns))
    count_tools(context)
    _count_schema(context)
    _count_modes(context)
    for missing in context.request.missing:
        context.sums.text.lack(missing)


def _count_messages(context: CountingContext, turns: list[Turn]) -> None:
    """The frame and the blocks of each message; a call and its result are one step."""
    rule, frame = context.rule(FRAME), context.sums.frame
    frame.add(rule.values["first"], FRAME)
    kept_from = _kept_from(context, turns)
    place = 0
    while place < len(turns):
        turn = turns[place]
        if _calls(turn):
            place += _count_step(context, turns, place, place >= kept_from)
            continue
        if place > 0 and not (place == len(turns) - 1 and turn.role == "assistant"):
            is_same = turns[place - 1].role == turn.role
            frame.add(rule.values["same_role" if is_same else "message"], FRAME)
        _count_blocks(context, turn, place >= kept_from)
        place += 1


def _kept_from(context: CountingContext, turns: list[Turn]) -> int:
    """The first message whose thoughts are kept: the last that a user asks in, or the first of all."""
    if context.rule("claude-thinking").values["keeps_all"]:
        return 0
    asking = (place for place, turn in enumerate(turns) if turn.role == "user" and not _has_result(turn))
    return max(asking, default=0)


def _calls(turn: Turn) -> list[ToolCallBlock]:
    return [block for block in turn.blocks if isinstance(block, ToolCallBlock)]


def _has_result(turn: Turn) -> bool:
    return any(isinstance(block, ToolResultBlock) for block in turn.blocks)


def _count_step(context: CountingContext, turns: list[Turn], place: int, keeps_thoughts: bool) -> int:
    """Count a message with calls and the one with their results; return how many messages that is."""
    rule, part = context.rule(STEP), context.sums.tool_calls
    made, before = _calls(turns[place]), part.tokens
    for call in made:
        _count_call(context, call, rule.values["argument"])
    fixed = rule.values["calls"]
    more = max(len(made) - len(fixed), 0) * rule.values["more"]
    part.add(fixed[min(len(made), len(fixed)) - 1] + more, rule.name)
    _count_blocks(context, turns[place], keeps_thoughts)
    has_result = place + 1 < len(turns) and _has_result(turns[place + 1])
    if has_result:
        _count_blocks(context, turns[place + 1])
        beside = sum(isinstance(block, MediaBlock) for block in turns[place + 1].blocks)
        part.add(beside * rule.values["result_block"], rule.name)
    band = STEP if len(made) == 1 else f"{STEP}-parallel"
    context.widen(part, band, len(made), part.tokens - before)
    return 2 if has_result else 1


def _count_call(context: CountingContext, call: ToolCallBlock, each_argument: int) -> None:
    part = context.sums.tool_calls
    context.add_text(part, call.name, STEP)
    arguments = parsed(call.arguments)
    items = arguments.items() if isinstance(arguments, dict) else [("", arguments)]
    for name, value in items:
        context.add_text(part, name, STEP)
        context.add_text(part, value if isinstance(value, str) else spaced(value), STEP)
        part.add(each_argument, STEP)


def _count_blocks(context: CountingContext, turn: Turn, keeps_thoughts: bool = True) -> None:
    for block in turn.blocks:
        if keeps_thoughts or not isinstance(block, ThinkingBlock):
            _count_block(context, block)


def _count_block(context: CountingContext, block: Any) -> None:
    sums = context.sums
    if isinstance(block, TextBlock):
        context.add_text(sums.text, block.text, TEXT)
    elif isinstance(block, ToolResultBlock):
        _count_result(context, block)
    elif isinstance(block, MediaBlock):
        _count_media(context, block)
    elif isinstance(block, ToolReferenceBlock):
        count_reference(context, block)
    elif isinstance(block, UnknownBlock):
        sums.text.lack(f"what {block.path} ({block.kind}) costs")
    elif isinstance(block, ThinkingBlock):
        _count_thinking(context, block)


def _count_result(context: CountingContext, result: ToolResultBlock) -> None:
    """The blocks of a result and what stands around them; texts alone have nothing."""
    part = context.sums.tool_calls
    if result.value is not None:
        context.add_text(part, compact(result.value), STEP)
    for block in result.blocks:
        if isinstance(block, TextBlock):
            context.add_text(part, block.text, STEP)
        else:
            _count_block(context, block)
    if any(not isinstance(block, TextBlock) for block in result.blocks):
        part.add(context.rule(STEP).values["result_block"] * (len(result.blocks) + 1), STEP)


def _count_thinking(context: CountingContext, block: ThinkingBlock) -> None:
    if block.thought_tokens is None:
        context.sums.text.lack(f"{block.path}.thinking_tokens")
        return
    context.sums.text.add(block.thought_tokens, "claude-thinking")
    context.widen(context.sums.text, "claude-thinking", tokens=block.thought_tokens)


def _count_schema(context: CountingContext) -> None:
    style = context.request.response_format
    if style is None or style.schema is None:
        return
    rule, part = context.optional_rule("claude-schema"), context.sums.schema
    if rule is None:
        part.lack(f"what {style.path} costs for {context.model}")
        return
    context.add_text(part, indented(style.schema), rule.name)
    part.add(rule.values["frame"], rule.name)
    context.widen(part, rule.name)


def _count_modes(context: CountingContext) -> None:
    """Prompts that settings of the request bring with them."""
    frame, request = context.sums.frame, context.request
    rule = context.optional_rule("claude-thinking-prompt")
    if request.thinking is not None and rule is not None:
        own = row_of(rule.values.get("models", {}), context.model) or {}
        tokens = own.get(request.thinking, rule.values[request.thinking])
        if tokens:
            frame.add(tokens, rule.name)
            context.widen(frame, rule.name)
    budget = context.optional_rule("claude-task-budget") if request.has_task_budget else None
    if budget is not None:
        frame.add(budget.values["tokens"], budget.name)
        context.widen(frame, budget.name)


def _count_media(context: CountingContext, block: MediaBlock) -> None:
    match block.kind:
        case "image":
            _count_image(context, block)
        case "file":
            _count_file(context, block)
        case "audio":
            context.sums.audio.lack(f"how {context.model} counts {block.path}")
        case _:
            context.sums.files.lack(f"how {context.model} counts {block.path}")


def _count_image(context: CountingContext, block: MediaBlock) -> None:
    rule, part = context.rule("claude-images"), context.sums.images
    values = rule.values
    if block.width is None or block.height is None:
        reason = f" ({block.fault})" if block.fault else ""
        high = values["budget"] + values["extra"]
        part.lack(f"{block.path}: width, height{reason}", rule.name, 1 + values["extra"], high)
        return
    side, budget, extra = values["side_pixels"], values["budget"], values["extra"]
    patches = claude_patches(block.width, block.height, side, budget)
    if is_resized_strip(block.width, block.height, side, budget):
        stated = values["stated"].get(f"{block.width}x{block.height}", patches)
        part.estimate(TokenRange(stated + extra, patches + extra, budget + extra), rule.name)
    else:
        part.add(patches + extra, rule.name)


def _count_file(context: CountingContext, block: MediaBlock) -> None:
    rule, part = context.rule("claude-pages"), context.sums.files
    for caption in block.captions:
        _count_caption(context, caption)
    if block.text is not None:
        values = context.rule("claude-text-file").values
        context.add_text(part, block.text, "claude-text-file")
        part.add(values["citations" if block.detail == "citations" else "file"], "claude-text-file")
        context.widen(part, "claude-text-file")
    elif block.pages is None:
        part.lack(f"{block.path}: pages", rule.name)
    else:
        values = rule.values
        # Bedrock reads the text of a document alone where nothing is to be cited.
        least = 0 if block.detail == "text only" else values["page_low"]
        part.estimate(
            TokenRange(*(each * block.pages for each in (values["page"], least, values["page_high"]))), rule.name
        )


def _count_caption(context: CountingContext, caption: str) -> None:
    """Add what is said of a document beside its content: as text, or less where the provider leaves it out."""
    part, before = context.sums.files, context.sums.files.tokens
    context.add_text(part, caption, "claude-text-file")
    part.widen(part.tokens - before, 0, "claude-text-file")

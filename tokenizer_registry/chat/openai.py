"""OpenAI's chat completions and Responses: frame, texts, tools, calls and schemas. Images are in openai_media."""

from typing import Any, Final

from tokenizer_registry.chat.context import CountingContext
from tokenizer_registry.chat.json_texts import compact
from tokenizer_registry.chat.openai_media import count_media
from tokenizer_registry.chat.openai_tools import NotedKeys, namespace_of
from tokenizer_registry.chat.parts import PartSum
from tokenizer_registry.chat.reference_sizes import UncountableSchema
from tokenizer_registry.chat.request import (
    CommonRequest,
    MediaBlock,
    ResponseFormat,
    TextBlock,
    ThinkingBlock,
    Tool,
    ToolCallBlock,
    ToolResultBlock,
    Turn,
    UnknownBlock,
)
from tokenizer_registry.chat.rules import Rule
from tokenizer_registry.chat.schemas import without_keys

FRAME: Final = "openai-frame"
TEXT: Final = "openai-text"
# Keywords of a response schema that are not put into the prompt.
ALONE: Final = frozenset({"title", "additionalProperties"})
WITH_TOOLS: Final = frozenset({"additionalProperties"})


def count_openai(context: CountingContext) -> None:
    """Add up all parts of a request to an OpenAI model."""
    request, sums = context.request, context.sums
    rule = context.rule(FRAME)
    if None in request.plain_texts:
        context.count_messages_ahead()
    sums.frame.add(rule.values["reply"], rule.name)
    others = _count_plain(context, rule)
    if others:
        last_asking = max((place for place, turn in enumerate(request.turns) if turn.role == "user"), default=-1)
        for place in others:
            _count_turn(context, request.turns[place], place > last_asking)
    if rule.values.get("estimate"):
        context.widen(sums.frame, FRAME, len(request.turns))
    _count_surcharge(context)
    _count_tools(context)
    _count_schema(context)
    for missing in request.missing:
        sums.text.lack(missing)


def _count_plain(context: CountingContext, rule: Rule) -> list[int]:
    """Count the plain messages together; return the places of all others."""
    turns, found = context.request.turns, context.request.plain_texts
    others = [place for place, text in enumerate(found) if text is None] if None in found else []
    texts = [text for text in found if text is not None]
    if texts:
        values, tokens = rule.values, (rule.values["message"] + rule.values["role"]) * len(texts)
        if "answer" in values:
            plain = zip(turns, found, strict=True)
            tokens += values["answer"] * [turn.role for turn, text in plain if text is not None].count("assistant")
        context.sums.frame.add(tokens, FRAME)
        context.add_texts(context.sums.text, texts, TEXT)
    return others


def _count_turn(context: CountingContext, turn: Turn, keeps_thoughts: bool) -> None:
    """Count a message. Thoughts before the last one of the user are left out by the provider."""
    calls = [block for block in turn.blocks if isinstance(block, ToolCallBlock)]
    results = [block for block in turn.blocks if isinstance(block, ToolResultBlock)]
    text = "".join(block.text for block in turn.blocks if isinstance(block, TextBlock))
    # Other shapes have texts and images beside results; for OpenAI these are a message of their own.
    if not results or any(isinstance(block, TextBlock | MediaBlock) for block in turn.blocks):
        _count_message(context, turn, text, bool(calls))
    if calls:
        _count_calls(context, calls)
    for result in results:
        _count_result(context, turn, result)
    for block in turn.blocks:
        if keeps_thoughts or not isinstance(block, ThinkingBlock):
            _count_other(context, block)


def _count_message(context: CountingContext, turn: Turn, text: str, has_calls: bool) -> None:
    values, frame = context.rule(FRAME).values, context.sums.frame
    if not text and (has_calls or all(isinstance(block, ThinkingBlock | UnknownBlock) for block in turn.blocks)):
        return
    frame.add(values["message"] + values["role"] + (values.get("answer", 0) if turn.role == "assistant" else 0), FRAME)
    context.add_text(context.sums.text, text, TEXT)
    if turn.name is not None:
        named_as_role = turn.name == turn.role and "name_as_role" in values
        tokens = values["name_as_role"] if named_as_role else context.texts.count(turn.name) + values["name"]
        frame.add(tokens, FRAME)


def _count_calls(context: CountingContext, calls: list[ToolCallBlock]) -> None:
    rule, part = context.rule("openai-tool-calls"), context.sums.tool_calls
    # Gemini's calls have no ids either, and are sent as calls of tools.
    is_older = context.request.shape == "openai_chat" and all(call.id is None for call in calls)
    for call in calls:
        context.add_text(part, call.name, rule.name)
        as_given = is_older and isinstance(call.arguments, str)
        context.add_text(part, call.arguments if as_given else compact(call.arguments), rule.name)
    values = rule.values
    one = values["function_call" if is_older else "call"]
    part.add(one if len(calls) == 1 else values["parallel"] + values["parallel_each"] * len(calls), rule.name)
    context.widen(part, rule.name, len(calls))


def _count_result(context: CountingContext, turn: Turn, result: ToolResultBlock) -> None:
    rule, part = context.rule("openai-tool-calls"), context.sums.tool_calls
    text = "".join(block.text for block in result.blocks if isinstance(block, TextBlock))
    context.add_text(part, text or ("" if result.value is None else compact(result.value)), rule.name)
    if turn.role == "function":
        context.add_text(part, result.name or "", rule.name)
    part.add(rule.values["function_result" if turn.role == "function" else "result"], rule.name)
    for block in result.blocks:
        _count_other(context, block)


def _count_other(context: CountingContext, block: Any) -> None:
    sums = context.sums
    if isinstance(block, MediaBlock):
        count_media(context, block)
    elif isinstance(block, UnknownBlock):
        sums.text.lack(f"what {block.path} ({block.kind}) costs")
    elif isinstance(block, ThinkingBlock) and block.is_signed:
        if block.thought_tokens is None:
            sums.text.lack(f"{block.path}.thinking_tokens")
        else:
            sums.text.add(block.thought_tokens, "openai-reasoning")
            context.widen(sums.text, "openai-reasoning", tokens=block.thought_tokens)


def _count_surcharge(context: CountingContext) -> None:
    """What one API counted on top for a time."""
    rule = context.optional_rule(f"{context.request.shape.replace('_', '-')}-surcharge")
    if rule is not None:
        context.widen(context.sums.frame, "openai-surcharge")
        key = "with_tools" if context.request.tools else "with_images" if _has_images(context.request) else "tokens"
        context.sums.frame.add(rule.values[key], rule.name)


def _has_images(request: CommonRequest) -> bool:
    return any(isinstance(block, MediaBlock) for turn in request.turns for block in turn.blocks)


def _count_tools(context: CountingContext) -> None:
    request, part = context.request, context.sums.tools
    function: Tool | None = None
    for tool in request.tools:
        if tool.builtin is None:
            function = tool
        else:
            part.lack(f"what {tool.path} ({tool.builtin}) puts into the prompt")
    if function is not None:
        try:
            _count_functions(context, function, part)
        except UncountableSchema as error:
            part.lack(f"tools: {error.reason}")


def _count_functions(context: CountingContext, function: Tool, part: PartSum) -> None:
    is_chat = context.request.shape != "openai_responses"
    rule = context.rule("openai-chat-tools" if is_chat else "openai-responses-tools")
    values = rule.values
    noted = NotedKeys(values["nested_notes"], values["strict_defaults"])
    namespace = namespace_of(context.request.tools, noted, context.references)
    context.add_tool_texts(part, function, (namespace.text,), rule.name)
    undescribed = namespace.undescribed if values["counts_bare"] else namespace.undescribed_with_parameters
    has_system = any(turn.role in {"system", "developer"} for turn in context.request.turns)
    has_instructions = not is_chat and context.request.has_instructions
    place = "with_instructions" if has_instructions else "with_system" if has_system else "alone"
    part.add(values[place] - undescribed, rule.name)
    part.add(_choice_tokens(context, values), rule.name)
    band = f"{rule.name}-with-instructions" if has_instructions else rule.name
    context.widen(part, band, namespace.functions)


def _choice_tokens(context: CountingContext, values: Any) -> int:
    choice = context.request.tool_choice
    if context.request.shape == "openai_responses" and any(turn.role == "tool" for turn in context.request.turns):
        return 0
    if choice.mode == "named":
        return int(values["choice_named"]) + (context.texts.count(choice.name or "") if values["choice_name"] else 0)
    return int(values.get(f"choice_{choice.mode}", 0))


def _count_schema(context: CountingContext) -> None:
    style = context.request.response_format
    if style is None or style.schema is None:
        return
    part = context.sums.schema
    rule = context.rule("openai-schema")
    bare = without_keys(style.schema, WITH_TOOLS if context.request.tools else ALONE)
    context.add_text(part, _schema_text(style, bare), rule.name)
    if context.request.tools:
        part.add(rule.values["with_tools"], rule.name)
        context.widen(part, "openai-schema-with-tools")
    else:
        part.add(rule.values["responses" if context.request.shape == "openai_responses" else "chat"], rule.name)
        context.widen(part, rule.name)


def _schema_text(style: ResponseFormat, schema: Any) -> str:
    description = f"// {style.description}\n" if style.description else ""
    return f"## {style.name or ''}\n\n{description}{compact(schema)}"

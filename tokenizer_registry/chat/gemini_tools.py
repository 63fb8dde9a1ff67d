"""Gemini's tools, calls and results, in the way that the generation and the host count them."""

from typing import Any, Final

from tokenizer_registry.chat.context import CountingContext
from tokenizer_registry.chat.gemini_declarations import Segments, call_of, declaration_of, response_of
from tokenizer_registry.chat.gemini_nodes import tool_texts, value_texts
from tokenizer_registry.chat.gemini_stubs import stub_of
from tokenizer_registry.chat.json_texts import parsed, spaced
from tokenizer_registry.chat.parts import PartSum
from tokenizer_registry.chat.reference_sizes import UncountableSchema
from tokenizer_registry.chat.request import JsonObject, TextBlock, Tool, ToolCallBlock, ToolResultBlock
from tokenizer_registry.chat.rules import Rule
from tokenizer_registry.chat.tool_memory import made_of_all

TOOLS: Final = "gemini-tools"
# Keywords of a schema whose rendering no recorded call shows.
_UNPROVEN: Final = frozenset({"$ref", "anyOf", "oneOf", "allOf", "prefixItems", "$defs"})


def count_tools(context: CountingContext) -> None:
    """Add the tokens of the declared tools."""
    rule, part = context.hosted_rule(TOOLS), context.sums.tools
    for tool in context.request.tools:
        if tool.builtin is not None:
            part.lack(f"what {tool.path} ({tool.builtin}) puts into the prompt")
            continue
        try:
            _count_tool(context, tool, part, rule)
        except UncountableSchema as error:
            part.lack(f"{tool.path}: {error.reason}", rule.name)
    _widen(context, part, rule)


def _widen(context: CountingContext, part: PartSum, rule: Rule) -> None:
    """Nodes are an estimate; stubs and declarations are where a schema has what no recorded call has."""
    tools = [tool for tool in context.request.tools if tool.builtin is None]
    if tools and rule.values["form"] == "nodes":
        context.widen(part, rule.name, len(tools))
    elif made_of_all(context.request.tools, _are_unproven, _are_unproven):
        context.widen(part, f"{TOOLS}-unproven", len(tools))


def _are_unproven(tools: tuple[Tool, ...]) -> bool:
    return any(tool.builtin is None and tool.parameters and _is_unproven(tool.parameters) for tool in tools)


def _is_unproven(schema: Any) -> bool:
    if isinstance(schema, list):
        return any(map(_is_unproven, schema))
    return isinstance(schema, dict) and (not _UNPROVEN.isdisjoint(schema) or any(map(_is_unproven, schema.values())))


def _count_tool(context: CountingContext, tool: Tool, part: PartSum, rule: Rule) -> None:
    match rule.values["form"]:
        case "stubs":
            context.add_tool_texts(part, tool, (stub_of(tool, context.references),), rule.name)
        case "declarations":
            segments = declaration_of(tool, context.references)
            context.add_tool_texts(part, tool, segments.texts, rule.name)
            part.add(segments.control_tokens + rule.values["frame"], rule.name)
        case _:
            texts, nodes = tool_texts(tool, context.references)
            context.add_tool_texts(part, tool, texts, rule.name)
            part.add(nodes * rule.values["node"], rule.name)


def _count_segments(context: CountingContext, segments: Segments, part: PartSum, rule: Rule) -> None:
    for text in segments.texts:
        context.add_text(part, text, rule.name)
    part.add(segments.control_tokens + rule.values["frame"], rule.name)


def count_call(context: CountingContext, call: ToolCallBlock) -> None:
    """Add a call that the model made."""
    rule, part = context.hosted_rule(TOOLS), context.sums.tool_calls
    arguments = parsed(call.arguments) or {}
    if not isinstance(arguments, dict):
        # Gemini takes no others, and what a gateway makes of them is its own choice.
        part.lack(f"{call.path}: arguments that are an object", rule.name)
        return
    match rule.values["form"]:
        case "stubs":
            context.add_text(part, _python_call(call.name, arguments), rule.name)
            part.add(rule.values["call"], rule.name)
        case "declarations":
            _count_segments(context, call_of(call.name, arguments), part, rule)
        case _:
            for text in (call.name, *value_texts(arguments)):
                context.add_text(part, text, rule.name)
            context.widen(part, "gemini-calls-nodes")


def _python_call(name: str, arguments: JsonObject) -> str:
    values = ", ".join(f"{key} = {spaced(value, sort_keys=True)}" for key, value in sorted(arguments.items()))
    return f"default_api.{name}({values})"


def count_result(context: CountingContext, result: ToolResultBlock, names: dict[str, str]) -> None:
    """Add the result of a call."""
    rule, part = context.hosted_rule(TOOLS), context.sums.tool_calls
    name = result.name or names.get(result.id or "", "")
    response = _response(result)
    if result.value is None:
        # How a gateway puts a text into an object is its own choice.
        context.widen(part, "gemini-text-results")
    match rule.values["form"]:
        case "stubs":
            text = spaced({f"{name}_response": response}, sort_keys=True)
            context.add_text(part, text, rule.name)
            part.add(rule.values["call"], rule.name)
        case "declarations":
            _count_segments(context, response_of(name, response), part, rule)
        case _:
            for text in (name, *value_texts(response)):
                context.add_text(part, text, rule.name)
            context.widen(part, "gemini-calls-nodes")


def _response(result: ToolResultBlock) -> JsonObject | Any:
    """The JSON value of a result; a text of another shape stands in an object, as a gateway sends it."""
    if result.value is not None:
        return result.value
    return {"result": "".join(block.text for block in result.blocks if isinstance(block, TextBlock))}

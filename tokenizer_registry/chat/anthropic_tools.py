"""Anthropic's tools: a prompt of a size that the provider documents, and a line for each function."""

from typing import Final

from tokenizer_registry.chat.context import CountingContext
from tokenizer_registry.chat.json_texts import spaced
from tokenizer_registry.chat.model_tables import row_of
from tokenizer_registry.chat.parts import PartSum
from tokenizer_registry.chat.request import Tool, ToolReferenceBlock
from tokenizer_registry.chat.tool_memory import remembered

TOOLS: Final = "claude-tools"


@remembered
def function_line(tool: Tool) -> str:
    """Return the line that a function is counted as."""
    described = {"description": tool.description} if tool.description else {}
    function = {**described, "name": tool.name, "parameters": tool.parameters or {}}
    return f"<function>{spaced(function)}</function>\n"


def count_tools(context: CountingContext) -> None:
    """Add the tools and their prompt."""
    request, part = context.request, context.sums.tools
    if not request.tools:
        return
    for tool in request.tools:
        if not tool.is_deferred:
            _count_tool(context, tool, part)
    rule = context.optional_rule(TOOLS)
    prompt = row_of(rule.values["models"], context.model) if rule is not None else None
    if prompt is None:
        part.lack(f"the size of the tool prompt of {context.model}", TOOLS)
        return
    choice = request.tool_choice.mode
    extras = rule.values if rule is not None else {}
    part.add(prompt["any" if choice in {"required", "named"} else "auto"] + extras["extra"], TOOLS)
    if choice == "named":
        part.add(extras["named"], TOOLS)
    if request.tool_choice.is_serial:
        part.add(extras["serial"], TOOLS)
    if any(tool.is_deferred for tool in request.tools):
        part.add(prompt.get("deferred", 0), TOOLS)
    context.widen(part, TOOLS, len(request.tools))


def _count_tool(context: CountingContext, tool: Tool, part: PartSum) -> None:
    if tool.builtin is not None:
        part.lack(f"what {tool.path} ({tool.builtin}) puts into the prompt")
    else:
        context.add_tool_texts(part, tool, (function_line(tool),), TOOLS)


def count_reference(context: CountingContext, reference: ToolReferenceBlock) -> None:
    """Add the definition of a deferred tool where a search has found it."""
    part = context.sums.tool_calls
    tool = context.tool_named(reference.name)
    if tool is None:
        part.lack(f"{reference.path}: a tool {reference.name!r}")
        return
    _count_tool(context, tool, part)
    context.widen(part, "claude-tool-reference")

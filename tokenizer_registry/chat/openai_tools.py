"""OpenAI's tools as the TypeScript namespace that they are counted as. The format is published with gpt-oss."""

import json
from collections.abc import Iterable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

from tokenizer_registry.chat.reference_sizes import ReferenceBudget
from tokenizer_registry.chat.request import JsonObject, Tool
from tokenizer_registry.chat.schemas import expanded, properties_of, required_of
from tokenizer_registry.chat.tool_memory import RememberedRenderer, have_references, made_of_all, remembered


class NotedKeys(NamedTuple):
    """What stands in comments: titles and descriptions of nested properties too, and defaults of strict functions."""

    nested: bool
    strict_defaults: bool


class FunctionText(NamedTuple):
    """A function as it stands in the namespace, and what of it changes the count beside the text."""

    text: str
    has_parameters: bool
    is_described: bool


class Namespace(NamedTuple):
    """The text of a namespace, its functions, and how many of them have no described property."""

    text: str
    functions: int
    undescribed: int
    undescribed_with_parameters: int


def namespace_of(tools: tuple[Tool, ...], noted: NotedKeys, budget: ReferenceBudget) -> Namespace:
    """Return the namespace of the functions among tools, whose references are paid from a budget.

    Raise UncountableSchema.
    """
    if made_of_all(tools, have_references, have_references):
        return _namespace(noted, budget, tools)
    return made_of_all(tools, (Namespace, noted), partial(_namespace, noted, budget))


def _namespace(noted: NotedKeys, budget: ReferenceBudget, tools: tuple[Tool, ...]) -> Namespace:
    render = function_renderer(noted)
    functions = [render(tool, budget) for tool in tools if tool.builtin is None]
    undescribed = [each for each in functions if not each.is_described]
    return Namespace(
        _text_of(functions), len(functions), len(undescribed), sum(each.has_parameters for each in undescribed)
    )


def _text_of(functions: Iterable[FunctionText]) -> str:
    return "".join(["namespace functions {\n\n", *(each.text for each in functions), "} // namespace functions"])


@cache
def function_renderer(noted: NotedKeys) -> RememberedRenderer[FunctionText]:
    """Return what renders a function, and remembers it. The renderer raises UncountableSchema."""
    return remembered(partial(_function, noted))


def _function(noted: NotedKeys, tool: Tool) -> FunctionText:
    noted = NotedKeys(noted.nested, noted.strict_defaults or not tool.is_strict)
    lines = [f"// {tool.description}"] if tool.description else []
    parameters = expanded(tool.parameters or {})
    properties = properties_of(parameters)
    if properties:
        lines += [f"type {tool.name} = (_: {{", *_properties(parameters, 0, noted), "}) => any;"]
    else:
        lines.append(f"type {tool.name} = () => any;")
    described = any(
        isinstance(each, dict) and (each.get("description") or each.get("title")) for each in properties.values()
    )
    return FunctionText("\n".join([*lines, "", ""]), bool(properties), described)


def _properties(schema: JsonObject, indent: int, noted: NotedKeys) -> list[str]:
    required = required_of(schema)
    lines: list[str] = []
    for name, inner in properties_of(schema).items():
        found = inner if isinstance(inner, dict) else {}
        if noted.nested or indent == 0:
            lines += [f"{' ' * indent}// {note}" for note in _notes(found)]
        mark = "" if name in required else "?"
        end = (
            f", // default: {_literal(found['default'])}"
            if noted.strict_defaults and found.get("default") is not None
            else ","
        )
        lines.append(f"{' ' * indent}{name}{mark}: {_type(found, indent, noted)}{end}")
    return lines


def _notes(schema: JsonObject) -> Iterator[str]:
    if isinstance(schema.get("title"), str):
        yield schema["title"]
        if schema.get("description"):
            yield ""
    if isinstance(schema.get("description"), str) and schema["description"]:
        yield schema["description"]


def _type(schema: JsonObject, indent: int, noted: NotedKeys) -> str:
    if "const" in schema:
        return _literal(schema["const"])
    if isinstance(schema.get("enum"), list):
        return " | ".join(map(_literal, schema["enum"]))
    for union in ("anyOf", "oneOf"):
        if isinstance(schema.get(union), list):
            return " | ".join(_type(each, indent, noted) for each in schema[union] if isinstance(each, dict))
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(_type({**schema, "type": each}, indent, noted) for each in kind)
    return _simple_type(kind, schema, indent, noted)


def _simple_type(kind: Any, schema: JsonObject, indent: int, noted: NotedKeys) -> str:
    match kind:
        case "string" | "number" | "boolean" | "null":
            return str(kind)
        case "integer":
            return "number"
        case "array":
            items = schema.get("items")
            return f"{_type(items, indent, noted) if isinstance(items, dict) else 'any'}[]"
        case "object":
            if not properties_of(schema):
                return "object"
            return "\n".join(["{", *_properties(schema, indent + 2, noted), f"{' ' * indent}}}"])
        case _:
            return "any"


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

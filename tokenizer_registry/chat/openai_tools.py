"""OpenAI's tools as the TypeScript namespace that they are counted as. The format is published with gpt-oss."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tokenizer_registry.chat.request import JsonObject, Tool
from tokenizer_registry.chat.schemas import expanded, properties_of, required_of


def namespace_of(tools: list[Tool], notes_titles: bool) -> str:
    """Return the namespace of functions. Raise UncountableSchema.

    `notes_titles`: titles and defaults of properties stand in comments too, as for all models since gpt-4o.
    """
    lines = ["namespace functions {", ""]
    for tool in tools:
        lines += _function(tool, notes_titles)
    return "\n".join([*lines, "} // namespace functions"])


def describes_parameters(tool: Tool) -> bool:
    """Whether any parameter of a function has a description or a title."""
    properties = properties_of(expanded(tool.parameters)).values() if tool.parameters else ()
    return any(isinstance(each, Mapping) and (each.get("description") or each.get("title")) for each in properties)


def has_parameters(tool: Tool) -> bool:
    """Whether a function has any parameter."""
    return bool(tool.parameters and properties_of(tool.parameters))


def _function(tool: Tool, notes_titles: bool) -> list[str]:
    lines = [f"// {tool.description}"] if tool.description else []
    parameters = expanded(tool.parameters or {})
    if not properties_of(parameters):
        return [*lines, f"type {tool.name} = () => any;", ""]
    body = _properties(parameters, 0, notes_titles)
    return [*lines, f"type {tool.name} = (_: {{", *body, "}) => any;", ""]


def _properties(schema: JsonObject, indent: int, notes_titles: bool) -> list[str]:
    required = required_of(schema)
    lines: list[str] = []
    for name, inner in properties_of(schema).items():
        found = inner if isinstance(inner, Mapping) else {}
        lines += [f"{' ' * indent}// {note}" for note in _notes(found, notes_titles)]
        mark = "" if name in required else "?"
        end = f", // default: {_literal(found['default'])}" if notes_titles and _has_default(found) else ","
        lines.append(f"{' ' * indent}{name}{mark}: {_type(found, indent, notes_titles)}{end}")
    return lines


def _has_default(schema: JsonObject) -> bool:
    return schema.get("default") is not None


def _notes(schema: JsonObject, notes_titles: bool) -> Iterator[str]:
    if notes_titles and isinstance(schema.get("title"), str):
        yield schema["title"]
        if schema.get("description"):
            yield ""
    if isinstance(schema.get("description"), str) and schema["description"]:
        yield schema["description"]


def _type(schema: JsonObject, indent: int, notes_titles: bool) -> str:
    if isinstance(schema.get("enum"), list):
        return " | ".join(map(_literal, schema["enum"]))
    for union in ("anyOf", "oneOf"):
        if isinstance(schema.get(union), list):
            return " | ".join(_type(each, indent, notes_titles) for each in schema[union] if isinstance(each, Mapping))
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(_type({**schema, "type": each}, indent, notes_titles) for each in kind)
    return _simple_type(kind, schema, indent, notes_titles)


def _simple_type(kind: Any, schema: JsonObject, indent: int, notes_titles: bool) -> str:
    match kind:
        case "string" | "number" | "boolean" | "null":
            return str(kind)
        case "integer":
            return "number"
        case "array":
            items = schema.get("items")
            return f"{_type(items, indent, notes_titles) if isinstance(items, Mapping) else 'any'}[]"
        case "object":
            if not properties_of(schema):
                return "object"
            return "\n".join(["{", *_properties(schema, indent + 2, notes_titles), f"{' ' * indent}}}"])
        case _:
            return "any"


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

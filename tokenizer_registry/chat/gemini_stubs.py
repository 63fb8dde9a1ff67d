"""Gemini 2.5's tools as the Python stubs that AI Studio counts them as. Measured on recorded calls."""

import json
from collections.abc import Iterator
from typing import Any

from tokenizer_registry.chat.request import JsonObject, Tool
from tokenizer_registry.chat.schemas import expanded, properties_of, required_of
from tokenizer_registry.chat.tool_memory import remembered


@remembered
def stub_of(tool: Tool) -> str:
    """Return the stub of a function, after the classes of its objects. Raise UncountableSchema."""
    parameters = expanded(tool.parameters or {})
    lines: list[str] = []
    for field, path in _ordered(parameters):
        lines += _classes(field, (tool.name, path))
    lines += [f"def {tool.name}(", *(f"    {line}," for line in _fields(parameters, (tool.name,))), ") -> dict:"]
    return "\n".join([*lines, *_docstring(tool.description, "Args:", parameters), "", ""])


def _ordered(schema: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    """The properties with their names: required ones first, each group by name."""
    required = required_of(schema)
    for name in sorted(properties_of(schema), key=lambda name: (name not in required, name)):
        found = properties_of(schema)[name]
        yield (found if isinstance(found, dict) else {}), name


def _fields(schema: JsonObject, path: tuple[str, ...]) -> Iterator[str]:
    required = required_of(schema)
    for field, name in _ordered(schema):
        optional = "" if name in required else " | None = None"
        yield f"{name}: {_type(field, (*path, name))}{optional}"


def _docstring(description: str, head: str, schema: JsonObject) -> list[str]:
    first, *others = description.split("\n")
    lines = [f'  """{first}', *(f"  {line}" if line else "" for line in others), "", f"  {head}"]
    return [*lines, *(f"    {name}: {_described(field)}" for field, name in _ordered(schema)), '  """']


def _described(schema: JsonObject) -> str:
    found = schema.get("description")
    return found if isinstance(found, str) else ""


def _classes(schema: JsonObject, path: tuple[str, ...]) -> list[str]:
    """The class of an object with properties, after those of its own objects; an array's is that of its elements."""
    items = schema.get("items")
    if isinstance(items, dict):
        return _classes(items, path)
    if not properties_of(schema):
        return []
    lines: list[str] = []
    for field, name in _ordered(schema):
        lines += _classes(field, (*path, name))
    head = ["@dataclasses.dataclass(kw_only=True)", f"class {_camel(path)}:"]
    fields = (f"  {line}" for line in _fields(schema, path))
    return [*lines, *head, *_docstring(_described(schema), "Attributes:", schema), *fields, ""]


def _camel(path: tuple[str, ...]) -> str:
    words = (word for name in path for word in name.split("_") if word)
    return "".join(word[0].upper() + word[1:] for word in words)


def _type(schema: JsonObject, path: tuple[str, ...]) -> str:
    if isinstance(schema.get("enum"), list):
        return f"Literal[{', '.join(map(_literal, schema['enum']))}]"
    match str(schema.get("type", "")).lower():
        case "string":
            return "str"
        case "integer":
            return "int"
        case "number":
            return "float"
        case "boolean":
            return "bool"
        case "array":
            items = schema.get("items")
            return f"list[{_type(items, path)}]" if isinstance(items, dict) else "list"
        case _:
            return _camel(path) if properties_of(schema) else "dict"


def _literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else json.dumps(value)

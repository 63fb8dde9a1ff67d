"""Gemini's tools, calls and results as Google's own local counter collects them, with one token for each schema.

Source: google-genai 3.6.1, local_tokenizer.py; the token for each schema is measured on recorded calls.
"""

from collections.abc import Iterator
from typing import Any

from tokenizer_registry.chat.request import JsonObject, Tool
from tokenizer_registry.chat.schemas import expanded, properties_of
from tokenizer_registry.chat.tool_memory import remembered


@remembered
def tool_texts(tool: Tool) -> tuple[list[str], int]:
    """Return the texts of a function and the number of its schemas. Raise UncountableSchema."""
    texts = [tool.name, tool.description]
    if tool.parameters is None:
        return texts, 0
    schema = expanded(tool.parameters)
    nodes = 0 if tool.is_json_schema and not properties_of(schema) else node_count(schema)
    return [*texts, *schema_texts(schema)], nodes


def schema_texts(schema: JsonObject) -> Iterator[str]:
    """The texts of a schema: format, description, enum, required, names of properties; then those inside."""
    for key in ("format", "description"):
        if isinstance(schema.get(key), str):
            yield schema[key]
    for key in ("enum", "required"):
        found = schema.get(key)
        yield from (each for each in (found if isinstance(found, list) else ()) if isinstance(each, str))
    yield from properties_of(schema)
    for inner in inner_schemas(schema):
        yield from schema_texts(inner)


def node_count(schema: JsonObject) -> int:
    """How many schemas there are, with those inside."""
    return 1 + sum(map(node_count, inner_schemas(schema)))


def inner_schemas(schema: JsonObject) -> Iterator[JsonObject]:
    """The schemas of elements and properties."""
    found = [schema.get("items"), *properties_of(schema).values()]
    return (each for each in found if isinstance(each, dict))


def value_texts(value: Any) -> Iterator[str]:
    """The keys and strings of arguments or of a result, at all levels."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from value_texts(inner)
    elif isinstance(value, list):
        for each in value:
            yield from value_texts(each)

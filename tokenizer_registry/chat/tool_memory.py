"""Tools are read and rendered once: requests of one application carry the same tools again and again.

What is kept is found by the whole content of the tools, and is a copy: a caller may change the request afterwards.
"""

import json
import marshal
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, Protocol, TypeVar

from tokenizer_registry.chat.reference_sizes import ReferenceBudget
from tokenizer_registry.chat.request import Tool
from tokenizer_registry.chat.schemas import has_references
from tokenizer_registry.chat.shapes.fields import MAX_DEPTH, Field, check_depth, containers
from tokenizer_registry.content_memory import ContentMemory, KeptList

MAX_KEPT_TOOLS: Final = 2_048
# Larger tools are rendered each time, so that what is kept stays within some 16 million characters.
MAX_KEPT_CHARACTERS: Final = 8_192
# Bytes of lists of tools, and about as many again for each shape that they are rendered in.
MAX_KEPT_BYTES: Final = 16_000_000
# What an object or array takes in memory, however little it holds.
CONTAINER_BYTES: Final = 250
# A form of marshal's that depends on the content alone, not on which objects are shared.
_FORM: Final = 2

Rendered = TypeVar("Rendered")
RenderedOut = TypeVar("RenderedOut", covariant=True)
Reader = Callable[[Field], tuple[Tool, ...]]


class KeptTools(tuple[Tool, ...]):
    """A list of tools that is kept for later requests, with what was made of all of them together."""

    made: dict[object, Any]

    def __new__(cls, tools: Iterable[Tool]) -> "KeptTools":
        """Keep tools of which nothing has been made."""
        found = super().__new__(cls, tools)
        found.made = {}
        return found


_LISTS: Final[ContentMemory[tuple[Reader, str, bytes], KeptTools]] = ContentMemory(MAX_KEPT_BYTES)


def read_tools(tools: Field, read: Reader) -> tuple[Tool, ...]:
    """Return what `read` gives for a list of tools that stands in the body itself. Raise BadChatRequest."""
    if tools.value is None:
        return ()
    if not isinstance(tools.value, KeptList):
        return _read_again(tools, read)
    found: tuple[Tool, ...] | None = tools.value.made.get((read, tools.path))
    if found is None:
        found = tools.value.made[read, tools.path] = _read_again(tools.copied([*tools.value]), read)
    return found


def _read_again(tools: Field, read: Reader) -> tuple[Tool, ...]:
    """Return tools that may have been read before, in a list of the same content."""
    try:
        dumped = marshal.dumps(tools.value, _FORM)
    except ValueError:
        # Not JSON, or too deep.
        check_depth(tools.value, MAX_DEPTH - 1)
        return read(tools)
    key = (read, tools.path, dumped)
    found = _LISTS.get(key)
    return found if found is not None else _read_new(key, tools)


def _read_new(key: tuple[Reader, str, bytes], tools: Field) -> tuple[Tool, ...]:
    read, _, dumped = key
    check_depth(tools.value, MAX_DEPTH - 1)
    weight = len(dumped) + CONTAINER_BYTES * containers(tools.value)
    if not _LISTS.takes(weight):
        return read(tools)
    found = KeptTools(replace(tool, made={}) for tool in read(tools.copied(deepcopy(tools.value))))
    _LISTS.keep(key, found, weight)
    return found


class RememberedRenderer(Protocol[RenderedOut]):
    """Renders a tool, whose references are paid from a budget if there is one. Raises UncountableSchema."""

    def __call__(self, tool: Tool, budget: ReferenceBudget | None = None) -> RenderedOut:
        """Return the rendering."""


def remembered(render: Callable[[Tool], Rendered]) -> RememberedRenderer[Rendered]:
    """Return a function that renders small tools once. What it returns must not be changed."""

    @lru_cache(MAX_KEPT_TOOLS)
    def kept(dumped: str) -> Rendered:
        name, description, parameters, is_json_schema, is_strict = json.loads(dumped)
        return render(Tool(name, description, parameters, "", None, is_json_schema, is_strict))

    def by_content(tool: Tool, budget: ReferenceBudget | None = None) -> Rendered:
        fields = (tool.name, tool.description, tool.parameters, tool.is_json_schema, tool.is_strict)
        dumped = json.dumps(fields, ensure_ascii=False)
        size = len(dumped)
        if budget is not None and tool.parameters and '"$ref"' in dumped:
            size += budget.spend(tool.parameters).characters
        return kept(dumped) if size <= MAX_KEPT_CHARACTERS else render(tool)

    def rendered(tool: Tool, budget: ReferenceBudget | None = None) -> Rendered:
        # What references write out is paid for in each request, and is not kept with the tool.
        if tool.made is None or made_of(tool, _has_references, _has_references):
            return by_content(tool, budget)
        return made_of(tool, render, by_content)

    return rendered


def made_of(tool: Tool, key: object, make: Callable[[Tool], Rendered]) -> Rendered:
    """Return what `make` gives for a tool: for one that is kept, from the second time on what it gave before."""
    if tool.made is None:
        return make(tool)
    found: Rendered | None = tool.made.get(key)
    if found is None:
        found = tool.made[key] = make(tool)
    return found


def made_of_all(tools: tuple[Tool, ...], key: object, make: Callable[[tuple[Tool, ...]], Rendered]) -> Rendered:
    """Return what `make` gives for all tools of a request, as `made_of` does for one."""
    if not isinstance(tools, KeptTools):
        return make(tools)
    found: Rendered | None = tools.made.get(key)
    if found is None:
        found = tools.made[key] = make(tools)
    return found


def have_references(tools: tuple[Tool, ...]) -> bool:
    """Whether a schema of one of the tools has a reference: what it writes out is paid for in each request."""
    return any(made_of(tool, _has_references, _has_references) for tool in tools)


def _has_references(tool: Tool) -> bool:
    return tool.parameters is not None and has_references(tool.parameters)

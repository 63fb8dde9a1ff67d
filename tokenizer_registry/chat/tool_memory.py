"""Renderings of tools are kept: requests of one application carry the same tools again and again."""

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Protocol, TypeVar

from tokenizer_registry.chat.reference_sizes import ReferenceBudget
from tokenizer_registry.chat.request import Tool

MAX_KEPT_TOOLS: Final = 2_048
# Larger tools are rendered each time, so that what is kept stays within some 16 million characters.
MAX_KEPT_CHARACTERS: Final = 8_192

Rendered = TypeVar("Rendered")
RenderedOut = TypeVar("RenderedOut", covariant=True)


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

    def rendered(tool: Tool, budget: ReferenceBudget | None = None) -> Rendered:
        fields = (tool.name, tool.description, tool.parameters, tool.is_json_schema, tool.is_strict)
        dumped = json.dumps(fields, ensure_ascii=False)
        size = len(dumped)
        if budget is not None and tool.parameters and '"$ref"' in dumped:
            size += budget.spend(tool.parameters).characters
        return kept(dumped) if size <= MAX_KEPT_CHARACTERS else render(tool)

    return rendered

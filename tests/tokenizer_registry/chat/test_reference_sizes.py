"""References are measured before anything is written out, over all tools of a request together."""

from typing import Any

import pytest

from tests.tokenizer_registry.chat.recorded_calls import package_registry
from tokenizer_registry.chat.count import count_request
from tokenizer_registry.chat.parts import ChatCount
from tokenizer_registry.chat.reference_sizes import ReferenceBudget, UncountableSchema, WrittenOut

MODELS = ["gpt-4o", "gpt-5", "gemini-2.0-flash", "gemini-2.5-flash", "gemini-3-pro-preview"]


def doubling(levels: int) -> dict[str, Any]:
    """Return a schema whose definitions refer twice to the next one."""
    both = {
        str(level): {"properties": {side: {"$ref": f"#/$defs/{level + 1}"} for side in "ab"}} for level in range(levels)
    }
    return {"properties": {"load": {"$ref": "#/$defs/0"}}, "$defs": {**both, str(levels): {"type": "string"}}}


def count(model: str, *schemas: dict[str, Any]) -> ChatCount:
    """Count a request with a tool for each schema."""
    functions = [{"name": f"f{place}", "parameters": schema} for place, schema in enumerate(schemas)]
    tools = [{"type": "function", "function": function} for function in functions]
    body = {"messages": [{"role": "user", "content": "Hi"}], "tools": tools}
    return count_request(package_registry(), "openai_chat", body, model)


def test_a_size_is_that_of_what_is_written_out() -> None:
    """Objects, and the characters of names and strings; what stands outside of references is free."""
    fish = {"properties": {"name": {"type": "string"}}, "title": "Fish"}
    schema = {"properties": {"a": {"$ref": "#/$defs/fish"}, "b": {"$ref": "#/$defs/fish"}}, "$defs": {"fish": fish}}
    once = WrittenOut(2, len("propertiestitlenametypestringFish"))
    assert ReferenceBudget().spend(schema) == once.plus(once)
    assert ReferenceBudget().spend(fish) == WrittenOut()
    assert ReferenceBudget().spend(doubling(8)).values == 2**9 - 1


@pytest.mark.parametrize("model", MODELS)
def test_many_tools_share_one_budget(model: str) -> None:
    """One is counted; a thousand of them would write out a hundred million characters."""
    assert count(model, doubling(8)).tokens is not None
    assert any("at most 20000 values" in each for each in count(model, *[doubling(8)] * 1_000).missing)


@pytest.mark.parametrize("model", MODELS)
def test_a_long_text_is_not_written_out_many_times(model: str) -> None:
    """A few references to a description of a megabyte are gigabytes."""
    description = "ton " * 250_000
    references = {str(place): {"$ref": "#/$defs/load"} for place in range(2_000)}
    schema = {"properties": references, "$defs": {"load": {"type": "string", "description": description}}}
    assert any("at most 1000000 characters" in each for each in count(model, schema).missing)


def test_long_chains_are_refused_without_recursion() -> None:
    """As they are where they are written out."""
    chain = {str(place): {"$ref": f"#/$defs/{place + 1}"} for place in range(50_000)}
    with pytest.raises(UncountableSchema, match="levels deep"):
        ReferenceBudget().spend({"$ref": "#/$defs/0", "$defs": chain})

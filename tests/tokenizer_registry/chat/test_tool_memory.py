"""Tools are read once by their whole content, and counted as if each request were the first."""

import copy
from typing import Any

import pytest

from tokenizer_registry.chat.count import count_read, count_request, read_request
from tokenizer_registry.chat.errors import BadChatRequest
from tokenizer_registry.chat.request import Tool
from tokenizer_registry.chat.request_texts import request_texts, text_sizes
from tokenizer_registry.content_memory import KeptList
from tokenizer_registry.registry import Registry

MODELS = (
    "gpt-4o",
    "gpt-5-mini",
    "claude-sonnet-4-5",
    "gemini-2.5-pro",
    "gemini-3-pro-preview",
    "qwen3-32b",
    "nova-pro-v1",
)


def body(default: Any, name: str = "weigh") -> dict[str, Any]:
    """Return a request with a tool that has a default."""
    unit = {"type": "string", "description": "The unit.", "default": default, "enum": ["kg", "t"]}
    schema = {"type": "object", "properties": {"unit": unit}, "required": ["unit"]}
    function = {"name": name, "description": "Weigh a lorry.", "parameters": schema}
    return {
        "messages": [{"role": "user", "content": "What does it weigh?"}],
        "tools": [{"type": "function", "function": function}],
    }


@pytest.fixture(scope="module")
def registry() -> Registry:
    """Return the registry of the package."""
    return Registry.from_package()


def test_the_same_tools_are_the_same_objects() -> None:
    """They are read once."""
    first, second = (read_request("openai_chat", body("kg")) for _ in range(2))
    assert first.tools == second.tools
    assert first.tools[0] is second.tools[0]


def test_values_that_are_equal_in_python_alone_are_apart() -> None:
    """Python takes 1, 1.0 and true for equal; JSON writes them differently."""
    defaults = [read_request("openai_chat", body(value)).tools[0].parameters for value in (1, True, 1.0)]
    written = [repr(each["properties"]["unit"]["default"]) for each in defaults if each is not None]
    assert written == ["1", "True", "1.0"]


def test_a_request_that_is_changed_afterwards_changes_nothing() -> None:
    """What is kept is a copy."""
    given = body("kg", "changed")
    read_request("openai_chat", given)
    given["tools"][0]["function"]["parameters"]["properties"]["unit"]["description"] = "Other."
    found = read_request("openai_chat", body("kg", "changed")).tools[0].parameters
    assert found is not None
    assert found["properties"]["unit"]["description"] == "The unit."


@pytest.mark.parametrize("model", MODELS)
def test_kept_tools_count_as_unkept_ones(registry: Registry, model: str) -> None:
    """With every family, at the first time and later."""
    given = body("kg", f"weigh_for_{model.replace('-', '_').replace('.', '_')}")
    request = read_request("openai_chat", given)
    tools = tuple(
        Tool(each.name, each.description, each.parameters, each.path, is_described=True) for each in request.tools
    )
    assert all(tool.made is None for tool in tools)
    unkept = copy.copy(request)
    object.__setattr__(unkept, "tools", tools)
    expected = count_read(registry, unkept, model)
    assert [count_request(registry, "openai_chat", given, model) for _ in range(3)] == [expected] * 3
    assert expected.parts.tools.tokens


def test_a_kept_list_is_read_once_in_each_shape() -> None:
    """As a list is that is not kept; its own faults are found each time."""
    function = {"type": "function", "name": "weigh", "function": {"name": "weigh"}}
    tools, faulty = KeptList([function]), KeptList([function, {"type": "function"}])
    for shape, messages in (("openai_chat", "messages"), ("openai_responses", "input")):
        asked = {messages: [{"role": "user", "content": "Hi"}]}
        first, second = (read_request(shape, {**asked, "tools": tools}) for _ in range(2))
        assert first == read_request(shape, {**asked, "tools": [function]})
        assert second.tools is first.tools
        for _ in range(2):
            with pytest.raises(BadChatRequest, match=r"tools\[1\]"):
                read_request(shape, {**asked, "tools": faulty})


def test_tools_too_deep_are_refused_each_time() -> None:
    """As the rest of a request is."""
    deep: dict[str, Any] = {}
    for _ in range(101):
        deep = {"items": deep}
    given = body("kg")
    given["tools"][0]["function"]["parameters"] = deep
    for _ in range(2):
        with pytest.raises(BadChatRequest, match="nested deeper"):
            read_request("openai_chat", given)


def test_the_sizes_of_texts_are_those_of_all_texts() -> None:
    """Of messages and tools, kept or not."""
    for given in (
        body("kg"),
        body("kg"),
        {**body("t"), "tool_choice": {"type": "function", "function": {"name": "weigh"}}},
    ):
        request = read_request("openai_chat", given)
        texts = list(filter(None, request_texts(request)))
        assert text_sizes(request) == (sum(map(len, texts)), len(texts))

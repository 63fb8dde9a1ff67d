"""The shape of a request, found from its properties."""

import pytest

from tests.tokenizer_registry.chat.recorded_calls import need_recorded
from tokenizer_registry.chat.count import SHAPES as READERS
from tokenizer_registry.chat.logs import read_log
from tokenizer_registry.chat.recognition import SHAPES, shape_of

HELLO = [{"role": "user", "content": "hello"}]
CASES: dict[str, list[dict[str, object]]] = {
    "openai_chat": [
        {"messages": HELLO},
        {"messages": [{"role": "system", "content": "Be brief."}, *HELLO], "top_p": 1},
        {"messages": HELLO, "tools": [{"type": "function", "function": {"name": "f"}}]},
        {"messages": [{"role": "assistant", "tool_calls": []}], "thinking": {"type": "enabled"}},
    ],
    "openai_responses": [
        {"model": "gpt-5", "input": "hello"},
        {"input": [{"role": "user", "content": "hello"}]},
        {"input": "hello", "instructions": "Be brief."},
    ],
    "anthropic_messages": [
        {"messages": HELLO, "system": "Be brief."},
        {"messages": HELLO, "tools": [{"name": "f", "input_schema": {}}]},
        {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a"}]}]},
        {"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "url"}}]}]},
    ],
    "gemini_contents": [{"contents": [{"parts": [{"text": "hello"}]}]}],
    "bedrock_converse": [{"messages": [{"role": "user", "content": [{"text": "hello"}]}]}],
}


def test_every_shape_has_a_reader() -> None:
    """The names that a command offers are those that can be read."""
    assert tuple(READERS) == SHAPES


@pytest.mark.parametrize(("shape", "body"), [(shape, body) for shape, bodies in CASES.items() for body in bodies])
def test_a_shape_is_recognised(shape: str, body: object) -> None:
    """Each shape has properties of its own; messages that mean the same everywhere are OpenAI's."""
    assert shape_of(body) == shape


@pytest.mark.parametrize(
    "value", [None, "hello", [], {}, {"messages": "hello"}, {"input": "hello"}, {"input": "hello", "output": "hi"}]
)
def test_what_is_no_request_has_no_shape(value: object) -> None:
    """A row of a data set with an `input` is not a request."""
    assert shape_of(value) is None


def test_messages_of_the_system_are_anthropics_too() -> None:
    """Where its tools or its own system text stand beside them."""
    messages = [{"role": "user", "content": "Hi"}, {"role": "system", "content": "Be brief."}]
    assert shape_of({"messages": messages}) == "openai_chat"
    assert shape_of({"messages": messages, "system": "Be kind."}) == "anthropic_messages"
    assert shape_of({"messages": messages, "tools": [{"name": "f", "input_schema": {}}]}) == "anthropic_messages"


def test_recorded_requests_are_recognised() -> None:
    """Of real requests none is taken for another shape, except where Anthropic's and OpenAI's are the same."""
    wrong = [
        (call.name, found, call.shape)
        for call in read_log(need_recorded(), include_offline=True)
        if (found := shape_of(call.body)) != call.shape
        and ((found, call.shape) != ("openai_chat", "anthropic_messages") or {"system", "tools"} & set(call.body))
        and call.shape != "cohere_chat"
    ]
    assert wrong == []

"""`weighbridge.count_chat`: messages, whole requests, and objects of SDKs."""

from typing import Any

import pytest
from openai.types.chat import ChatCompletionMessage

import weighbridge
from tokenizer_registry import UnknownModel
from tokenizer_registry.chat.count import count_request
from tokenizer_registry.chat.errors import BadChatRequest
from weighbridge.counting import registry

TALK = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is the weight of a lorry?"}]
TOOL = {"type": "function", "function": {"name": "weigh", "parameters": {"type": "object", "properties": {}}}}


def test_messages_and_tools_are_the_request_with_both() -> None:
    """The count is that of the body, with its parts."""
    found = weighbridge.count_chat(TALK, "openai/gpt-4o", tools=[TOOL])
    assert found == count_request(registry(), "openai_chat", {"messages": TALK, "tools": [TOOL]}, "gpt-4o")
    assert isinstance(found, weighbridge.ChatCount)
    assert found.parts.tools.tokens


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        ({"messages": TALK}, "openai_chat"),
        ({"input": "hello", "instructions": "Be brief."}, "openai_responses"),
        ({"system": "Be brief.", "messages": TALK[1:]}, "anthropic_messages"),
        ({"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}, "gemini_contents"),
    ],
)
def test_a_whole_request_is_recognised(body: dict[str, Any], shape: str) -> None:
    """Its own model counts if none is given, and the host is passed on."""
    wanted = count_request(registry(), shape, body, "gpt-4o", "azure")
    assert weighbridge.count_chat({"model": "gpt-4o", **body}, host="azure") == wanted
    assert weighbridge.count_chat({"model": "gpt-5", **body}, "gpt-4o", host="azure", shape=shape) == wanted


def test_objects_of_an_sdk_are_messages() -> None:
    """The answer of one call is put into the next request as it is."""
    answer = ChatCompletionMessage(role="assistant", content="Seven tons.")
    plain = {"role": "assistant", "content": "Seven tons."}
    assert weighbridge.count_chat([*TALK, answer], "gpt-4o") == weighbridge.count_chat([*TALK, plain], "gpt-4o")


def test_what_is_missing_is_said() -> None:
    """An image by address has no size, so there is no number."""
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    found = weighbridge.count_chat([{"role": "user", "content": [image]}], "gpt-4o")
    assert found.tokens is None
    assert found.missing == ("images: messages[0].content[0]: width, height",)


@pytest.mark.parametrize(
    ("arguments", "options", "error"),
    [
        (("hello", "gpt-4o"), {}, TypeError),
        ((TALK,), {}, TypeError),
        ((TALK, ["gpt-4o"]), {}, TypeError),
        ((TALK, "gpt-4o"), {"tools": "weigh"}, TypeError),
        (({"messages": TALK}, "gpt-4o"), {"tools": [TOOL]}, TypeError),
        (({"prompt": "hello"}, "gpt-4o"), {}, ValueError),
        ((TALK, "gpt-400"), {}, UnknownModel),
        (([{"role": "wizard"}], "gpt-4o"), {}, BadChatRequest),
        (([7], "gpt-4o"), {}, BadChatRequest),
    ],
)
def test_faults_say_what_to_pass(arguments: Any, options: Any, error: type[Exception]) -> None:
    """A wrong type, a shape of no provider, an unknown model and a faulty message."""
    with pytest.raises(error):
        weighbridge.count_chat(*arguments, **options)

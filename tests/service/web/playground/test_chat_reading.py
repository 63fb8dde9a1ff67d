"""What is typed as a chat or pasted as a request, and the sentence beside the field that is wrong."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.tokens.chat_requests import MAX_SHOWN_CHARACTERS
from service.web.playground.chat_reading import FieldFault, ReadChat, read_typed_chat, read_typed_request
from service.web.playground.draft import MAX_MESSAGES, CallDraft, ChatDraft, MessageDraft, PictureDraft
from service.web.playground.examples import CHAT_EXAMPLE, REQUEST_EXAMPLE

USER = MessageDraft("user", "Hello")
PARAMETERS = {"type": "object", "properties": {"plate": {"type": "string"}}}
OPENAI_TOOL = {"type": "function", "function": {"name": "weigh", "description": "Weigh.", "parameters": PARAMETERS}}
FLAT_TOOL = {"type": "function", "name": "weigh", "description": "Weigh.", "parameters": PARAMETERS}
ANTHROPIC_TOOL = {"name": "weigh", "description": "Weigh.", "input_schema": PARAMETERS}
WORDS = st.sampled_from(
    ["role", "user", "assistant", "tool", "content", "text", "type", "function", "name", "parameters", "input_schema",
     "messages", "contents", "parts", "input", "tools", "system", "image_url", "url", "width", "tool_calls", "é\n"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)
REQUESTS = {
    "openai_chat": {"messages": [{"role": "user", "content": "Hi"}]},
    "openai_responses": {"model": "gpt-4o", "input": "Hi"},
    "anthropic_messages": {"system": "Brief.", "messages": [{"role": "user", "content": "Hi"}]},
    "gemini_contents": {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
}


def body_of(draft: ChatDraft) -> Any:
    """Return the request of a draft without faults."""
    found = read_typed_chat(draft)
    assert isinstance(found, ReadChat)
    return found.body


def fault_of(found: ReadChat | FieldFault | None) -> FieldFault:
    """Return the fault that was found."""
    assert isinstance(found, FieldFault)
    return found


@pytest.mark.parametrize("shape", REQUESTS)
def test_a_pasted_request_is_recognised(shape: str) -> None:
    """Each of the four shapes is known by what is in it."""
    found = read_typed_request(json.dumps(REQUESTS[shape]))
    assert isinstance(found, ReadChat)
    assert (found.chat.shape, found.body) == (shape, None)


def test_nothing_is_no_fault() -> None:
    """An empty field and a chat of empty messages are nothing to count yet."""
    assert read_typed_request(" \n") is None
    assert read_typed_chat(ChatDraft()) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{\n"messages": [\n', "The request is not JSON: it ends while parsing a list at line 3 column 0."),
        ('{"messages": }', "The request is not JSON: expected value at line 1 column 14."),
        ("[]", "it needs messages, input or contents"),
        ('{"prompt": "Hi"}', "it needs messages, input or contents"),
        ('{"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}', "Bedrock"),
        (
            '{"messages": [\n{"role": "user", "content": "Hi"},\n{"role": "oracle"}]}',
            "Line 3: messages[1].role must be",
        ),
        ('{"messages": [\n{"content": "Hi"}]}', "Line 2: messages[0].role is missing."),
    ],
)
def test_a_fault_of_a_request_has_its_line(text: str, sentence: str) -> None:
    """Invalid JSON, an unknown shape and an unknown role are named with their line."""
    found = fault_of(read_typed_request(text))
    assert found.field == "request"
    assert sentence in found.sentence


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([OPENAI_TOOL]),
        json.dumps([FLAT_TOOL]),
        json.dumps([ANTHROPIC_TOOL]),
        json.dumps(OPENAI_TOOL),
        json.dumps({"tools": [ANTHROPIC_TOOL]}),
    ],
)
def test_tools_of_any_shape_are_functions(text: str) -> None:
    """An array, one tool or an object with tools, as OpenAI's two APIs or Anthropic's have them, are the same tools."""
    assert body_of(ChatDraft((USER,), text))["tools"] == [OPENAI_TOOL]


def test_a_tool_of_a_provider_stays_what_it_is() -> None:
    """What is no function is passed on; its count says that it is not known."""
    tool = {"type": "web_search_20250305", "name": "web_search"}
    assert body_of(ChatDraft((USER,), json.dumps([tool])))["tools"] == [tool]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[\n{,}]", "The list of tools is not JSON: key must be a string at line 2 column 2."),
        ('[\n  {"type": "function",\n   "function": {}}\n]', "Line 3: tools[0].function.name is missing."),
        (
            '{"tools": [{"type": "function",\n"function": {"name": 7}}]}',
            "Line 2: tools[0].function.name must be a string.",
        ),
        ("7", "Tools are a JSON array of functions."),
        ('["weigh"]', "Line 1: tools[0] must be an object."),
        ('{"a": 1, "a": 2}', 'The list of tools names "a" more than once in one object.'),
    ],
)
def test_a_fault_of_the_tools_has_its_line(text: str, sentence: str) -> None:
    """Faults are named even before there is a message."""
    assert read_typed_chat(ChatDraft((USER,), text)) == FieldFault("tools", sentence)
    assert read_typed_chat(ChatDraft((MessageDraft(),), text)) == FieldFault("tools", sentence)


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (MessageDraft("oracle", "Hi"), "The role 'oracle' is not known: choose system, user, assistant or tool."),
        (MessageDraft(pictures=(PictureDraft("0", "5"),)), "The width of a picture is a whole number of pixels from 1"),
        (MessageDraft(pictures=(PictureDraft("5", "1.5"),)), "The height of a picture is a whole number of pixels"),
        (MessageDraft(pictures=(PictureDraft("5", "٣"),)), "The height of a picture is a whole number of pixels"),
        (MessageDraft("assistant", calls=(CallDraft(),)), "A call needs the name of a function."),
        (MessageDraft("assistant", calls=(CallDraft("weigh", "{"),)), "The argument text of weigh is not JSON"),
    ],
)
def test_a_fault_of_a_message_has_its_place(message: MessageDraft, sentence: str) -> None:
    """The place is that in the form, where empty messages count too."""
    found = fault_of(read_typed_chat(ChatDraft((MessageDraft(), USER, message))))
    assert (found.field, found.place) == ("message", 2)
    assert sentence in found.sentence


def test_too_many_messages() -> None:
    """A chat that is too long for the form can be pasted."""
    assert isinstance(read_typed_chat(ChatDraft((USER,) * MAX_MESSAGES)), ReadChat)
    found = fault_of(read_typed_chat(ChatDraft((USER,) * (MAX_MESSAGES + 1))))
    assert (found.field, "paste" in found.sentence) == ("messages", True)


def test_a_picture_is_its_size_and_nothing_else() -> None:
    """The request has width and height as the API takes them; a side that is not given is left out."""
    pictures = (PictureDraft("800", "600"), PictureDraft("800"))
    (message,) = body_of(ChatDraft((MessageDraft("user", "Look", pictures),)))["messages"]
    assert message["content"] == [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"width": 800, "height": 600}},
        {"type": "image_url", "image_url": {"width": 800}},
    ]


def test_results_belong_to_the_calls_before_them() -> None:
    """Calls get ids of nine letters and digits, which every template takes, and results have them in order."""
    calls = (CallDraft("weigh", '{"a": 1}'), CallDraft("weigh"))
    result = MessageDraft("tool", "ok")
    messages = body_of(ChatDraft((USER, MessageDraft("assistant", calls=calls), result, result, result)))["messages"]
    assert [call["id"] for call in messages[1]["tool_calls"]] == ["call00001", "call00002"]
    assert [call["function"]["arguments"] for call in messages[1]["tool_calls"]] == ['{"a": 1}', "{}"]
    assert [message.get("tool_call_id") for message in messages[2:]] == ["call00001", "call00002", None]


def test_the_examples_have_no_fault() -> None:
    """The chat has a picture, a call and a tool, and so has the request, in Anthropic's shape."""
    assert isinstance(read_typed_chat(CHAT_EXAMPLE), ReadChat)
    found = read_typed_request(REQUEST_EXAMPLE)
    assert isinstance(found, ReadChat)
    assert found.chat.shape == "anthropic_messages"


@given(VALUES, st.sampled_from(["messages", "contents", "input", "tools"]), st.text(max_size=4))
def test_any_json_is_read_or_has_a_fault(value: object, name: str, after: str) -> None:
    """Whatever is pasted as a request or as tools is counted, or named in a sentence that is not too long."""
    for text in (json.dumps({name: value}, indent=1), json.dumps(value) + after):
        for found in (read_typed_request(text), read_typed_chat(ChatDraft((USER,), text))):
            assert found is None or isinstance(found, ReadChat) or 0 < len(found.sentence) <= 2 * MAX_SHOWN_CHARACTERS

"""The second turn of a conversation: every message that the gateway sends is accepted when it comes back."""

import json
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.gateway.dialects import parse_choices
from service.gateway.request import ChatRequest, ChatRequests
from service.gateway.upstream_faults import BadUpstreamResponse
from service.http.errors import Refusal
from tests.fake_upstream import DONE, FINISH, FakeUpstream, Script, chunk, usage_chunk
from tests.service.gateway.served_gateway import Caller, Gateway

CALL = {"id": "call_1", "type": "function", "function": {"name": "weigh", "arguments": '{"lorry": 7}'}}
# What servers put into an answer beside its text.
EXTRAS: dict[str, Any] = {
    "annotations": [],
    "audio": None,
    "citations": ["a page"],
    "function_call": None,
    "images": [{"type": "image_url", "image_url": {"url": "data:,"}}],
    "logprobs": None,
    "prefix": True,
    "provider_specific_fields": {"a": 1},
    "reasoning": "I think",
    "reasoning_content": "I think",
    "reasoning_details": [{"type": "reasoning.text", "text": "I think"}],
    "refusal": None,
    "thinking_blocks": [{"type": "thinking", "thinking": "I think", "signature": "x"}],
    "token_ids": [1, 2],
    "tool_calls": [],
    "weight": 1,
}
SHAPES: list[dict[str, Any]] = [
    *({"content": "Hello", name: value} for name, value in EXTRAS.items()),
    {"content": "Hello", **EXTRAS},
    {"content": None},
    {"content": ""},
    {},
    {"content": [{"type": "text", "text": "Hello"}]},
    {
        "content": [
            {"type": "thinking", "thinking": [{"type": "text", "text": "I think"}]},
            {"type": "text", "text": "Hi"},
        ]
    },
    {"content": None, "refusal": "No."},
    {"content": None, "tool_calls": [CALL]},
    {"content": "", "tool_calls": [{**CALL, "index": 0, "provider_specific_fields": None}]},
    {"content": None, "tool_calls": [{"function": {"name": "weigh", "arguments": {"lorry": 7}}}]},
    {"content": None, "tool_calls": [{"id": None, "type": None, "function": {"name": "weigh", "arguments": None}}]},
    {"content": None, "tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "x", "input": "y"}}]},
    {"content": None, "function_call": {"name": "weigh", "arguments": "{}"}},
    {"role": "model", "content": "Hello"},
]
QUESTION = {"role": "user", "content": "Hello"}


def answered(message: dict[str, Any]) -> Script:
    """Return an upstream's answer with this message."""
    answer = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    return Script([json.dumps(answer).encode()], content_type="application/json")


@pytest.mark.parametrize("message", SHAPES, ids=lambda message: ",".join(message) or "empty")
def test_an_answer_may_be_sent_back(caller: Caller, gateway: Gateway, message: dict[str, Any]) -> None:
    """The message of a whole answer, as it came, is a message of the next request."""
    gateway.upstream.answer = lambda _: answered(message)
    first = caller.chat()
    assert first.status_code == 200, first.text
    received = first.json()["choices"][0]["message"]
    assert received["role"] == "assistant"
    again = caller.chat(messages=[QUESTION, received, QUESTION])
    assert again.status_code == 200, again.text
    forwarded = gateway.upstream.seen[-1]["messages"][1]
    assert forwarded.keys() <= {"role", "content", "refusal", "tool_calls", "function_call"}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=6,
)
CALLS = st.lists(
    st.fixed_dictionaries(
        {"function": st.fixed_dictionaries({"name": st.text(max_size=5)}, optional={"arguments": VALUES})},
        optional={"id": st.none() | st.text(max_size=5), "type": st.sampled_from(["function", "custom", None, ""])},
    ),
    max_size=3,
)
CONTENT = st.none() | st.text(max_size=9) | st.lists(st.fixed_dictionaries({"type": VALUES}, optional={"text": VALUES}))
MESSAGES = st.fixed_dictionaries(
    {}, optional={"content": CONTENT, "tool_calls": CALLS | VALUES, **dict.fromkeys(EXTRAS, VALUES)}
)


@given(MESSAGES)
def test_whatever_is_handed_out_is_accepted(message: dict[str, Any]) -> None:
    """An upstream's message is either refused as a bad response, or accepted when it is sent back."""
    try:
        (choice,) = parse_choices({"choices": [{"message": message}]})
    except BadUpstreamResponse:
        return
    body = json.dumps({"model": "cipher", "messages": [QUESTION, choice["message"]]}).encode()
    parsed = ChatRequests("cipher").parse(body)
    assert isinstance(parsed, ChatRequest), parsed


def test_a_streamed_answer_may_be_sent_back(caller: Caller, gateway: Gateway) -> None:
    """What the official client puts together of a stream with a tool's call is a message of the next request, and the
    result of the tool may carry the tool's name."""
    pieces: list[dict[str, Any]] = [
        {"role": "assistant", "content": None, "reasoning_content": "I think"},
        {
            "tool_calls": [
                {"index": 0, "id": "call_1", "type": "function", "function": {"name": "weigh", "arguments": ""}}
            ]
        },
        {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]},
    ]
    end = chunk({}, finish="tool_calls")
    gateway.upstream.answer = lambda _: Script([*map(chunk, pieces), end, usage_chunk(1, 2), DONE])
    with (
        openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=caller.secret, max_retries=0) as client,
        client.chat.completions.stream(model="cipher", messages=[{"role": "user", "content": "x"}]) as stream,
    ):
        message = stream.get_final_completion().choices[0].message
    result = {"role": "tool", "tool_call_id": "call_1", "name": "weigh", "content": None}
    gateway.upstream.answer = lambda _: answered({"content": "7 t"})
    assert caller.chat(messages=[QUESTION, message.model_dump(), result]).status_code == 200
    assert gateway.upstream.seen[-1]["messages"][2] == {**result, "content": ""}


@pytest.mark.parametrize(
    "asked",
    [
        {"tools": [], "tool_choice": "auto", "parallel_tool_calls": True},
        {"stop": []},
        {"functions": [], "function_call": "auto"},
        {"modalities": ["text"]},
    ],
)
def test_what_says_nothing_is_accepted(caller: Caller, upstream: FakeUpstream, asked: dict[str, Any]) -> None:
    """Empty lists, and the only supported modality, are accepted and not forwarded."""
    assert caller.chat(**asked).status_code == 200
    assert asked.keys().isdisjoint(upstream.seen[-1])


def test_functions_are_forwarded(caller: Caller, upstream: FakeUpstream) -> None:
    """The older form of tools goes upstream as it is, with calls and results of that form."""
    functions = [{"name": "weigh", "parameters": {"type": "object", "properties": {}}}]
    call = {"role": "assistant", "content": None, "function_call": {"name": "weigh", "arguments": "{}"}}
    messages = [QUESTION, call, {"role": "function", "name": "weigh", "content": "7 t"}]
    assert caller.chat(functions=functions, function_call={"name": "weigh"}, messages=messages).status_code == 200
    assert upstream.seen[-1]["functions"] == functions
    assert upstream.seen[-1]["messages"] == [QUESTION, call | {"content": ""}, messages[2]]


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"tools": [{"type": "function"}]}, "tools[0].function: must be an object, not null."),
    ({"tools": [{"type": "web_search"}]}, 'tools[0].type: must be "function", not "web_search".'),
    ({"tools": [{"type": "function", "function": {"name": 5}}]}, "tools[0].function.name: must be a string, not 5."),
    ({"tools": {}}, "tools: must be a list of 1 to 128, each a function with a name, not an object."),
    ({"stop": ["a", 5]}, "stop[1]: must be a string, not 5."),
    ({"stop": ["a"] * 17}, "stop: must have 1 to 16 items, not 17."),
    ({"modalities": ["text", "audio"]}, 'modalities[1]: must be "text", not "audio".'),
    ({"messages": []}, "messages: must be a list of at least one message, not an empty list."),
    ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id: this property is missing."),
    ({"messages": [{"role": "user", "content": []}]}, "must be a string or a list of parts, not an empty list."),
    ({"response_format": json.loads('{"a":' * 70 + "1" + "}" * 70)}, "is nested more than 64 levels deep."),
]


@pytest.mark.parametrize(("asked", "sentence"), FAULTS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_fault_is_named_where_it_is(asked: dict[str, Any], sentence: str) -> None:
    """A refusal names the innermost value at fault, and what it should be."""
    refusal = ChatRequests("cipher").parse(json.dumps({"model": "cipher", "messages": [QUESTION], **asked}).encode())
    assert isinstance(refusal, Refusal)
    assert sentence in refusal.message


def test_properties_that_the_operator_forwards() -> None:
    """A property of the setting goes upstream and counts as input; without it, it is refused."""
    body = json.dumps({"model": "cipher", "messages": [QUESTION], "top_k": 5, "min_p": 0.1}).encode()
    request = ChatRequests("cipher", ("top_k", "min_p")).parse(body)
    assert isinstance(request, ChatRequest)
    assert request.options == {"top_k": 5, "min_p": 0.1}
    assert request.texts == ("Hello", "5", "0.1")
    assert isinstance(ChatRequests("cipher", ("top_k",)).parse(body), Refusal)


@pytest.mark.parametrize("forwards", [True, False])
def test_reasoning_is_forwarded_where_it_is_wanted(forwards: bool) -> None:
    """`reasoning_content` of an answer that is sent back is kept, and counted, by setting alone."""
    back = {"role": "assistant", "content": "Hi", "reasoning_content": "I think"}
    body = json.dumps({"model": "cipher", "messages": [QUESTION, back]}).encode()
    request = ChatRequests("cipher", with_reasoning=forwards).parse(body)
    assert isinstance(request, ChatRequest)
    assert ("reasoning_content" in request.messages[1], "I think" in request.texts) == (forwards, forwards)


@pytest.mark.parametrize(
    ("delta", "finish_reason"),
    [
        ({"content": 5}, None),
        ({"content": "x"}, 5),
        ({"tool_calls": {}}, None),
        ({"tool_calls": [5]}, None),
        ({"role": 5}, None),
    ],
)
def test_a_piece_of_another_type_is_a_bad_answer(
    caller: Caller, gateway: Gateway, delta: dict[str, Any], finish_reason: Any
) -> None:
    """A stream or a whole answer that no client could read is 502, and free."""
    piece = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}
    whole = {"choices": [{"index": 0, "message": {"content": "x", **delta}, "finish_reason": finish_reason}]}
    gateway.upstream.answer = lambda body: (
        Script([b"data: " + json.dumps(piece).encode() + b"\n\n", DONE])
        if body.get("stream")
        else Script([json.dumps(whole).encode()], content_type="application/json")
    )
    answers = [caller.chat(stream=True), caller.chat()]
    assert [answer.json()["error"]["code"] for answer in answers] == ["bad_upstream_response"] * 2


def test_empty_events_are_passed_over(caller: Caller, gateway: Gateway) -> None:
    """Events without data, which servers send to keep a connection alive, are ignored."""
    empty = b"data:\n\ndata: \n\n"
    gateway.upstream.answer = lambda _: Script(
        [empty, chunk({"content": "Hello"}), empty, FINISH, usage_chunk(1, 2), DONE]
    )
    assert "data: [DONE]" in caller.chat(stream=True).text

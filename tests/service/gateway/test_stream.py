"""Streams: the order of their chunks, their bill, and how failed streams end."""

import json
from typing import Any

import pytest

from service.billing.ledger import Balance, HoldState
from service.billing.money import MICRO_INR
from tests.fake_upstream import DONE, FINISH, Cut, FakeUpstream, Script, Stall, chunk, event, said, stream, usage_chunk
from tests.promises.figure import Figure
from tests.service.gateway.served_gateway import Caller, Gateway, events_of

COMMENT = (
    ": x-credit-balance-inr=99.9977 x-credit-spent-inr=0.002250 x-request-cost-inr=0.002250"
    " x-tokens-input=10 x-tokens-output=20"
)


@pytest.mark.promise(26)
def test_a_stream_is_the_contracts(caller: Caller) -> None:
    """Chunks have the gateway's names; the bill is in the chunk with finish_reason and in a comment before [DONE]."""
    answer = caller.chat(stream=True)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    events = events_of(answer.text)
    assert answer.text.endswith(f"\n\n{COMMENT}\n\ndata: [DONE]\n\n")
    *chunks, done = events
    assert done == "[DONE]"
    for one in chunks:
        assert (one["object"], one["model"], one["system_fingerprint"]) == (
            "chat.completion.chunk", "cipher", "atms-fp-1"
        )  # fmt: skip
        assert one["id"] == chunks[0]["id"]
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in chunks) == "Hello world"
    assert [one["choices"][0]["finish_reason"] for one in chunks] == [None, None, None, "stop"]
    assert chunks[-1]["billing"] == {
        "request_cost_inr": "0.002250",
        "credit_balance_inr": "99.9977",
        "credit_spent_inr": "0.002250",
        "tokens_input": 10,
        "tokens_output": 20,
        "estimated": False,
    }
    assert not any("billing" in one for one in chunks[:-1])
    assert not any("usage" in one for one in chunks)


def test_the_head_of_a_stream(caller: Caller) -> None:
    """The head has balance, spending and the gateway's own count of the input, which are known before the call."""
    headers = caller.chat(stream=True).headers
    told = {name: value for name, value in headers.items() if name.startswith(("x-credit", "x-tokens", "x-request-c"))}
    assert told == {"x-credit-balance-inr": "100.0000", "x-credit-spent-inr": "0.000000", "x-tokens-input": "10"}
    assert headers["x-powered-by"] == "atomesus"
    assert len(headers["x-request-id"]) == 32


@pytest.mark.promise(26)
def test_usage_is_shown_as_asked(caller: Caller, gateway: Gateway) -> None:
    """The upstream is always asked for usage. Callers who ask find it in the standard last chunk alone: who adds up
    all chunks gets the tokens of the bill."""
    chunks = events_of(caller.chat(stream=True, stream_options={"include_usage": True}).text)[:-1]
    assert chunks[-1]["choices"] == []
    usage = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    assert [one["usage"] for one in chunks] == [None] * 4 + [usage]
    assert chunks[-2]["billing"]["request_cost_inr"] == "0.002250"
    caller.chat(stream=True, stream_options={"include_usage": False})
    assert [body["stream_options"] for body in gateway.upstream.seen] == [{"include_usage": True}] * 2


def test_real_final_headers_on_request(caller: Caller) -> None:
    """With X-Billing-Headers: final the whole stream comes in one piece, with the headers of its bill."""
    answer = caller.chat(stream=True, headers={"X-Billing-Headers": "final"})
    assert answer.text.endswith("data: [DONE]\n\n")
    assert answer.headers["content-length"] == str(len(answer.content))
    assert [answer.headers[f"x-{name}"] for name in ("request-cost-inr", "credit-balance-inr", "tokens-output")] == [
        "0.002250", "99.9977", "20"
    ]  # fmt: skip


def test_several_answers_side_by_side(caller: Caller, gateway: Gateway) -> None:
    """Every answer gets its finish_reason, the last of them with the bill, and all texts are counted."""
    pieces = [
        chunk({"content": "a"}),
        chunk({"content": "b"}, index=1),
        chunk({}, finish="stop"),
        chunk({"content": "c"}, index=1),
        chunk({}, index=1, finish="length"),
    ]
    gateway.upstream.answer = lambda _: Script([*pieces, DONE])
    chunks = events_of(caller.chat(stream=True, n=2).text)[:-1]
    told = [(one["choices"][0]["index"], one["choices"][0]["finish_reason"], "billing" in one) for one in chunks]
    assert told == [
        (0, None, False), (1, None, False), (1, None, False), (0, "stop", False), (1, "length", True)
    ]  # fmt: skip
    assert caller.calls()[0].tokens.output == 2


def test_tool_calls_are_passed_on_and_counted(caller: Caller, gateway: Gateway) -> None:
    """The pieces of a tool call arrive, and without usage its name and arguments are counted."""
    calls = [{"index": 0, "id": "c", "type": "function", "function": {"name": "look", "arguments": ""}}]
    rest = [{"index": 0, "function": {"arguments": '{"a": 1}'}}]
    pieces = [chunk({"tool_calls": calls}), chunk({"tool_calls": rest}), chunk({}, finish="tool_calls")]
    gateway.upstream.answer = lambda _: Script([*pieces, DONE])
    chunks = events_of(caller.chat(stream=True).text)
    assert [one["choices"][0]["delta"].get("tool_calls") for one in chunks[:2]] == [calls, rest]
    assert caller.calls()[0].tokens.output == 1 + 6


@pytest.mark.promise(25)
@pytest.mark.parametrize("usage", [None, (None, None), ("x", -1)])
def test_missing_usage_of_a_stream_is_estimated(caller: Caller, gateway: Gateway, usage: Any) -> None:
    """Without usage the text is counted, and bill and record say so."""
    gateway.upstream.answer = lambda _: stream("Hello", " world", usage=usage)
    finish = events_of(caller.chat(stream=True).text)[-2]
    assert finish["billing"]["estimated"] is True
    assert (finish["billing"]["tokens_input"], finish["billing"]["tokens_output"]) == (10, 2)
    assert caller.calls()[0].estimated


@pytest.mark.promise(25)
def test_an_explicit_zero_of_a_stream_is_zero(caller: Caller, gateway: Gateway) -> None:
    """A stream that reports zero tokens costs nothing."""
    gateway.upstream.answer = lambda _: stream("Hello", usage=(0, 0))
    assert events_of(caller.chat(stream=True).text)[-2]["billing"]["request_cost_inr"] == "0.000000"
    assert caller.balance() == Balance(100 * MICRO_INR, 0)


@pytest.mark.promise(25)
def test_a_stream_that_reports_too_much_is_capped(caller: Caller, gateway: Gateway) -> None:
    """A huge usage is charged only up to the hold."""
    gateway.upstream.answer = lambda _: stream("Hello", usage=(10, 10**18))
    billing = events_of(caller.chat(stream=True, max_tokens=7).text)[-2]["billing"]
    call = caller.calls()[0]
    assert call.cost <= call.amount
    assert call.cost == 25 * billing["tokens_input"] + 100 * billing["tokens_output"]
    assert [entry.kind for entry in caller.entries()] == ["charge", "write_off"]


def test_a_stream_without_a_finish_reason(caller: Caller, gateway: Gateway) -> None:
    """A stream with [DONE] but without finish_reason is complete: the caller gets one, with the bill."""
    gateway.upstream.answer = lambda _: Script([*said("Hi"), DONE])
    finish = events_of(caller.chat(stream=True).text)[-2]
    assert finish["choices"][0]["finish_reason"] == "stop"
    assert "billing" in finish


def test_a_stream_without_done(caller: Caller, gateway: Gateway) -> None:
    """A stream that lacks only [DONE] after its last finish_reason is complete."""
    gateway.upstream.answer = lambda _: Script([*said("Hi"), FINISH, usage_chunk(3, 4)])
    assert events_of(caller.chat(stream=True).text)[-1] == "[DONE]"
    assert (caller.calls()[0].tokens, caller.calls()[0].estimated) == ((3, 4), False)


BROKEN: dict[str, Script] = {
    "cut": Script([*said("Hello", " world"), Cut]),
    "cut in a chunk": Script([*said("Hello", " world"), chunk({"content": "x"})[:-9], Cut]),
    "ended early": Script(said("Hello", " world")),
    "stalled": Script([*said("Hello", " world"), Stall()]),
    "garbage": Script([*said("Hello", " world"), b"data: {]\n\n"]),
    "no object": Script([*said("Hello", " world"), b"data: 5\n\n"]),
    "error event": Script([*said("Hello", " world"), event({"error": {"message": "boom"}})]),
    "wrong index": Script([*said("Hello", " world"), chunk({"content": "x"}, index=3)]),
    "wrong delta": Script([*said("Hello", " world"), event({"choices": [{"index": 0, "delta": "x"}]})]),
}


@pytest.mark.promise(24)
@pytest.mark.parametrize("how", BROKEN)
def test_a_stream_that_breaks_says_so(
    impatient_caller: Caller, upstream: FakeUpstream, how: str, figure: Figure
) -> None:
    """A broken stream ends with an error event and without [DONE], and only the delivered text is charged."""
    caller = impatient_caller
    upstream.answer = lambda _: BROKEN[how]
    answer = caller.chat(stream=True)
    events = events_of(answer.text)
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in events[:-1]) == "Hello world"
    error = events[-1]["error"]
    assert (error["type"], error["code"]) == ("api_error", "bad_upstream_response")
    assert error["billing"]["request_cost_inr"] == "0.000450"
    call = caller.calls()[0]
    assert (call.tokens, call.cost, call.estimated, call.outcome) == ((10, 2), 450, True, "upstream_broke")
    assert caller.balance() == Balance(100 * MICRO_INR - 450, 0)
    figure(f"{len(BROKEN)} ways to break: error event, 2 tokens delivered, 2 charged")


EARLY: dict[str, tuple[Script, int, str]] = {
    "status": (Script([b"{}"], 500, "application/json"), 502, "upstream_unavailable"),
    "cut": (Script([Cut]), 502, "upstream_unavailable"),
    "empty": (Script([]), 502, "upstream_unavailable"),
    "role only": (Script([*said(), Cut]), 502, "upstream_unavailable"),
    "stalled": (Script([Stall()]), 504, "upstream_timeout"),
    "stalled after comments": (Script([b": wait\n\n", *said(), Stall()]), 504, "upstream_timeout"),
    "no stream": (Script([b"{}"], 200, "application/json"), 502, "bad_upstream_response"),
    "garbage": (Script([b"data: x\n\n"]), 502, "bad_upstream_response"),
    "only done": (Script([DONE]), 502, "bad_upstream_response"),
    "error event": (Script([event({"error": "boom"})]), 502, "upstream_unavailable"),
    "endless event": (Script([b"data: " + b"x" * 5_000_000]), 502, "bad_upstream_response"),
}


@pytest.mark.promise(23)
@pytest.mark.parametrize("how", EARLY)
def test_a_stream_that_fails_before_its_text_is_free(
    impatient_caller: Caller, upstream: FakeUpstream, how: str, figure: Figure
) -> None:
    """A failure before the first text is an ordinary error with its status and code, and costs nothing."""
    caller = impatient_caller
    script, status, code = EARLY[how]
    upstream.answer = lambda _: script
    answer = caller.chat(stream=True)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert caller.calls()[0].state is HoldState.VOID
    assert caller.balance() == Balance(100 * MICRO_INR, 0)
    figure(f"{status} {code} costs 0")


def test_a_broken_stream_with_final_headers_is_not_retried(caller: Caller, gateway: Gateway) -> None:
    """A charged failure that is known before the head is sent asks clients not to retry."""
    gateway.upstream.answer = lambda _: BROKEN["cut"]
    answer = caller.chat(stream=True, headers={"X-Billing-Headers": "final"})
    assert (answer.headers["x-should-retry"], answer.headers["x-request-cost-inr"]) == ("false", "0.000450")


def test_pieces_cut_anywhere_are_put_together(caller: Caller, gateway: Gateway) -> None:
    """A stream that arrives byte by byte, with CRLF line ends, is the same stream."""
    whole = b"".join(piece for piece in stream("Héllo", " wörld").pieces if isinstance(piece, bytes))
    whole = whole.replace(b"\n", b"\r\n")
    gateway.upstream.answer = lambda _: Script([bytes([byte]) for byte in whole])
    events = events_of(caller.chat(stream=True).text)
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in events[:-1]) == "Héllo wörld"


def test_the_record_of_a_call(caller: Caller, gateway: Gateway) -> None:
    """The usage of a call is found by the completion's id and by X-Request-Id, with its own key only."""
    answer = caller.chat(stream=True)
    call_id = events_of(answer.text)[0]["id"]
    found = [
        caller.http.get(f"/api/gateway/usage/{reference}").json()
        for reference in (call_id, call_id.removeprefix("chatcmpl-"), answer.headers["x-request-id"])
    ]
    assert found[0] == found[1] == found[2]
    assert {name: found[0][name] for name in ("id", "state", "outcome", "request_cost_inr", "estimated")} == {
        "id": call_id, "state": "settled", "outcome": "completed", "request_cost_inr": "0.002250", "estimated": False
    }  # fmt: skip
    stranger = gateway.caller(account_id=caller.account_id)
    assert stranger.http.get(f"/api/gateway/usage/{call_id}").status_code == 404
    page = caller.http.get("/api/gateway/usage?limit=1").json()
    assert ([one["id"] for one in page["data"]], page["has_more"]) == ([call_id], False)
    assert page["credit_balance_inr"] == "99.9977"


def test_calls_of_one_trace(caller: Caller) -> None:
    """Two calls under one traceparent are two charges; their shared id is refused as ambiguous."""
    trace = {"traceparent": f"00-{'a' * 31}1-{'b' * 16}-01"}
    first, second = caller.chat(headers=trace), caller.chat(headers=trace)
    assert first.headers["x-request-id"] == second.headers["x-request-id"] == "a" * 31 + "1"
    assert caller.http.get(f"/api/gateway/usage/{'a' * 31}1").status_code == 409
    ids = [json.loads(answer.content)["id"] for answer in (second, first)]
    assert [one["id"] for one in caller.http.get("/api/gateway/usage").json()["data"]] == ids

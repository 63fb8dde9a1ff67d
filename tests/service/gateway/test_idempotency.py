"""Idempotency-Key: one call, one charge, one answer."""

from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.eventually import eventually
from tests.fake_upstream import DONE, FINISH, Script, Stall, refusal, said, usage_chunk
from tests.promises.figure import Figure
from tests.service.gateway.raw_caller import body_of_a_stream, calling, read_until
from tests.service.gateway.served_gateway import CHAT, HELLO, Caller, Gateway, events_of

REST = [*said(" again"), FINISH, usage_chunk(1, 2), DONE]
KEY = {"Idempotency-Key": "order 17"}
KEY_AND_JSON = {**KEY, "Content-Type": "application/json"}
STREAM = body_of_a_stream()
BILL = ("x-request-cost-inr", "x-credit-balance-inr", "x-credit-spent-inr", "x-tokens-input", "x-tokens-output")


@pytest.mark.promise(20)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_repeated_call_is_charged_once(caller: Caller, gateway: Gateway, streamed: bool) -> None:
    """The same key and body get the same answer and bill, from memory, and the upstream is asked once."""
    first = caller.chat(stream=streamed, headers=KEY)
    again = caller.chat(stream=streamed, headers=KEY)
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotency-replayed"] == "true"
    if not streamed:
        assert [again.headers[name] for name in BILL] == [first.headers[name] for name in BILL]
    assert len(gateway.upstream.seen) == 1
    assert len(caller.entries()) == 1


@pytest.mark.promise(20)
def test_another_body_is_refused(caller: Caller, gateway: Gateway) -> None:
    """A key that comes back with another body gets 422; another API key may use it freely."""
    caller.chat(headers=KEY)
    answer = caller.chat(headers=KEY, temperature=1)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "idempotency_key_reused")
    assert gateway.caller().chat(headers=KEY, temperature=1).status_code == 200


@pytest.mark.promise(20)
def test_while_the_first_call_runs(caller: Caller, gateway: Gateway) -> None:
    """A repetition that arrives too early gets 409 with Retry-After; later it gets the answer."""
    stall = Stall()
    gateway.upstream.answer = lambda _: Script([*said("Hello"), stall, FINISH, DONE])
    with calling(caller, KEY) as connection:
        read_until(connection, b"Hello")
        early = caller.http.post(CHAT, content=STREAM, headers=KEY_AND_JSON)
        stall.go()
        read_until(connection, b"[DONE]")
    late = caller.http.post(CHAT, content=STREAM, headers=KEY_AND_JSON)
    assert (early.status_code, early.json()["error"]["code"]) == (409, "idempotency_key_in_use")
    assert early.headers["retry-after"] == "1"
    assert events_of(late.text)[-1] == "[DONE]"
    assert len(caller.entries()) == 1


@pytest.mark.promise(20)
def test_fifty_repetitions_at_once(caller: Caller, gateway: Gateway, figure: Figure) -> None:
    """Of many simultaneous calls with one key exactly one is made; the others get its answer or 409."""
    with ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(lambda _: caller.chat(headers=KEY), range(50)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert len(gateway.upstream.seen) == 1
    assert len(caller.entries()) == 1
    figure(f"{len(answers)} calls with one Idempotency-Key: 1 sent upstream, 1 charge")


@pytest.mark.promise(20)
def test_a_caller_who_hangs_up_finds_the_whole_answer(caller: Caller, gateway: Gateway) -> None:
    """With a key the stream is read to its end without its caller, who gets all of it on the next try."""
    stall = Stall()
    gateway.upstream.answer = lambda _: Script([*said("Hello"), stall, *REST])
    with calling(caller, KEY) as connection:
        read_until(connection, b"Hello")
    stall.go()
    assert caller.closed_call().outcome == "completed"
    answers: list[httpx2.Response] = []

    def is_answered() -> bool:
        answers.append(caller.http.post(CHAT, content=STREAM, headers=KEY_AND_JSON))
        return answers[-1].status_code != 409

    eventually(is_answered, within=30)
    answer = answers[-1]
    events = events_of(answer.text)
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in events[:-1]) == "Hello again"
    assert answer.headers["x-request-cost-inr"] == "0.000225"


@pytest.mark.promise(20)
def test_a_free_failure_may_be_repeated(caller: Caller, gateway: Gateway) -> None:
    """A call that failed without a charge can be made again under the same key."""
    gateway.upstream.answer = lambda _: refusal(500)
    assert caller.chat(headers=KEY).status_code == 502
    gateway.upstream.answer = lambda _: Script([b'{"choices":[{"message":{}}]}'], content_type="application/json")
    assert caller.chat(headers=KEY).status_code == 200


@pytest.mark.parametrize("key", ["", "x" * 256, "é"])
def test_keys_that_are_none(caller: Caller, key: str) -> None:
    """Empty, long and non-ASCII keys are refused before anything is held."""
    answer = caller.http.post(CHAT, json=HELLO, headers=[(b"Idempotency-Key", key.encode("latin-1"))])
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert caller.calls() == []

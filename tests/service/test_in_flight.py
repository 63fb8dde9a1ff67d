"""The budget of bytes: bounded for all together, never a refusal for one alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive

from service.body import BodyReader
from service.errors import Refusal
from service.in_flight import InFlight
from service.trace import Trace

STEPS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 60)), max_size=60)


@given(steps=STEPS)
def test_the_budget_holds(steps: list[tuple[int, int]]) -> None:
    """Whatever requests come and end, more than the limit is held by one request alone or not at all, and in the end
    nothing is held."""
    budget, requests = InFlight(100), [Trace("") for _ in range(4)]
    for who, size in steps:
        trace = requests[who]
        if not budget.take_for_request(trace, size):
            trace.end()
            requests[who] = Trace("")
        held = [request.held_bytes for request in requests]
        assert budget.held_bytes == sum(held)
        assert sum(held) <= 100 or sum(map(bool, held)) == 1
    for request in requests:
        request.end()
    assert budget.held_bytes == 0


@pytest.mark.anyio
async def test_a_body_is_held_until_its_request_is_over() -> None:
    """A body that finds the budget taken is a 503 that closes the connection; afterwards it is read."""
    budget = InFlight(100)
    reader = BodyReader(1_000, 5, budget)
    first, second = Trace("a"), Trace("b")
    assert await reader.read(scope(first), received([b"x" * 90])) == b"x" * 90
    refused = await reader.read(scope(second), received([b"x" * 5, b"x" * 10]))
    assert isinstance(refused, Refusal)
    assert (refused.status, refused.close, dict(refused.headers)) == (503, True, {b"retry-after": b"1"})
    for trace in (first, second):
        trace.end()
    assert budget.held_bytes == 0
    assert await reader.read(scope(Trace("c")), received([b"x" * 500])) == b"x" * 500


def scope(trace: Trace) -> dict[str, object]:
    """The scope of a JSON call."""
    return {"headers": [(b"content-type", b"application/json")], "weighbridge.trace": trace}


def received(chunks: list[bytes]) -> Receive:
    """The messages of a body."""
    left = list(chunks)

    async def receive() -> Message:
        chunk = left.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(left)}

    return receive

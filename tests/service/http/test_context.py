"""The memory that requests share: limited in total and for each sender, never refused to a request that is alone."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive

from service.http.context import Hold, InFlight, RequestContext, sender_of
from service.http.errors import Refusal
from service.http.request_limits import WHOLE_BODY, BodyReader, memory_of

LIMIT = 1_000
STEPS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(("take", "keep", "release")), st.integers(0, 600)), max_size=80
)


@dataclass
class Reference:
    """The bytes that requests hold, added up again for each question."""

    senders: list[str]
    held: list[int]

    def may_take(self, who: int, size: int) -> bool:
        """Return whether no other sender holds anything, or three times what the sender then holds stays free."""
        if sum(self.held) == self.held[who]:
            return True
        of_sender = sum(
            held for held, sender in zip(self.held, self.senders, strict=True) if sender == self.senders[who]
        )
        return LIMIT - sum(self.held) - size >= 3 * (of_sender + size)


@given(steps=STEPS)
def test_the_room_agrees_with_adding_up_anew(steps: list[tuple[int, str, int]]) -> None:
    """For any operations of six requests of three senders, what is admitted and held agrees with the reference."""
    room, senders = InFlight(LIMIT), ["a", "a", "a", "b", "b", "c"]
    holds = [Hold(room, sender) for sender in senders]
    reference = Reference(senders, [0] * len(senders))
    for who, step, size in steps:
        if step == "take":
            allowed = reference.may_take(who, size)
            assert holds[who].take(size) == allowed
            reference.held[who] += size if allowed else 0
        else:
            reference.held[who] = min(reference.held[who], size if step == "keep" else 0)
            holds[who].keep(reference.held[who])
        assert [hold.held_bytes for hold in holds] == reference.held
        assert room.held_bytes == sum(reference.held)
    for hold in holds:
        hold.release()
    assert room.held_bytes == 0
    assert not any(map(room.held_by, "abc"))


@pytest.mark.promise(45)
@given(sizes=st.lists(st.lists(st.integers(1, 16_000_000), min_size=1, max_size=40), min_size=1, max_size=4))
def test_four_senders_leave_room_for_the_largest_text(sizes: list[list[int]]) -> None:
    """Whatever four senders take and never release, one after the other, another can hold the largest ASCII text, once
    as it came and four bytes a character while it is counted."""
    room = InFlight(256_000_000)
    for number, requests in enumerate(sizes):
        for size in requests:
            Hold(room, f"sender {number}").take(size)
    other = Hold(room, "other")
    assert other.take(4_000_000)
    assert other.take(4 * 4_000_000)


@pytest.mark.parametrize(
    ("account", "client", "sender"),
    [
        ("acme", ("203.0.113.9", 1), "acme"),
        (None, ("203.0.113.9", 1), "203.0.113.9"),
        (None, ("2001:db8:1:2:3:4:5:6", 1), "2001:db8:1:2::/64"),
        (None, ("::ffff:203.0.113.9", 1), "203.0.113.9"),
        (None, None, "unknown"),
    ],
)
def test_a_sender_is_an_account_or_a_network(account: str | None, client: tuple[str, int] | None, sender: str) -> None:
    """The sender is the account, from any address; without an account it is the address, or its IPv6 network."""
    assert sender_of({"client": client}, RequestContext("", account_id=account)) == sender


@pytest.mark.anyio
async def test_a_body_is_held_until_its_request_is_over() -> None:
    """A body for which no memory is free is a 503 that closes the connection; afterwards the body is read."""
    room = InFlight(100)
    reader = BodyReader(1_000, 5, room)
    first, second = RequestContext("a"), RequestContext("b")
    assert await reader.read(scope(first), received([b"x" * 90])) == b"x" * 90
    refused = await reader.read(scope(second), received([b"x" * 5, b"x" * 10]))
    assert isinstance(refused, Refusal)
    assert (refused.status, refused.close, dict(refused.headers)) == (503, True, {b"retry-after": b"1"})
    for context in (first, second):
        context.end()
    assert room.held_bytes == 0
    assert await reader.read(scope(RequestContext("c")), received([b"x" * 500])) == b"x" * 500


@pytest.mark.anyio
async def test_a_small_body_leaves_the_scope_when_it_is_read() -> None:
    """A small body that came with its head is held like any other, and is not kept in the scope of a long request."""
    room, context = InFlight(100), RequestContext("a")
    given = {**scope(context), WHOLE_BODY: b"x" * 10}
    assert await BodyReader(1_000, 5, room).read(given, received([])) == b"x" * 10
    assert (WHOLE_BODY in given, context.held_bytes, room.held_by("unknown")) == (False, 10, 10)


def test_memory_of_a_value_is_that_of_all_in_it() -> None:
    """Names and values count, at any depth."""
    text = "x" * 10_000
    assert 30_000 < memory_of([{text: [text, {"a": text}]}]) < 32_000


def scope(context: RequestContext) -> dict[str, object]:
    """Return the scope of a JSON call."""
    return {"headers": [(b"content-type", b"application/json")], "weighbridge.context": context}


def received(chunks: list[bytes]) -> Receive:
    """Return the messages of a body."""
    left = list(chunks)

    async def receive() -> Message:
        chunk = left.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(left)}

    return receive

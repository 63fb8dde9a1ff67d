"""A body with an array that came before is decoded as one that is read whole, be it JSON or not."""

import json as standard_json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http import json
from service.http.repeated_arrays import HEAD_BYTES, MAX_BODY_BYTES, MAX_LEARNED, RepeatedArrays
from tokenizer_registry.content_memory import KeptList

TOOLS = [{"name": "weigh", "parameters": {"enum": ["scale]", 'a "lorry" [', "é\n"]}}, 1.5, "x" * HEAD_BYTES]
# What stands before and behind the tools: all of it is JSON with some of the other, most of it is not.
BEFORE = (
    '{"tools":',
    '{"tools": ',
    '{"tools"  : ',
    '{"chat": {"messages": ["\\"tools\\":"], "tools": ',
    '{"chat": {"inner": {"tools":',
    '[{"tools":',
    '{"a": "tools":',
    '{"a"tools":',
    '{"a": "\\"tools":',
    '{"\\"tools":',
    '{"\\\\"tools":',
    '{"tools": 1, "tools":',
    '{"tools": [',
    '{"tools": [{"tools": ',
    '{"tools": 1e999, "chat": {"tools":',
    '"tools":',
    "",
)
BEHIND = ("}", "}}", "}}}", "}]", "}]}", ',"b": 1}', "]}", ', "tools": []}', " ", '"}', "0}", ' "tools": }', "")
BODIES = tuple(f"{before}{standard_json.dumps(TOOLS)}{behind}".encode() for before in BEFORE for behind in BEHIND)


def outcome(decode: Any, body: bytes) -> Any:
    """Return the value of a body, or its error."""
    try:
        return decode(body)
    except json.NotJson as error:
        return str(error)


def learned() -> RepeatedArrays:
    """Return a decoder that knows the tools."""
    arrays = RepeatedArrays("tools")
    for _ in range(2):
        arrays.decode(body_of(TOOLS))
    assert isinstance(arrays.decode(body_of(TOOLS))["tools"], KeptList)
    return arrays


def body_of(tools: Any, **others: Any) -> bytes:
    """Return a body with tools."""
    return standard_json.dumps({"tools": tools, **others}).encode()


@pytest.mark.parametrize("body", BODIES)
def test_a_known_array_changes_no_outcome(body: bytes) -> None:
    """Neither a value nor an error with its place."""
    assert outcome(learned().decode, body) == outcome(json.decode, body)


@given(st.lists(st.sampled_from(BODIES), max_size=8), st.integers(0, 300), st.binary(max_size=2))
def test_nor_does_what_came_before(bodies: list[bytes], place: int, damage: bytes) -> None:
    """Whichever bodies taught the array, and wherever the next one is damaged."""
    arrays = RepeatedArrays("tools")
    for body in bodies:
        for sent in (body, body, body[:place] + damage + body[place + len(damage) :], body):
            assert outcome(arrays.decode, sent) == outcome(json.decode, sent)


def test_the_value_is_the_same_list_from_the_third_body_on() -> None:
    """In the body or in an object in it, whatever else is sent; the first two are decoded whole."""
    arrays = RepeatedArrays("tools")
    found = [arrays.decode(body_of(TOOLS, number=number))["tools"] for number in range(4)]
    nested = arrays.decode(standard_json.dumps({"chat": {"a": 1, "tools": TOOLS}}).encode())["chat"]["tools"]
    assert [isinstance(each, KeptList) for each in found] == [False, False, True, True]
    assert found[2] is found[3] is nested
    assert found[0] == found[2] == TOOLS


def test_arrays_that_begin_alike_are_apart() -> None:
    """The first that come again are kept, and others are decoded each time."""
    arrays = RepeatedArrays("tools")
    for _ in range(3):
        for number in range(2 * MAX_LEARNED):
            tools = ["x" * 300, number]
            assert arrays.decode(body_of(tools))["tools"] == tools
    kept = [isinstance(arrays.decode(body_of(["x" * 300, number]))["tools"], KeptList) for number in range(9)]
    assert sum(kept) == MAX_LEARNED


def test_what_is_too_large_is_learned_in_vain_a_few_times() -> None:
    """Many such arrays would drive out all others."""
    arrays, large = RepeatedArrays("tools"), ["x" * 50_000]
    found = [arrays.decode(body_of(large)) for _ in range(2 * MAX_LEARNED)]
    assert found == [{"tools": large}] * len(found)
    assert not any(isinstance(each["tools"], KeptList) for each in found)


def test_large_bodies_are_decoded_whole() -> None:
    """Their number of values is limited."""
    arrays = learned()
    assert not isinstance(arrays.decode(body_of(TOOLS, text="x" * MAX_BODY_BYTES))["tools"], KeptList)

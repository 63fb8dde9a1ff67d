"""Trace ids: the caller's if it is valid, otherwise a new one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.middleware import request_trace_id

GOOD = b"4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    "parent", [b"00-" + GOOD + b"-00f067aa0ba902b7-01", b"01-" + GOOD + b"-00f067aa0ba902b7-01-more"]
)
def test_a_valid_traceparent_is_continued(parent: bytes) -> None:
    """The trace id of a valid header is taken over, also from a later version of the header."""
    assert request_trace_id({"headers": [(b"traceparent", parent)]}) == GOOD.decode()


@pytest.mark.parametrize(
    "parents",
    [
        [],
        [b"00-" + b"0" * 32 + b"-00f067aa0ba902b7-01"],
        [b"00-" + GOOD + b"-0000000000000000-01"],
        [b"ff-" + GOOD + b"-00f067aa0ba902b7-01"],
        [b"00-" + GOOD.upper() + b"-00f067aa0ba902b7-01"],
        [b"00-" + GOOD + b"-00f067aa0ba902b7-01"] * 2,
    ],
)
def test_an_invalid_traceparent_is_replaced(parents: list[bytes]) -> None:
    """No header, a broken one or two of them lead to a fresh id, new at every call."""
    headers = [(b"traceparent", parent) for parent in parents]
    first, second = request_trace_id({"headers": headers}), request_trace_id({"headers": headers})
    assert first != second
    assert re.fullmatch("[0-9a-f]{32}", first)


@given(st.binary())
def test_any_header_leads_to_32_hex_digits(parent: bytes) -> None:
    """Whatever bytes a caller sends, the id has its form."""
    assert re.fullmatch("[0-9a-f]{32}", request_trace_id({"headers": [(b"traceparent", parent)]}))

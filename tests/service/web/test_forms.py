"""Parsing of forms and queries."""

from urllib.parse import parse_qsl, quote_from_bytes, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.errors import Refusal
from service.web.forms import BLOCK_BYTES, MAX_FIELDS, WebForm, parse_form

NAMES = st.text(min_size=1, max_size=5)


@given(st.lists(st.tuples(NAMES, st.text())))
def test_fields_come_back_as_they_were_sent(fields: list[tuple[str, str]]) -> None:
    """Fields of any characters are read as they were sent, except that line ends become line feeds."""
    form = parse_form(urlencode(fields))
    assert isinstance(form, WebForm)
    assert form.pairs == [(name, value.replace("\r\n", "\n")) for name, value in fields]


@given(st.text("%&=+42gG \r\n;"))
def test_what_is_no_escape_stays(text: str) -> None:
    """Incomplete escapes, empty fields and fields without a value are read as by the standard library."""
    form = parse_form(text)
    assert isinstance(form, WebForm)
    standard = parse_qsl(text, keep_blank_values=True)
    assert form.pairs == [(name, value.replace("\r\n", "\n")) for name, value in standard]


@pytest.mark.parametrize("before", range(6))
def test_a_long_text_is_read_whole(before: int) -> None:
    """A long text is read correctly wherever escapes or characters lie across the boundaries of its blocks."""
    text = "a" * before + "ä💡" * BLOCK_BYTES
    for encoded in (quote_plus(text), text.encode().decode("latin-1")):
        form = parse_form(f"input={encoded}")
        assert isinstance(form, WebForm)
        assert form.one("input") == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("input=" + quote_from_bytes(b"\xff"), "it is not UTF-8"),
        ("input=\xff", "it is not UTF-8"),
        ("&" * MAX_FIELDS, "it has too many fields"),
    ],
)
def test_what_is_refused_is_named(text: str, reason: str) -> None:
    """A form that is not text, or has more fields than any form of the service, is refused with a sentence about it."""
    refusal = parse_form(text)
    assert isinstance(refusal, Refusal)
    assert reason in str(refusal)

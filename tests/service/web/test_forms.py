"""What a form or a query sends."""

from urllib.parse import parse_qsl, quote_from_bytes, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.errors import Refusal
from service.web.forms import BLOCK_BYTES, MAX_FIELDS, WebForm, parse_form

NAMES = st.text(min_size=1, max_size=5)


@given(st.lists(st.tuples(NAMES, st.text())))
def test_fields_come_back_as_they_were_sent(fields: list[tuple[str, str]]) -> None:
    """Whatever the characters, but line ends of forms are those of texts."""
    form = parse_form(urlencode(fields))
    assert isinstance(form, WebForm)
    assert form.pairs == [(name, value.replace("\r\n", "\n")) for name, value in fields]


@given(st.text("%&=+42gG \r\n;"))
def test_what_is_no_escape_stays(text: str) -> None:
    """Halves of escapes, empty fields and fields without a value are read as the standard library reads them."""
    form = parse_form(text)
    assert isinstance(form, WebForm)
    standard = parse_qsl(text, keep_blank_values=True)
    assert form.pairs == [(name, value.replace("\r\n", "\n")) for name, value in standard]


@pytest.mark.parametrize("before", range(6))
def test_a_long_text_is_read_whole(before: int) -> None:
    """Wherever an escape or a character lies across the places at which a long text is cut."""
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
    """A form that is no text, or has more fields than any of ours, is refused with a sentence about it."""
    refusal = parse_form(text)
    assert isinstance(refusal, Refusal)
    assert reason in str(refusal)

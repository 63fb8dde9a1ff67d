"""JSON in: what RFC 8259 leaves open is refused, everything else is read as the standard library reads it."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.json import MAX_VALUES, NotJson, TooManyItems, decode, decode_list, encode, shorten

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON_VALUES, st.booleans())
def test_every_json_value_is_read_as_written(value: Any, ascii_only: bool) -> None:
    """A document written by a correct encoder is read back equal, escaped or not."""
    assert decode(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary() | JSON_VALUES.map(lambda value: json.dumps(value).encode()).map(lambda body: body[:-1] + b",]"))
def test_no_bytes_escape_as_another_error(body: bytes) -> None:
    """Any bytes are either parsed or refused with NotJson."""
    with suppress(NotJson):
        decode(body)
    with suppress(NotJson):
        decode_list(body, MAX_VALUES, 5)


@given(JSON_VALUES | st.lists(JSON_VALUES), st.sampled_from([None, 2]), st.binary(max_size=3))
def test_a_list_is_read_as_any_other_value(value: Any, indent: int | None, after: bytes) -> None:
    """A list has the same value, and the same refusal of bytes after it, as the ordinary parser gives."""
    body = json.dumps(value, indent=indent).encode() + after
    assert outcome(decode_list, body, MAX_VALUES, 1_000) == outcome(decode, body)


def outcome(read: Callable[..., Any], *given: Any) -> Any:
    """Return the parsed value, or the sentence of the refusal."""
    try:
        return read(*given)
    except NotJson as fault:
        return str(fault)


def test_a_list_has_its_own_bounds() -> None:
    """The number of items and of values is limited; a list may have more values than an ordinary body."""
    pairs = [[0, 0]] * MAX_VALUES
    body = json.dumps(pairs, separators=(",", ":")).encode()
    assert decode_list(body, 4 * MAX_VALUES, MAX_VALUES) == pairs
    with pytest.raises(TooManyItems, match=f"more than {MAX_VALUES - 1} items"):
        decode_list(body, 4 * MAX_VALUES, MAX_VALUES - 1)
    with pytest.raises(NotJson, match=f"more than {MAX_VALUES} values"):
        decode_list(body, MAX_VALUES, MAX_VALUES)


@given(st.text('[]{},:"\\\\a', min_size=1, max_size=40))
def test_a_text_of_any_punctuation_is_no_value(text: str) -> None:
    """Commas, brackets, quotes and backslashes in a string do not count as values, however it is escaped."""
    long = text * (2 * MAX_VALUES // len(text))
    assert decode(json.dumps([long, "end"]).encode()) == [long, "end"]


def test_the_most_values_are_read() -> None:
    """A body with the maximum number of values is read; with one more it is not."""
    most = [0] * (MAX_VALUES - 1) + [""]
    assert decode(json.dumps(most).encode()) == most
    with pytest.raises(NotJson, match="values"):
        decode(json.dumps([*most, 0]).encode())


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"a": NaN}', "not JSON: expected value at column 7"),
        (b'{"a": -Infinity}', "not JSON: invalid number at column 8"),
        (b'{"a": 1e999}', "A number in the body is too large"),
        (b'{"a": -1e999}', "A number in the body is too large"),
        (b'{"a": [1, [1' + b"0" * 400 + b".0]]}", "A number in the body is too large"),
        (b"[1" + b"0" * 100 + b"]", "A number in the body has more than 100 digits"),
        (b"[-1" + b"0" * 100 + b"]", "A number in the body has more than 100 digits"),
        (b'{"a": 1,\n"b": }', "not JSON: expected value at line 2 column 6"),
        (b'{"a": 1, "\\u0061": 2}', 'The body names "a" more than once'),
        (b'{"a": ' + b"9" * 400_000 + b"}", "A number in the body has more than 100 digits"),
        (b'{"a": 1, "b": 2, "a": 3}', 'The body names "a" more than once'),
        (b'\xef\xbb\xbf{"a": 1}', "The body is not JSON"),
        (b'"\xed\xa0\x80"', "not JSON: invalid unicode code point at column 2"),
        (b'"\\ud800"', "not JSON: incomplete escape or lone surrogate at column 8"),
        (b'"\\uDfFf"', "lone surrogate at column 7"),
        (b'["\\uDBFF\\u0041"]', "lone surrogate"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b"[" + b"[]," * MAX_VALUES + b"0]", "more than 150000 values"),
        (b"[" + b'"",' * MAX_VALUES + b"0]", "more than 150000 values"),
        (b"[" + b'"\\\\",' * MAX_VALUES + b"0,0]", "more than 150000 values"),
        (b"{" + b'"\\"":0,' * MAX_VALUES + b'"a":0}', "more than 150000 values"),
        (b"", "The body is not JSON"),
        (b"{} x", "trailing characters at column 4"),
    ],
)
def test_what_is_refused_is_named(body: bytes, sentence: str) -> None:
    """Each violation of JSON's grammar is refused with a sentence about it."""
    with pytest.raises(NotJson) as fault:
        decode(body)
    assert sentence in str(fault.value)


def test_many_equal_names_are_refused_in_linear_time() -> None:
    """100,000 names of which one repeats are refused; a quadratic search would not end in the test's time."""
    names = ",".join(f'"k{i}":1' for i in range(100_000))
    with pytest.raises(NotJson, match="k7"):
        decode(f'{{{names},"k7":2}}'.encode())


@given(st.text() | st.integers() | st.none() | st.lists(st.text()))
def test_a_shortened_value_is_one_printable_line(value: object) -> None:
    """Whatever a caller sends can be repeated in a message: short, on one line, without control characters."""
    text = shorten(value)
    assert text.isprintable()
    assert len(text) <= 80 * 12 + 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("0.0000002"), b"0.0000002"),
        (18 * Decimal("0.000008"), b"0.000144"),
        (Decimal("2E-7"), b"0.0000002"),
        (Decimal("0.000"), b"0"),
        (Decimal(10), b"10"),
        ({"a": [None, True, 1, "é"]}, '{"a":[null,true,1,"é"]}'.encode()),
    ],
)
def test_golden_bytes(value: Decimal, expected: bytes) -> None:
    """Numbers are plain decimals without trailing zeros, and nothing stands between tokens."""
    assert encode(value) == expected


@given(st.decimals(min_value=0, max_value=10**9, places=12))
def test_a_decimal_survives_exactly(value: Decimal) -> None:
    """A number written and read back as Decimal is the same number, and is written without an exponent."""
    text = encode(value).decode()
    assert "e" not in text.lower()
    assert json.loads(text, parse_float=Decimal, parse_int=Decimal) == value


WITHOUT_MEMORY = """
import resource
from service.http.json import decode

body = b'"' + "\u00e9".encode() * 20_000_000 + b'"'
pages = int(open("/proc/self/statm").read().split()[0])
bound = pages * resource.getpagesize() + 5_000_000
resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
try:
    decode(body)
except MemoryError:
    print("no memory")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_a_value_without_memory_for_it() -> None:
    """It is an error like any other want of memory, and does not end what reads it."""
    done = subprocess.run([sys.executable, "-c", WITHOUT_MEMORY], capture_output=True, text=True, check=False)
    assert done.stdout == "no memory\n", done.stderr

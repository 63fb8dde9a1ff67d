"""A head below the quick check's size is within every limit."""

from hypothesis import given
from hypothesis import strategies as st

from service.http.protocol import is_small
from service.http.request_limits import MAX_HEADERS, MAX_URL_BYTES, head_refusal

SIZES = st.integers(0, 9_000)


@given(url_bytes=SIZES, header_bytes=SIZES, headers=st.integers(1, 120))
def test_no_small_head_would_be_refused(url_bytes: int, header_bytes: int, headers: int) -> None:
    """A head that is small by its bytes and its number of headers passes each limit."""
    lines = [(b"a", b"x" * (header_bytes // headers))] * headers
    size = url_bytes + sum(len(name) + len(value) for name, value in lines)
    scope = {"raw_path": b"/" * url_bytes, "query_string": b"", "headers": lines}
    if is_small(size, headers):
        assert head_refusal(scope) is None


def test_the_bounds_are_the_last_that_pass() -> None:
    """A head of the longest address and the most headers is small; one byte or one header more is not."""
    assert is_small(MAX_URL_BYTES, MAX_HEADERS)
    assert not is_small(MAX_URL_BYTES + 1, MAX_HEADERS)
    assert not is_small(MAX_URL_BYTES, MAX_HEADERS + 1)

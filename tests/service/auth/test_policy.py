"""Which place the token API's key is read from, and which place takes precedence."""

import pytest

from service.auth.policy import token_api_key
from service.http.errors import INVALID_KEY, MISSING_KEY, Refusal
from service.http.request_limits import NAMED_HEADERS

A, B = "atms_sk_A", "atms_sk_B"
HEADER_A, HEADER_B = (b"x-api-key", A.encode()), (b"x-api-key", B.encode())
BEARER_A, BEARER_B = (b"authorization", b"Bearer atms_sk_A"), (b"authorization", b"bearer  atms_sk_B")


@pytest.mark.parametrize(
    ("query", "headers", "expected"),
    [
        (b"", [], MISSING_KEY),
        (b"", [HEADER_A], A),
        (b"", [BEARER_B], B),
        (b"", [(b"x-api-key", b"  atms_sk_A\t ")], A),
        (b"api-key=atms_sk_A", [HEADER_B], A),
        (b"api%2Dkey=atms_sk_A", [], A),
        (b"api-key=atms_sk_A&api-key=atms_sk_A", [], A),
        (b"api-key=atms_sk_A&api-key=atms_sk_B", [], INVALID_KEY),
        (b"api-key=atms_sk_A&api%2Dkey=atms_sk_B", [], INVALID_KEY),
        (b"", [HEADER_A, HEADER_B], INVALID_KEY),
        (b"", [HEADER_A, BEARER_B], A),
        (b"API-KEY=atms_sk_A", [], MISSING_KEY),
        (b"author=x;api-key=atms_sk_A", [], MISSING_KEY),
        (b"api-key=", [], MISSING_KEY),
        (b"", [(b"authorization", b"Basic YTpi")], MISSING_KEY),
        (b"", [(b"authorization", b"Bearer ")], MISSING_KEY),
        (b"", [(b"x-api-key", "café".encode("latin-1"))], "café"),
    ],
)
def test_places_of_the_key(query: bytes, headers: list[tuple[bytes, bytes]], expected: str | Refusal) -> None:
    """The query wins over the header; two different keys in one place are refused, whatever their order; and it is the
    same where the server has the headers by name."""
    scope = {"query_string": query, "headers": headers}
    assert token_api_key(scope) == expected
    named = dict(headers)
    if len(named) == len(headers):
        assert token_api_key({**scope, NAMED_HEADERS: named}) == expected

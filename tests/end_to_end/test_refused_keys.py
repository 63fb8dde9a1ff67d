"""Refused keys differ in their answers only as documented."""

import httpx2
import pytest

from service.auth.keys import new_secret
from tests.end_to_end.commands import weighbridge
from tests.end_to_end.server import Server

pytestmark = pytest.mark.promise(16)


def refusal(server: Server, key: str) -> dict[str, object]:
    """The body of the 401 that a key gets, without its trace id."""
    answer = httpx2.get(f"{server.url}/v1/tokens/authors", headers={"X-Api-Key": key})
    assert answer.status_code == 401
    body: dict[str, object] = answer.json()
    del body["trace_id"]
    return body


def test_unknown_and_revoked_keys_look_alike(server: Server) -> None:
    """A revoked, an expired-by-rotation, an unknown, a mistyped and a malformed key get one and the same body."""
    revoked, rotated = server.new_key("refused"), server.new_key("refused")
    weighbridge(server, "keys", "revoke", revoked)
    weighbridge(server, "keys", "rotate", rotated, "--overlap", "0")
    mistyped = revoked[:-1] + ("0" if revoked[-1] != "0" else "1")
    bodies = [refusal(server, key) for key in (revoked, rotated, new_secret(), mistyped, "atms_sk_short", "abc")]
    assert all(body == bodies[0] for body in bodies)

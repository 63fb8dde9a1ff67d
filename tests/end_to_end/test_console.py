"""The console's API on the real server: two workers, one command line."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.end_to_end.server import Server


@pytest.fixture
def session(server: Server, session_token: str) -> Iterator[httpx2.Client]:
    """A client with a session of a user that the command line made."""
    with httpx2.Client(base_url=server.url, headers={"Authorization": f"Bearer {session_token}"}) as client:
        yield client


def test_a_key_of_the_console_works_and_is_revoked(server: Server, session: httpx2.Client) -> None:
    """A key made by a session calls the token API; revoked by a session, it is refused."""
    made = session.post("/api/gateway/keys", json={"name": "build"}).raise_for_status().json()
    key = {"X-Api-Key": made["value"]}
    assert httpx2.get(f"{server.url}/v1/tokens/authors", headers=key).status_code == 200
    assert session.delete(f"/api/gateway/keys/{made['id']}").status_code == 200
    listed = session.get("/api/gateway/keys").json()["data"]
    assert [entry["revoked_at"] is not None for entry in listed if entry["id"] == made["id"]] == [True]


def test_routes_refuse_in_the_shape_of_the_gateway(session: httpx2.Client) -> None:
    """Unknown paths and methods below /api are errors in the gateway's shape."""
    for method, path, status in (("PUT", "/api/gateway/keys", 405), ("GET", "/api/gateway/nothing", 404)):
        answer = session.request(method, path)
        assert (answer.status_code, list(answer.json())) == (status, ["error"])
        assert ("Allow" in answer.headers) == (status == 405)

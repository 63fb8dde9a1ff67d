"""No key, password or session reaches anything that the server prints, shows or keeps."""

import re
from pathlib import Path

import httpx2

from tests.end_to_end.commands import weighbridge
from tests.end_to_end.server import PASSWORD, Server, running


def test_no_secret_is_printed_or_kept(tmp_path: Path) -> None:
    """Every key, password and session that was ever used, rightly or wrongly, in whatever place, is nowhere in the
    server's output, numbers, database, counters or files, but for the file that keeps the demo key."""
    data = tmp_path / "data"
    with running(data, {"LOG_LEVEL": "debug"}) as server:
        key = server.new_key("careful")
        session = server.new_session("ada@example.org")
        statuses = [answer.status_code for answer in (*api_calls(server, key), *console_calls(server, session, key))]
        assert statuses == [200, 200, 404, 401, 200, 400, 401, 401, 401, 200, 200, 404, 400, 401]
        made = httpx2.post(f"{server.url}/api/gateway/keys", json={}, headers=bearer(session)).json()["value"]
        assert httpx2.get(f"{server.url}/v1/tokens/authors?api-key={made}").status_code == 200
        rotated = re.findall("atms_sk_[0-9A-Za-z]{38}", weighbridge(server, "keys", "rotate", made))[0]
        shown = [
            weighbridge(server, *words) for words in (("keys", "list"), ("users", "list"), ("keys", "revoke", key))
        ]
        shown.append(httpx2.get(f"{server.url}/metrics").text)
        server.stop()
        assert server.text.count('"event": "request"') >= len(statuses)
    secrets = [key[8:], made[8:], rotated[8:], PASSWORD, WRONG_PASSWORD, *session.split(".")[1:]]
    for text in (server.text, *shown):
        assert [secret for secret in secrets if secret in text] == []
    kept = {path.relative_to(data): path.read_bytes() for path in data.rglob("*") if path.is_file()}
    assert {"weighbridge.db", "appendonlydir"} <= {part for path in kept for part in path.parts}
    found = [(path, secret) for path, raw in kept.items() for secret in secrets if secret.encode() in raw]
    assert found == []
    assert [str(path) for path, raw in kept.items() if server.demo_key.encode() in raw] == ["demo-key"]


WRONG_PASSWORD = "wrong horse battery"


def api_calls(server: Server, key: str) -> list[httpx2.Response]:
    """The key in every place of a call to the token API."""
    body = f'{{"input":1,"type":"text","models":["{key}"]}}'.encode()
    headers = {"Content-Type": "application/json"}
    return [
        httpx2.get(f"{server.url}/v1/tokens/authors?api-key={key}"),
        httpx2.get(f"{server.url}/v1/tokens/authors?api%2Dkey={key}"),
        httpx2.get(f"{server.url}/v1/tokens/{key}?api-key={key}"),
        httpx2.get(f"{server.url}/v1/tokens/authors", headers={"X-Api-Key": key + "x"}),
        httpx2.get(f"{server.url}/v1/tokens/authors", headers=bearer(key)),
        httpx2.post(f"{server.url}/v1/tokens/count?api-key={key}", content=body, headers=headers),
    ]


def console_calls(server: Server, session: str, key: str) -> list[httpx2.Response]:
    """Passwords, sessions and keys, rightly and wrongly placed."""
    keys, login = f"{server.url}/api/gateway/keys", f"{server.url}/api/console/session"
    return [
        httpx2.get(f"{server.url}/v1/tokens/authors", headers=bearer(session)),
        httpx2.get(keys, headers=bearer(session + "x")),
        httpx2.post(login, json={"email": "ada@example.org", "password": WRONG_PASSWORD}),
        httpx2.post(login, json={"email": "ada@example.org", "password": PASSWORD}),
        httpx2.get(f"{keys}?session={session}", headers=bearer(session)),
        httpx2.delete(f"{keys}/{key}", headers=bearer(session)),
        httpx2.post(login, json={"email": "ada@example.org", "password": [PASSWORD]}),
        httpx2.get(keys, headers=bearer(key)),
    ]


def bearer(token: str) -> dict[str, str]:
    """The header that carries it."""
    return {"Authorization": f"Bearer {token}"}


def test_the_files_with_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    """The files with secrets cannot be read by other users."""
    with running(tmp_path / "data"):
        for name in ("demo-key", "pepper"):
            assert (tmp_path / "data" / name).stat().st_mode & 0o077 == 0
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0

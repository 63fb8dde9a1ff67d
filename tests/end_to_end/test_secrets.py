"""No key, password or session reaches anything that the server prints, shows or keeps."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from service.storage.sql.url import DatabaseUrl
from tests.collector import fake_collector
from tests.end_to_end.commands import weighbridge
from tests.end_to_end.leaks import leaks, secrets_of
from tests.end_to_end.server import PASSWORD, Server, running
from tests.fake_upstream import MODEL, FakeUpstream, fake_upstream, refusal, usual
from tests.promises.figure import Figure
from tests.service.storage.dump import dump
from tests.service.storage.postgres import postgres_server

FULL_SIZE = "PROMISES_TIMED" in os.environ
WRONG_PASSWORD = "wrong horse battery"
UPSTREAM_KEY = "upstream-key-in-confidence"
PEPPER = "cGVwcGVyIGluIGNvbmZpZGVuY2UgMDEyMzQ1Njc4OWE="
CHAT = "/v1/chat/completions"
HELLO: dict[str, Any] = {"model": "cipher", "messages": [{"role": "user", "content": "hello"}]}


@contextmanager
def database(kind: str) -> Iterator[tuple[dict[str, str], Path | None]]:
    """The setting for a database, and the folder of its server."""
    if kind == "sqlite":
        yield {}, None
        return
    with postgres_server() as folder:
        yield {"DATABASE_URL": f"postgresql://postgres@/postgres?host={folder}"}, folder


@pytest.mark.parametrize("kind", ["sqlite", "postgres"] if FULL_SIZE else ["sqlite"])
def test_no_secret_is_printed_or_kept(tmp_path: Path, kind: str, figure: Figure) -> None:
    """No key, password, session or pepper that was used, valid or not, in any place of a request, is in the server's
    output, metrics, spans, database, counters or files, but for the two files that hold demo key and pepper."""
    with database(kind) as (setting, folder), fake_upstream() as upstream, fake_collector() as collector:
        settings = {
            **setting,
            "LOG_LEVEL": "debug",
            "OTLP_ENDPOINT": collector.url,
            "PEPPER": PEPPER,
            "UPSTREAM_URL": upstream.url,
            "UPSTREAM_MODEL": MODEL,
            "UPSTREAM_VOCABULARY": "cl100k_base",
            "UPSTREAM_API_KEY": UPSTREAM_KEY,
        }
        with running(tmp_path / "data", settings) as server:
            server.passwords += [WRONG_PASSWORD]
            shown = [*used(server, upstream), *server.numbers(), *everything_of(server, folder)]
            assert leaks(server, shown) == []
            number = len(secrets_of(server))
        # When the server has ended, it has sent every span.
        assert collector.named(f"POST {CHAT}")
        assert leaks(server, [body.decode("latin-1") for body in collector.bodies]) == []
    spans = len(collector.spans)
    figure(f"{kind}: {number} secrets looked for in output, numbers, {spans} spans, dumps and files")


def used(server: Server, upstream: FakeUpstream) -> list[str]:
    """Use every kind of secret in every place, and answer what the server and its commands said to it."""
    key, session = server.new_key("careful"), server.new_session("ada@example.org")
    answers = [*api_calls(server, key), *console_calls(server, session, key), *chats(server, upstream, key)]
    expected = [200, 200, 404, 401, 200, 400, 401, 401, 401, 200, 200, 404, 400, 401, 200, 200, 401, 502]
    assert [answer.status_code for answer in answers] == expected
    made = httpx2.post(f"{server.url}/api/gateway/keys", json={}, headers=bearer(session)).json()["value"]
    assert httpx2.get(f"{server.url}/v1/tokens/authors?api-key={made}").status_code == 200
    rotated = re.findall("atms_sk_[0-9A-Za-z]{38}", weighbridge(server, "keys", "rotate", made))[0]
    server.keys += [made, rotated]
    server.sessions += [answer.json()["access_token"] for answer in answers if "access_token" in answer.text]
    commands = (("keys", "list"), ("users", "list"), ("keys", "revoke", key), ("config",))
    # A key that does not work is in no answer, and the answer to a login is its session.
    said = [answer.text for answer in answers if "access_token" not in answer.text]
    server.wait_for("/api/gateway/keys")
    return [*said, *(weighbridge(server, *words) for words in commands)]


def everything_of(server: Server, folder: Path | None) -> list[str]:
    """All rows of all tables, and of PostgreSQL the bytes of its files; of SQLite they are in the data folder."""
    if folder is None:
        return [dump(DatabaseUrl.of_file(Path(server.environ["WEIGHBRIDGE_DATA_DIR"]) / "weighbridge.db"))]
    files = (path for path in folder.rglob("*") if path.is_file() and "pginstall" not in path.parts)
    rows = dump(DatabaseUrl.parse(server.environ["WEIGHBRIDGE_DATABASE_URL"]))
    return [rows, *(path.read_bytes().decode("latin-1") for path in files)]


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


def chats(server: Server, upstream: FakeUpstream, key: str) -> list[httpx2.Response]:
    """The gateway, whose upstream in the end repeats the key that it is sent."""
    url, stream = f"{server.url}{CHAT}", {**HELLO, "stream": True}
    headers = {**bearer(key), "Idempotency-Key": "once"}
    upstream.answer = usual
    good = [httpx2.post(url, json=HELLO, headers=headers), httpx2.post(url, json=stream, headers=bearer(key))]
    assert upstream.authorizations[-1] == f"Bearer {UPSTREAM_KEY}"
    bad = httpx2.post(url, json=HELLO, headers=bearer(f"{key}x"))
    upstream.answer = lambda _: refusal(401, f"Incorrect API key provided: {UPSTREAM_KEY}")
    return [*good, bad, httpx2.post(url, json=HELLO, headers=bearer(key))]


def bearer(token: str) -> dict[str, str]:
    """The header that carries it."""
    return {"Authorization": f"Bearer {token}"}


def test_the_files_with_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    """The files with secrets cannot be read by other users."""
    with running(tmp_path / "data"):
        for name in ("demo-key", "pepper"):
            assert (tmp_path / "data" / name).stat().st_mode & 0o077 == 0
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0

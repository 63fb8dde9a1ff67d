"""Every hostile input that concerns the token API gets the status and shape due to it, and the server lives on."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.end_to_end.hostile import Case, cases, filled, json_body
from tests.end_to_end.server import Server
from tests.hostile_inputs import text_of

MODEL = "claude-2.1"
BASE = {"input": "hello", "type": "text", "models": [MODEL]}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def places(server: Server) -> dict[str, str]:
    """What the placeholders of the cases stand for."""
    return {
        "key": server.demo_key,
        "key2": server.new_key("second"),
        "gateway_key": server.new_key("gateway"),
        "model": MODEL,
        "host": f"127.0.0.1:{server.port}",
    }


@pytest.fixture(autouse=True)
def lives_on(client: httpx2.Client) -> Iterator[None]:
    """After each case, an ordinary call still gets its answer."""
    yield
    answer = client.post("/v1/tokens/count", json=BASE)
    assert (answer.status_code, answer.json()[0]["token_count"]) == (200, 1)


@pytest.mark.parametrize("case", [c for c in cases("tokenizer") if not c.spec.get("direct")], ids=str)
def test_hostile_texts(case: Case, client: httpx2.Client) -> None:
    """A hostile text is counted, or refused for its size."""
    body = json.dumps({**BASE, "input": text_of(case.spec["text"])}, ensure_ascii=False).encode()
    check(case, posted(client, body))


@pytest.mark.parametrize("case", cases("json_count"), ids=str)
def test_hostile_bodies(case: Case, client: httpx2.Client, places: dict[str, str]) -> None:
    """A body that is not the JSON we ask for is refused with a sentence, never with a 500."""
    body = json_body(case.spec, BASE, places)
    check(case, posted(client, body))


@pytest.mark.parametrize("case", [c for c in cases("request") if "path" not in c.spec], ids=str)
def test_hostile_requests(case: Case, server: Server, places: dict[str, str]) -> None:
    """Keys in odd places and forms are accepted or refused as documented, and none of them is logged."""
    head = [f"GET /v1/tokens/models?{filled(case.spec.get('query', ''), places)} HTTP/1.1", f"Host: {places['host']}"]
    head += [f"{name}: {filled(text_of(value), places)}" for name, value in case.spec.get("headers", ())]
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        # Plain bytes: a client library would refuse to send some of these.
        connection.sendall("\r\n".join([*head, "", ""]).encode("latin-1"))
        reply = received(connection)
    check(case, reply)
    printed = server.text.replace(places["key"], "", 2)  # twice at the start: alone, and in the call to try
    assert [name for name, key in places.items() if "key" in name and key.removeprefix("atms_sk_") in printed] == []


@pytest.mark.parametrize("case", cases("framing"), ids=str)
def test_hostile_streams(case: Case, server: Server, places: dict[str, str]) -> None:
    """Bytes that break HTTP's rules, or stop halfway, never hang a worker or reach it as a second request."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        for piece in case.spec["raw"]:
            if isinstance(piece, dict) and "pause_s" in piece:
                break  # the sender falls silent here; what the server says meanwhile is read below
            if not sent(connection, piece_bytes(piece, places)):
                break
        if not case.statuses:
            return
        reply = received(connection)
    check(case, reply)


def piece_bytes(piece: Any, places: dict[str, str]) -> bytes:
    """The bytes of one piece of a stream."""
    if isinstance(piece, dict) and "hex" in piece:
        return bytes.fromhex(piece["hex"])
    return filled(text_of(piece), places).encode("latin-1")


def sent(connection: socket.socket, piece: bytes) -> bool:
    """Whether the server took it all; it may have answered and closed before."""
    try:
        connection.sendall(piece)
    except OSError:
        return False
    return True


def received(connection: socket.socket) -> bytes:
    """The server's reply: its head, and as much body as it declares."""
    reply = b""
    while True:
        head, found, body = reply.partition(b"\r\n\r\n")
        length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if found and length and len(body) >= int(length[0].partition(b":")[2]):
            return reply
        try:
            chunk = connection.recv(65536)
        except ConnectionResetError:
            return reply
        if not chunk:
            return reply
        reply += chunk


def check(case: Case, reply: bytes) -> None:
    """The reply has a status that the case allows, and its shape."""
    head, _, body = reply.partition(b"\r\n\r\n")
    status = int(head.split(maxsplit=2)[1])
    assert status in case.statuses, reply[:500]
    if case.shape == "T":
        assert_shape_t(status, json.loads(body))
        assert f"x-request-id: {json.loads(body)['trace_id']}".encode() in head.lower()


def posted(client: httpx2.Client, body: bytes) -> bytes:
    """The reply to a count with this body, as bytes."""
    answer = client.post("/v1/tokens/count", content=body, headers=JSON)
    head = [f"HTTP/1.1 {answer.status_code}", *(f"{name}: {value}" for name, value in answer.headers.items())]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + answer.content


def assert_shape_t(status: int, body: dict[str, Any]) -> None:
    """An error of the token API has five properties, in this order."""
    assert list(body) == ["status_code", "title", "message", "trace_id", "event_id"]
    assert body["status_code"] == status
    assert body["message"]
    assert body["event_id"] is None

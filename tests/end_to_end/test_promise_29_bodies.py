"""Promise 29: body limits answer with a JSON error, the connection is closed, memory does not grow."""

import json
import socket
from collections.abc import Iterator

import pytest

from tests.end_to_end.numbers import number
from tests.end_to_end.server import Server
from tests.promises.figure import Figure

pytestmark = pytest.mark.promise(29)

HEAD = "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
JSON = "Content-Type: application/json\r\n"
TWO_MEGABYTES = b"x" * 2_000_000


def sent(server: Server, head: str, pieces: Iterator[bytes], path: str = "/v1/tokens/count", key: str = "") -> bytes:
    """All that the server says to a request, until it closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(HEAD.format(path=path, key=key or server.demo_key).encode() + head.encode() + b"\r\n")
        try:
            for piece in pieces:
                connection.sendall(piece)
        except OSError:
            pass  # it has answered and closed before all was sent
        reply = b""
        try:
            while chunk := connection.recv(65536):
                reply += chunk
        except ConnectionResetError:
            pass
    return reply


def chunked() -> Iterator[bytes]:
    """Two megabytes in chunks."""
    for at in range(0, len(TWO_MEGABYTES), 50_000):
        piece = TWO_MEGABYTES[at : at + 50_000]
        yield f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    yield b"0\r\n\r\n"


def refused(reply: bytes) -> tuple[int, str]:
    """Status and shape of a reply that closes the connection."""
    head, _, body = reply.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    assert b"content-type: application/json" in head.lower()
    said = json.loads(body)
    return int(head.split()[1]), "A" if "error" in said else "T"


def test_promise_29_too_large_a_body_is_refused_unread(server: Server) -> None:
    """A declared length over the limit is a 413 in JSON before a byte of the body has come."""
    head = f"{JSON}Content-Length: 2000000\r\n"
    assert refused(sent(server, head, iter([]))) == (413, "T")
    assert refused(sent(server, head, iter([TWO_MEGABYTES]))) == (413, "T")


def test_promise_29_a_chunked_body_is_cut_off_at_the_limit(server: Server) -> None:
    """A body of unknown length is a 413 in JSON as soon as it is over the limit."""
    assert refused(sent(server, f"{JSON}Transfer-Encoding: chunked\r\n", chunked())) == (413, "T")


def test_promise_29_the_gateways_paths_answer_in_its_shape(server: Server, session_token: str) -> None:
    """The same on a path of the gateway is told in its shape."""
    head = f"{JSON}Content-Length: 2000000\r\n"
    assert refused(sent(server, head, iter([]), "/api/gateway/keys", session_token)) == (413, "A")
    head = f"{JSON}Transfer-Encoding: chunked\r\n"
    assert refused(sent(server, head, chunked(), "/api/gateway/keys", session_token)) == (413, "A")


def test_promise_29_a_false_length(server: Server) -> None:
    """A body shorter than declared is a 408 after the time for bodies; of a longer one the rest is never a part."""
    body = b'{"input":"a","type":"text","models":["gpt-4o"]}'
    assert refused(sent(server, f"{JSON}Content-Length: 100\r\n", iter([body]))) == (408, "T")
    longer = sent(server, f"{JSON}Connection: close\r\nContent-Length: {len(body)}\r\n", iter([body + b"garbage"]))
    assert longer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip", "x"])
def test_promise_29_no_encoding_is_undone(server: Server, encoding: str) -> None:
    """A compressed body is a 415: nothing small becomes large in here."""
    assert refused(sent(server, f"{JSON}Content-Encoding: {encoding}\r\nContent-Length: 2\r\n", iter([b"{}"]))) == (
        415,
        "T",
    )


def send_forty(server: Server) -> None:
    """Bodies of two megabytes, one after the other."""
    for _ in range(20):
        sent(server, f"{JSON}Transfer-Encoding: chunked\r\n", chunked())
        sent(server, f"{JSON}Content-Length: 2000000\r\n", iter([TWO_MEGABYTES]))


def test_promise_29_refused_bodies_leave_memory_as_it_was(server: Server, figure: Figure) -> None:
    """Forty bodies over the limit, half of them chunked, leave workers that have seen such with at most 10 MB more."""
    send_forty(server)  # to both workers: each buffer that they keep for good is there afterwards
    before = number(server, "weighbridge_resident_bytes")
    send_forty(server)
    grown = number(server, "weighbridge_resident_bytes") - before
    assert grown < 10_000_000
    figure(f"memory {grown / 1e6:+.1f} MB after 40 bodies of 2 MB")

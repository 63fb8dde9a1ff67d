"""An upstream on plain sockets: it sends exactly the bytes of a test, and records what happens to its connections."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

BODY = b'{"choices": [{"message": {"role": "assistant", "content": "%s"}}], "usage": {"prompt_tokens": 1}}'

Answer = Callable[[socket.socket, int], bool]


def whole(text: str = "Hello") -> bytes:
    """Return a complete response after which the connection stays open."""
    body = BODY % text.encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def stays(*pieces: bytes) -> Answer:
    """Answer every request with these bytes; the connection stays open."""

    def answer(connection: socket.socket, _: int) -> bool:
        for piece in pieces:
            connection.sendall(piece)
        return True

    return answer


def sends(*pieces: bytes) -> Answer:
    """Answer every request with these bytes, then close the connection."""

    def answer(connection: socket.socket, number: int) -> bool:
        return not stays(*pieces)(connection, number)

    return answer


class RawUpstream:
    """`answer` gets the connection and the number of the request; it returns whether the connection stays open."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.tls = tls
        self.answer: Answer = sends(whole())
        self.requests = 0
        self.connections: list[socket.socket] = []
        self.heads: list[bytes] = []
        self.answered = threading.Semaphore(0)
        self.closed = threading.Semaphore(0)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Return the base URL, as an operator would set it."""
        start = "http://127.0.0.1" if self.tls is None else "https://localhost"
        return f"{start}:{self.listener.getsockname()[1]}/v1"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        """Answer requests on a connection until either side closes it."""
        with (
            suppress(OSError),
            connection if self.tls is None else self.tls.wrap_socket(connection, True) as connection,
        ):
            while _read_request(connection, self.heads):
                self.requests += 1
                stays_open = self.answer(connection, self.requests)
                self.answered.release()
                if not stays_open:
                    connection.shutdown(socket.SHUT_WR)
                    break
            while connection.recv(65536):
                pass
        self.closed.release()


def _read_request(connection: socket.socket, heads: list[bytes]) -> bool:
    received = b""
    while b"\r\n\r\n" not in received:
        if not (piece := connection.recv(65536)):
            return False
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    heads.append(head)
    (length,) = (int(line.partition(b":")[2]) for line in head.lower().split(b"\r\n") if b"content-length" in line)
    while len(body) < length:
        if not (piece := connection.recv(65536)):
            return False
        body += piece
    return True


@contextmanager
def raw_upstream(tls: ssl.SSLContext | None = None) -> Iterator[RawUpstream]:
    """Run a raw upstream; with `tls` its host name is `localhost`."""
    upstream = RawUpstream(tls)
    try:
        yield upstream
    finally:
        upstream.listener.shutdown(socket.SHUT_RDWR)
        upstream.listener.close()
        for connection in upstream.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

"""A server with the three providers' counting endpoints, and a tokenizer that is known: r50k_base and a frame."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.tokenizer_registry.shipped import shared_registry

KEY = "sk-fake-0123456789-secret"
FRAME = 7
VOCABULARY = "r50k_base"


class FakeProvider(ThreadingHTTPServer):
    """Counts, or does what the test scripts: answers `status` and `body` instead, or nothing until `go_on`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 200
        self.body: bytes | None = None
        self.unknown_models: set[str] = set()
        self.go_on = threading.Event()
        self.go_on.set()
        self.asked: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        """Return the provider's base URL."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def texts(self, model: str) -> list[str]:
        """The texts that it was asked to count for a model, in order."""
        return [text for name, text in self.asked if name == model]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    """Answer one request of the server's `FakeProvider`."""

    server: FakeProvider

    def do_POST(self) -> None:
        """Count, or what the test says."""
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = self._question(sent)
        if found is None:
            self._answer(404 if KEY in str(self.headers) else 401, b'{"error":"no"}')
            return
        model, text, field = found
        self.server.asked.append((model, text))
        self.server.go_on.wait(10)
        if model in self.server.unknown_models:
            self._answer(404, b'{"error":"no such model"}')
        elif self.server.body is not None or self.server.status != 200:
            self._answer(self.server.status, self.server.body or b"{}")
        else:
            tokens = shared_registry().vocabulary(VOCABULARY).count(text) + FRAME
            self._answer(200, json.dumps({field: tokens, "object": "x"}).encode())

    def _question(self, sent: dict[str, Any]) -> tuple[str, str, str] | None:
        """Model, text and the name of the number, for a request that is as the providers document it."""
        match self.path, dict(self.headers.items()), sent:
            case (
                "/v1/messages/count_tokens",
                {"x-api-key": key, "anthropic-version": "2023-06-01"},
                {"model": str(model), "messages": [{"role": "user", "content": str(text)}]},
            ) if key == KEY:
                return model, text, "input_tokens"
            case path, {"x-goog-api-key": key}, {"contents": [{"role": "user", "parts": [{"text": str(text)}]}]} if (
                path.startswith("/v1beta/models/") and path.endswith(":countTokens") and key == KEY
            ):
                return path.removeprefix("/v1beta/models/").removesuffix(":countTokens"), text, "totalTokens"
            case "/v1/responses/input_tokens", {"authorization": value}, {"model": str(model), "input": str(text)} if (
                value == f"Bearer {KEY}"
            ):
                return model, text, "input_tokens"
        return None

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status in (301, 307):
            self.send_header("Location", f"{self.server.url}/v1/messages/count_tokens")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the tests look at what was asked."""


@contextmanager
def running() -> Iterator[FakeProvider]:
    """A server for the time of the block."""
    server = FakeProvider()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()

"""A server with the counting endpoints of the three providers, which counts with r50k_base and a frame."""

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
    """A server that counts, or answers `status` and `body` instead, or does not answer until `go_on`."""

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
        """Return the texts that it was asked to count for a model, in order."""
        return [text for name, text in self.asked if name == model]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors of connections: some tests make clients hang up."""


class Handler(BaseHTTPRequestHandler):
    """Answer one request of the server's `FakeProvider`."""

    server: FakeProvider

    def do_POST(self) -> None:
        """Answer with the count, or as the test scripts."""
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
        """Return model, text and the name of the number, for a request in a provider's documented form."""
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
        """Log nothing: tests read the recorded requests."""


@contextmanager
def running() -> Iterator[FakeProvider]:
    """Run a server during the block."""
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

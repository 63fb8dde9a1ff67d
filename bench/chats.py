"""Requests for chat completions and counts, as bytes for `bench.calls`."""

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bench.calls import Connection

MESSAGES = [{"role": "user", "content": "Say the word twenty times, please."}]


@dataclass(frozen=True)
class Target:
    """A server to call: base URL, API key and model name."""

    url: str
    key: str
    model: str

    @property
    def address(self) -> tuple[str, int]:
        """Return the host and port of the base URL."""
        parts = urlsplit(self.url)
        return str(parts.hostname), int(parts.port or 80)

    async def connection(self) -> Connection:
        """Open a new connection to the server."""
        return await Connection.to(*self.address)

    def chat(self, *, streamed: bool) -> bytes:
        """Return the bytes of a request for a chat completion."""
        body = {"model": self.model, "messages": MESSAGES, "max_tokens": 64, "stream": streamed}
        return self.post("/chat/completions", body)

    def post(self, path: str, fields: Mapping[str, Any]) -> bytes:
        """Return the bytes of a request to `path` below the base URL."""
        parts = urlsplit(self.url)
        body = json.dumps(fields).encode()
        head = (
            f"POST {parts.path}{path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Authorization: Bearer {self.key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def rate(self, request: bytes, *, connections: int, seconds: int) -> float:
        """Return the responses per second, called from a separate process."""
        host, port = self.address
        command = [sys.executable, "-m", "bench.calls", str(connections), str(seconds), host, str(port)]
        return int(subprocess.run(command, input=request, check=True, stdout=subprocess.PIPE).stdout) / seconds


def percentile(seconds: Sequence[float], at: float) -> float:
    """Return a percentile, as defined by `statistics.quantiles`."""
    return statistics.quantiles(seconds, n=100, method="inclusive")[round(at * 100) - 1]

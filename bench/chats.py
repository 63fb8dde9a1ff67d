"""Calls of chat completions over kept connections, with as little work of its own as Python allows.

`python -m bench.chats CONNECTIONS SECONDS STREAMED URL KEY MODEL` prints the answers in that time, as JSON.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Target:
    """What is called: a base URL, a key, the name of its model."""

    url: str
    key: str
    model: str

    def request(self, *, streamed: bool) -> bytes:
        """The bytes of one call."""
        parts = urlsplit(self.url)
        messages = [{"role": "user", "content": "Say the word twenty times, please."}]
        body = json.dumps({"model": self.model, "messages": messages, "max_tokens": 64, "stream": streamed}).encode()
        head = (
            f"POST {parts.path}/chat/completions HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Authorization: Bearer {self.key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class Seconds(NamedTuple):
    """Of one call: until the first byte of its body, and until the last."""

    first: float
    whole: float


class Connection:
    """A kept connection, for one call at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def to(cls, target: Target) -> "Connection":
        """A new one."""
        parts = urlsplit(target.url)
        return cls(*await asyncio.open_connection(parts.hostname, parts.port))

    async def call(self, request: bytes) -> Seconds:
        """One call. Raises RuntimeError if the answer is not a whole one."""
        began = time.perf_counter()
        self.writer.write(request)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        _, found, length = head.partition(b"content-length:")
        if found:
            body = await self.reader.readexactly(int(length.split(b"\r\n", 1)[0]))
            first = time.perf_counter()
        else:
            body = await self.reader.read(65_536)
            first = time.perf_counter()
            while not body.endswith(b"\r\n0\r\n\r\n"):
                body += await self.reader.read(65_536)
        if not head.startswith(b"http/1.1 200 ") or (not found and b"[DONE]" not in body):
            raise RuntimeError(f"{head!r} {body!r}")
        return Seconds(first - began, time.perf_counter() - began)


async def answers(connections: int, seconds: float, target: Target, *, streamed: bool) -> int:
    """How many calls are answered in that time, each connection calling again at once."""
    request = target.request(streamed=streamed)
    opened = [await Connection.to(target) for _ in range(connections)]
    end = time.perf_counter() + seconds

    async def calls(connection: Connection) -> int:
        done = 0
        while time.perf_counter() < end:
            await connection.call(request)
            done += 1
        return done

    return sum(await asyncio.gather(*map(calls, opened)))


if __name__ == "__main__":
    _, connections, seconds, streamed, url, key, model = sys.argv
    print(asyncio.run(answers(int(connections), float(seconds), Target(url, key, model), streamed=streamed == "True")))

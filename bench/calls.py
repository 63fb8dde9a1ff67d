"""A minimal load generator in Python: repeats one request over persistent connections.

`python -m bench.calls CONNECTIONS SECONDS HOST PORT` reads the bytes of the call from its input, and prints the answers
in that time.
"""

import asyncio
import sys
import time
from typing import NamedTuple


class Seconds(NamedTuple):
    """Seconds of one call until the first byte of the response body, and until the last."""

    first: float
    whole: float


class Connection:
    """A persistent connection, for one call at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def to(cls, host: str, port: int) -> "Connection":
        """Open a new connection."""
        return cls(*await asyncio.open_connection(host, port))

    async def call(self, request: bytes) -> Seconds:
        """Make one call and return its times. Raise RuntimeError if the response is incomplete."""
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


async def answers(connections: int, seconds: float, host: str, port: int, request: bytes) -> int:
    """Return the number of calls answered in a time, with each connection calling again without a pause."""
    opened = [await Connection.to(host, port) for _ in range(connections)]
    end = time.perf_counter() + seconds

    async def calls(connection: Connection) -> int:
        done = 0
        while time.perf_counter() < end:
            await connection.call(request)
            done += 1
        return done

    return sum(await asyncio.gather(*map(calls, opened)))


if __name__ == "__main__":
    _, connections, seconds, host, port = sys.argv
    print(asyncio.run(answers(int(connections), float(seconds), host, int(port), sys.stdin.buffer.read())))

"""What a call has for its caller: a bounded queue of bytes between the task that writes and the one that sends."""

import asyncio
from collections import deque


class Channel:
    """One writer, one reader. Nothing that was added is lost, unless the reader has gone."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.is_abandoned = False
        self._pieces: deque[bytes] = deque()
        self._bytes = 0
        self._is_closed = False
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()

    def add(self, piece: bytes) -> None:
        """Put a piece in, full or not."""
        if not self.is_abandoned:
            self._pieces.append(piece)
            self._bytes += len(piece)
            self._readable.set()

    async def room(self) -> None:
        """Wait until there is room for more: a slow reader slows its writer down."""
        while self._bytes >= self.most_bytes and not self.is_abandoned:
            self._writable.clear()
            await self._writable.wait()

    def close(self) -> None:
        """Nothing more will be added."""
        self._is_closed = True
        self._readable.set()

    def abandon(self) -> None:
        """The reader has gone: the writer need not wait for it any more."""
        self.is_abandoned = True
        self._pieces.clear()
        self._bytes = 0
        self._writable.set()
        self._readable.set()

    async def take(self) -> bytes | None:
        """All that is there, once something is; None after the end."""
        while not self._pieces:
            if self._is_closed or self.is_abandoned:
                return None
            self._readable.clear()
            await self._readable.wait()
        taken = b"".join(self._pieces)
        self._pieces.clear()
        self._bytes = 0
        self._writable.set()
        return taken

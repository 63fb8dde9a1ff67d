"""Bytes of requests in memory: limited for the process, and fairly shared by senders."""

from typing import Final

# Bytes that stay free for others, for each byte that a sender holds.
FREE_BYTES_PER_BYTE: Final = 3


class InFlight:
    """`limit_bytes` of memory, shared by senders: accounts, or networks for requests without an account.

    A sender may hold a third of what remains free: a quarter of the limit while it is alone, less beside others. So no
    number of senders uses up the limit; four with their maximum leave a third of it. A request that holds bytes alone
    is never refused, so no request is too large.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self._by_sender: dict[str, int] = {}

    def take(self, size_bytes: int, own_bytes: int = 0, sender: str | None = None) -> bool:
        """Hold more bytes for a sender; return whether there was room. The same request already holds `own_bytes`.

        Without a sender only the limit of the process applies.
        """
        if self.held_bytes > own_bytes:
            free_bytes = self.limit_bytes - self.held_bytes - size_bytes
            shared_bytes = 0 if sender is None else self.held_by(sender) + size_bytes
            if free_bytes < FREE_BYTES_PER_BYTE * shared_bytes:
                return False
        self._change(size_bytes, sender)
        return True

    def give_back(self, size_bytes: int, sender: str | None = None) -> None:
        """Release bytes of a sender."""
        self._change(-size_bytes, sender)

    def held_by(self, sender: str) -> int:
        """Return the bytes that all requests of a sender hold."""
        return self._by_sender.get(sender, 0)

    def _change(self, size_bytes: int, sender: str | None) -> None:
        self.held_bytes += size_bytes
        if sender is None:
            return
        left = self.held_by(sender) + size_bytes
        if left:
            self._by_sender[sender] = left
        else:
            self._by_sender.pop(sender, None)


class Hold:
    """The bytes that one request holds for its sender."""

    __slots__ = ("_room", "held_bytes", "sender")

    def __init__(self, room: InFlight, sender: str) -> None:
        self._room = room
        self.sender = sender
        self.held_bytes = 0

    def take(self, size_bytes: int) -> bool:
        """Hold more bytes; return whether there was room."""
        if not self._room.take(size_bytes, self.held_bytes, self.sender):
            return False
        self.held_bytes += size_bytes
        return True

    def keep(self, size_bytes: int) -> None:
        """Release all bytes above `size_bytes`."""
        if self.held_bytes > size_bytes:
            self._room.give_back(self.held_bytes - size_bytes, self.sender)
            self.held_bytes = size_bytes

    def release(self) -> None:
        """Release all held bytes."""
        self.keep(0)

"""How many bytes of requests one process holds: memory has a bound, and no sender can take all of it."""

from typing import Final

# For each byte that a sender holds, so many have to stay free for others.
FREE_BYTES_PER_BYTE: Final = 3


class InFlight:
    """A room of `limit_bytes`, shared by senders: an account, or a network where there is no account.

    A sender may hold a third of what it leaves free: a quarter of the room while it is alone, less beside others. So
    no number of senders fills the room, and four that hold all they may leave a third of it. What a request holds is
    not refused while no other holds anything: no request is too large to be served alone.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self._by_sender: dict[str, int] = {}

    def take(self, size_bytes: int, own_bytes: int = 0, sender: str | None = None) -> bool:
        """Hold more for a sender, and return whether it was possible; `own_bytes` the same request holds already.

        Without a sender only the whole room is a bound.
        """
        if self.held_bytes > own_bytes:
            free_bytes = self.limit_bytes - self.held_bytes - size_bytes
            shared_bytes = 0 if sender is None else self.held_by(sender) + size_bytes
            if free_bytes < FREE_BYTES_PER_BYTE * shared_bytes:
                return False
        self._change(size_bytes, sender)
        return True

    def give_back(self, size_bytes: int, sender: str | None = None) -> None:
        """Hold less for that sender."""
        self._change(-size_bytes, sender)

    def held_by(self, sender: str) -> int:
        """Return the bytes of all requests of a sender."""
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
    """What one request holds in a room, for its sender."""

    __slots__ = ("_room", "held_bytes", "sender")

    def __init__(self, room: InFlight, sender: str) -> None:
        self._room = room
        self.sender = sender
        self.held_bytes = 0

    def take(self, size_bytes: int) -> bool:
        """Hold more, and return whether it was possible."""
        if not self._room.take(size_bytes, self.held_bytes, self.sender):
            return False
        self.held_bytes += size_bytes
        return True

    def keep(self, size_bytes: int) -> None:
        """Give back all but so many bytes."""
        if self.held_bytes > size_bytes:
            self._room.give_back(self.held_bytes - size_bytes, self.sender)
            self.held_bytes = size_bytes

    def release(self) -> None:
        """Give back everything."""
        self.keep(0)

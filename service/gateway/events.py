"""Server-sent events, read as bytes come in."""


class EventTooLong(ValueError):
    """One event is longer than any chunk of a completion."""


class EventReader:
    """Turns the pieces of a body into the data of its events. Comments and other fields are passed over."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of each event that ends in this piece. Raises EventTooLong."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        events = [event for line in lines if (event := self._line(line.removesuffix(b"\r"))) is not None]
        if self._size + len(self._rest) > self.most_bytes:
            raise EventTooLong
        return events

    def _line(self, line: bytes) -> bytes | None:
        if not line:
            event, self._data, self._size = self._data, [], 0
            # An event without data is sent to keep a connection alive.
            return b"\n".join(event) if any(event) else None
        if line.startswith(b"data:"):
            value = line[5:].removeprefix(b" ")
            self._data.append(value)
            self._size += len(value)
        return None

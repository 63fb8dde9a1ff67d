"""How many bytes of requests one process holds, so that memory has a bound and the excess is told to come back."""

from service.trace import Trace


class InFlight:
    """A budget of bytes. A request that holds all there is may have more: nobody is too large to be served alone."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0

    def take(self, size_bytes: int, own_bytes: int = 0) -> bool:
        """Hold more, unless that is over the limit; `own_bytes` the same request holds already."""
        if self.held_bytes > own_bytes and self.held_bytes + size_bytes > self.limit_bytes:
            return False
        self.held_bytes += size_bytes
        return True

    def give_back(self, size_bytes: int) -> None:
        """Hold less."""
        self.held_bytes -= size_bytes

    def take_for_request(self, trace: Trace, size_bytes: int) -> bool:
        """Hold more until the request is over."""
        if not self.take(size_bytes, trace.held_bytes):
            return False
        trace.budget = self
        trace.held_bytes += size_bytes
        return True

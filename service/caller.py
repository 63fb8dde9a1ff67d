"""Who waits for work of the counting threads."""

from typing import NamedTuple

from starlette.types import Receive


class Caller(NamedTuple):
    """Whose turn work takes: an account, or the address of a visitor. `receive` is of a request that is read."""

    owner: str
    receive: Receive | None = None

    async def gone(self) -> None:
        """Return when the caller has hung up."""
        if self.receive is not None:
            while (await self.receive())["type"] != "http.disconnect":
                pass


# For work that concerns no account.
UNNAMED = Caller("")

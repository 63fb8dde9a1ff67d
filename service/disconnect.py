"""When the client of a reply that is on its way is gone: a server says so to those who receive, and to no other."""

from starlette.types import Receive


async def disconnected(receive: Receive) -> None:
    """Return when the client has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass

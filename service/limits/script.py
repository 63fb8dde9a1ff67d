"""The script limit.lua on a store: many runs in one round trip."""

import hashlib
import time
from collections.abc import Sequence
from importlib import resources
from typing import Any, NamedTuple, Protocol

import hiredis
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, ResponseError

NUMBER_OF_KEYS = 2
# While one use follows so shortly upon another, a connection is kept and taken again as it is. One that lay idle may
# have been closed by the server, which the pool finds out, but that takes as long as the calls of a turn.
BUSY_SECONDS = 0.05

# The two keys of an account, which are in one slot of a cluster, and the script's arguments.
Run = tuple[str | int, ...]
Command = tuple[str | int, ...]


class Script(NamedTuple):
    """A script, and the name under which a store knows it."""

    text: str
    sha: str


def limit_script() -> Script:
    """The script of the package."""
    text = resources.files(__package__).joinpath("limit.lua").read_text(encoding="utf-8")
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


class ScriptRunner(Protocol):
    """Where a script runs. Every method raises the faults of `service.storage.redis`."""

    async def load(self) -> None:
        """Make the store ready, so that a run is one round trip."""

    async def run(self, runs: Sequence[Run]) -> list[Any]:
        """One reply a run: a list, or the error that it was answered with. A run that the store did not carry out
        for want of the script is sent again; no other is sent twice."""


class NodeScript:
    """On one server."""

    def __init__(self, client: Redis, script: Script) -> None:
        self._client = client
        self._pool = client.connection_pool
        self._script = script
        self._kept: Any = None
        self._used_at_seconds = 0.0

    async def load(self) -> None:
        """See ScriptRunner."""
        await self._let_go()
        await self._client.script_load(self._script.text)

    async def run(self, runs: Sequence[Run]) -> list[Any]:
        """See ScriptRunner."""
        replies = await self._send(runs)
        while unknown := [at for at, reply in enumerate(replies) if isinstance(reply, NoScriptError)]:
            await self.load()
            again = await self._send([runs[at] for at in unknown])
            for at, reply in zip(unknown, again, strict=True):
                replies[at] = reply
        return replies

    async def _send(self, runs: Sequence[Run]) -> list[Any]:
        connection = await self._taken()
        try:
            return await exchange(connection, [("EVALSHA", self._script.sha, NUMBER_OF_KEYS, *run) for run in runs])
        finally:
            await self._give_back(connection)

    async def _taken(self) -> Any:
        if not self._is_busy():
            await self._let_go()
        kept, self._kept = self._kept, None
        return kept or await self._pool.get_connection()  # type: ignore[no-untyped-call]  # the library leaves it so

    async def _give_back(self, connection: Any) -> None:
        if self._is_busy() and self._kept is None and connection.is_connected:
            self._kept = connection
        else:
            await self._pool.release(connection)
        self._used_at_seconds = time.monotonic()

    def _is_busy(self) -> bool:
        return time.monotonic() - self._used_at_seconds < BUSY_SECONDS

    async def _let_go(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            await self._pool.release(kept)


async def exchange(connection: Any, commands: Sequence[Command]) -> list[Any]:
    """Send all in one write, then read one reply a command; an error that the server answers is a reply too.

    The client's own pipelines would do the same, but take several times as long to write and to read as the calls of
    a turn take otherwise.
    """
    try:
        await connection.send_packed_command(b"".join(map(_packed, commands)), check_health=False)
        return [await _reply(connection) for _ in commands]
    except BaseException:
        # What is still to come would be taken for the replies to whatever is sent next.
        await connection.disconnect(nowait=True)
        raise


def _packed(command: Command) -> bytes:
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]  # typed for one argument, takes any number
    return packed


async def _reply(connection: Any) -> Any:
    """The next reply; a broken connection is not one."""
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error

"""The script limit.lua on Redis or Valkey: many executions in one round trip to a server, or to each node of a cluster.

The client's own pipelines would do the same on a server, but take several times as long to write and to read as the
calls of a turn take otherwise; in a cluster they do not take EVALSHA. So commands go over the client's connections. Of
a cluster the client knows which node has which slot; the nodes' own replies correct that.
"""

import asyncio
import hashlib
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, NamedTuple, Protocol

import hiredis
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.cluster import PRIMARY
from redis.exceptions import AskError, MovedError, NoScriptError, ResponseError, TryAgainError

NUMBER_OF_KEYS = 2
# While one use follows another within this time, a connection is kept and used again as it is. One that was idle for
# longer may have been closed by the server, which the pool checks, but that takes as long as the calls of a turn.
BUSY_SECONDS = 0.05
# While a slot moves from node to node, an execution may be sent back and forth.
MAX_ROUNDS = 16
PAUSE_SECONDS = 0.002

# The two keys of an account, which are in one slot of a cluster, and the script's arguments.
ScriptArguments = tuple[str | int, ...]
RedisCommand = tuple[str | int, ...]


class LuaScript(NamedTuple):
    """A script, and the SHA-1 digest under which a server has it."""

    text: str
    sha: str


def limit_script() -> LuaScript:
    """Return the script of this package."""
    text = resources.files(__package__).joinpath("limit.lua").read_text(encoding="utf-8")
    return LuaScript(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


class ScriptRunner(Protocol):
    """Where a script is executed. Every method raises the FAULTS of `service.storage.redis`."""

    async def load(self) -> None:
        """Load the script, so that executions take one round trip."""

    async def run(self, runs: Sequence[ScriptArguments]) -> list[Any]:
        """Return one reply for each execution: a list, or the error that the server replied with.

        An execution that was not carried out for want of the script is sent again; no other is sent twice.
        """


class NodeScript:
    """A ScriptRunner on one server."""

    def __init__(self, client: Redis, script: LuaScript) -> None:
        self._client = client
        self._pool = client.connection_pool
        self._script = script
        self._kept: Any = None
        self._used_at_seconds = 0.0

    async def load(self) -> None:
        """Load the script, over a connection that the pool has checked."""
        await self._let_go()
        await self._client.script_load(self._script.text)

    async def run(self, runs: Sequence[ScriptArguments]) -> list[Any]:
        """Return one reply for each execution."""
        replies = await self._send(runs)
        while unknown := [at for at, reply in enumerate(replies) if isinstance(reply, NoScriptError)]:
            await self.load()
            again = await self._send([runs[at] for at in unknown])
            for at, reply in zip(unknown, again, strict=True):
                replies[at] = reply
        return replies

    async def _send(self, runs: Sequence[ScriptArguments]) -> list[Any]:
        connection = await self._take()
        try:
            return await exchange(connection, [("EVALSHA", self._script.sha, NUMBER_OF_KEYS, *run) for run in runs])
        finally:
            await self._give_back(connection)

    async def _take(self) -> Any:
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


async def exchange(connection: Any, commands: Sequence[RedisCommand]) -> list[Any]:
    """Send all commands in one write, then read a reply for each; an error that the server replies with is one too."""
    try:
        await connection.send_packed_command(b"".join(map(_pack, commands)), check_health=False)
        return [await _reply(connection) for _ in commands]
    except BaseException:
        # Replies that still come in would be taken for those to the next commands.
        await connection.disconnect(nowait=True)
        raise


def _pack(command: RedisCommand) -> bytes:
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]  # typed for one argument, takes any number
    return packed


async def _reply(connection: Any) -> Any:
    """Return the next reply, or the error that the server replied with. Raise if the connection breaks."""
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error


class Route(NamedTuple):
    """Where an execution is sent. `asking`: the node is about to get the slot."""

    node: ClusterNode
    asking: bool = False


class ClusterScript:
    """A ScriptRunner on the nodes of a cluster."""

    def __init__(self, client: RedisCluster, script: LuaScript) -> None:
        self._client = client
        self._script = script

    async def load(self) -> None:
        """Read again which node has which slot, and load the script on all."""
        await self._client.initialize()
        await self._client.nodes_manager.initialize()
        nodes = self._client.get_primaries()
        # A node that was restarted has closed its idle connections.
        await asyncio.gather(*(node.disconnect_free_connections() for node in nodes))
        await _gather(*(self._load_on(node) for node in nodes))

    async def run(self, runs: Sequence[ScriptArguments]) -> list[Any]:
        """Return one reply for each execution. An execution is repeated only if the reply says that it was not carried
        out."""
        await self._client.initialize()
        replies: list[Any] = [None] * len(runs)
        routes = {at: Route(self._owner(run)) for at, run in enumerate(runs)}
        for _ in range(MAX_ROUNDS):
            for at, reply in (await self._round(runs, routes)).items():
                replies[at] = reply
            routes = await self._reroute(routes, replies)
            if not routes:
                break
        return replies

    def _owner(self, run: ScriptArguments) -> ClusterNode:
        return self._client.nodes_manager.get_node_from_slot(self._client.keyslot(str(run[0])))

    async def _round(self, runs: Sequence[ScriptArguments], routes: Mapping[int, Route]) -> dict[int, Any]:
        """Return the replies to these executions. If one node fails, all are lost: none is known to be carried out."""
        parts: defaultdict[ClusterNode, list[int]] = defaultdict(list)
        for at, route in routes.items():
            parts[route.node].append(at)
        answers = await _gather(
            *(self._exchange(node, [(runs[at], routes[at].asking) for at in part]) for node, part in parts.items())
        )
        return {
            at: reply
            for part, replies in zip(parts.values(), answers, strict=True)
            for at, reply in zip(part, replies, strict=True)
        }

    async def _exchange(self, node: ClusterNode, part: Sequence[tuple[ScriptArguments, bool]]) -> list[Any]:
        """Send all, then read all. An ASKING applies to the next execution alone, and its reply is left out."""
        connection = node.acquire_connection()
        commands: list[RedisCommand] = []
        for run, asking in part:
            commands += [("ASKING",)] if asking else []
            commands.append(("EVALSHA", self._script.sha, NUMBER_OF_KEYS, *run))
        try:
            replies = await exchange(connection, commands)
        finally:
            node.release(connection)
        return [reply for command, reply in zip(commands, replies, strict=True) if command[0] != "ASKING"]

    async def _reroute(self, routes: Mapping[int, Route], replies: Sequence[Any]) -> dict[int, Route]:
        """Return where executions are sent next that were not carried out; leave out the others."""
        again: dict[int, Route] = {}
        without_script: set[ClusterNode] = set()
        for at, route in routes.items():
            match replies[at]:
                case MovedError() as moved:
                    await self._client.nodes_manager.move_slot(moved)
                    again[at] = Route(self._node_at(moved))
                case AskError() as ask:
                    again[at] = Route(self._node_at(ask), asking=True)
                case NoScriptError():
                    without_script.add(route.node)
                    again[at] = route
                case TryAgainError():
                    again[at] = route
        if any(isinstance(replies[at], TryAgainError) for at in again):
            await asyncio.sleep(PAUSE_SECONDS)
        await _gather(*map(self._load_on, without_script))
        return again

    def _node_at(self, redirection: AskError) -> ClusterNode:
        """Return the node of that address, which may be new to the cluster."""
        nodes = self._client.nodes_manager
        known = nodes.get_node(host=redirection.host, port=redirection.port)
        if known is not None:
            return known
        node = ClusterNode(redirection.host, redirection.port, PRIMARY, **nodes.connection_kwargs)
        nodes.set_nodes(nodes.nodes_cache, {node.name: node})
        return node

    async def _load_on(self, node: ClusterNode) -> None:
        await node.execute_command("SCRIPT LOAD", self._script.text)


async def _gather(*work: Any) -> list[Any]:
    """Do all concurrently and wait for all, then raise the first exception if there is one."""
    done = await asyncio.gather(*work, return_exceptions=True)
    for outcome in done:
        if isinstance(outcome, BaseException):
            raise outcome
    return done

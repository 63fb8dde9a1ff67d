"""Workers on a Ray cluster. Each loads the vocabularies once; the shards of a lost worker are counted again."""

import json
import logging
import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from corpus_cost.counting import CountJob, count_shard, load_counters
from corpus_cost.errors import RAY_EXTRA, UnusableCluster, import_extra
from corpus_cost.shards import Shard
from corpus_cost.totals import from_json, to_json
from corpus_cost.workers import ShardResult
from tokenizer_registry import Registry

PURPOSE = "--engine ray"
# More blocks are not faster, and each needs memory in the cluster.
MAX_BLOCKS = 2_000


class ShardCounter:
    """A Ray Data actor that loads the vocabularies of its own machine once and counts many shards."""

    def __init__(self, job: CountJob, extra_folder: str) -> None:
        self._job = job
        self._counters = load_counters(Registry.from_package(Path(extra_folder)), job)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Count one shard. The row and the result are plain values, which Ray can send."""
        shard: Shard = pickle.loads(row["shard"])  # noqa: S301 (made by this program, never read from a file)
        partial = count_shard(shard, self._job, self._counters)
        return {"id": shard.id, "partial": json.dumps(to_json(partial))}


class RayWorkers:
    """A context manager that connects to a cluster. On exit it stops a cluster only if it has started it."""

    def __init__(self, job: CountJob, extra_folder: Path, address: str, workers: int) -> None:
        self._job = job
        self._extra_folder = extra_folder
        self._address = address
        self._workers = workers

    def __enter__(self) -> "RayWorkers":
        ray = import_extra("ray", PURPOSE, RAY_EXTRA)
        import_extra("ray.data", PURPOSE, RAY_EXTRA)
        try:
            ray.init(address=self._address or None, log_to_driver=False, logging_level="ERROR", include_dashboard=False)
        except Exception as fault:  # the exceptions of Ray have no common base class
            raise UnusableCluster(self._address or "of this machine", _describe_error(fault)) from None
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        import_extra("ray", PURPOSE, RAY_EXTRA).shutdown()

    def count(self, shards: Sequence[Shard]) -> Iterator[ShardResult]:
        """Yield the result of each shard, perhaps twice if a worker was lost. Raise UnusableCluster."""
        if not shards:
            return
        by_id = {shard.id: shard for shard in shards}
        try:
            for row in self._rows(shards):
                yield ShardResult(by_id[row["id"]], from_json(json.loads(row["partial"])))
        except Exception as fault:  # the exceptions of Ray have no common base class
            raise UnusableCluster(self._address or "of this machine", _describe_error(fault)) from None

    def _rows(self, shards: Sequence[Shard]) -> Iterator[dict[str, Any]]:
        data = import_extra("ray.data", PURPOSE, RAY_EXTRA)
        data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        rows = [{"shard": pickle.dumps(shard)} for shard in shards]
        dataset = data.from_items(rows, override_num_blocks=min(len(rows), MAX_BLOCKS)).map(
            ShardCounter,
            fn_constructor_args=(self._job, str(self._extra_folder)),
            compute=data.ActorPoolStrategy(min_size=1, max_size=self._workers),
            max_restarts=-1,
            max_task_retries=-1,
        )
        found: Iterator[dict[str, Any]] = dataset.iter_rows()
        return found


def _describe_error(fault: Exception) -> str:
    text = str(fault).strip().splitlines()
    return f"{type(fault).__name__}: {text[-1][:300]}" if text else type(fault).__name__

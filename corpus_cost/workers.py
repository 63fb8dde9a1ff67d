"""Worker processes on this machine. They are forked after the vocabularies are loaded, and so share their memory."""

import gc
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import NamedTuple

from corpus_cost.counting import CountJob, JobCounters, count_shard
from corpus_cost.errors import TextFault, WorkersLost
from corpus_cost.shards import Shard
from corpus_cost.totals import Partial

# A shard during which this many workers were killed is given up.
MAX_DEATHS = 2


class ShardResult(NamedTuple):
    """The result of one shard. If the shard is lost, `partial` has only the faults that say so."""

    shard: Shard
    partial: Partial
    lost: bool = False


class _Worker(NamedTuple):
    process: BaseProcess
    pipe: Connection


class _WorkerError(NamedTuple):
    """An exception in a worker that is not the fault of a source; it is raised again in the parent."""

    error: Exception


class Workers:
    """A context manager of `count` processes. If one is killed, another counts its shard.

    Each process calls `preparing` first, while the parent still plans the shards.
    """

    def __init__(
        self, job: CountJob, counters: JobCounters, count: int, preparing: Callable[[], None] = lambda: None
    ) -> None:
        self._job = job
        self._counters = counters
        self._count = count
        self._preparing = preparing
        self._workers: list[_Worker] = []

    def __enter__(self) -> "Workers":
        context = multiprocessing.get_context("fork")
        for _ in range(self._count):
            here, there = context.Pipe()
            others = [worker.pipe for worker in self._workers]
            given = (there, [here, *others], self._preparing, self._job, self._counters)
            process = context.Process(target=_run_worker, args=given, daemon=True)
            process.start()
            there.close()
            self._workers.append(_Worker(process, here))
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        for worker in self._workers:
            worker.process.terminate()
            worker.process.join()
            worker.pipe.close()
        self._workers.clear()

    @property
    def process_ids(self) -> list[int]:
        """Return the ids of the running processes."""
        return [worker.process.pid for worker in self._workers if worker.process.pid is not None]

    def count(self, shards: Sequence[Shard]) -> Iterator[ShardResult]:
        """Yield the result of each shard as it is finished. Raise WorkersLost, OSError if a part cannot be written."""
        return _Round(self._workers, shards).outcomes()


class _Round:
    """Assigns shards to workers, and assigns those of killed workers again."""

    def __init__(self, workers: list[_Worker], shards: Sequence[Shard]) -> None:
        self._workers = workers
        self._left = deque(shards)
        self._busy: dict[Connection, Shard] = {}
        self._deaths: dict[str, int] = {}

    def outcomes(self) -> Iterator[ShardResult]:
        for worker in list(self._workers):
            yield from self._hand_out(worker)
        while self._busy:
            for pipe in wait(list(self._busy)):
                worker = next(each for each in self._workers if each.pipe is pipe)
                yield from self._take(worker)
        if self._left:
            raise WorkersLost(len(self._left))

    def _take(self, worker: _Worker) -> Iterator[ShardResult]:
        shard = self._busy.pop(worker.pipe)
        try:
            answer = worker.pipe.recv()
        except (EOFError, ConnectionError):
            yield from self._bury(worker, shard)
            return
        if isinstance(answer, _WorkerError):
            raise answer.error
        yield ShardResult(shard, answer)
        yield from self._hand_out(worker)

    def _hand_out(self, worker: _Worker) -> Iterator[ShardResult]:
        if not self._left:
            return
        shard = self._left.popleft()
        try:
            worker.pipe.send(shard)
        except (BrokenPipeError, ConnectionError):
            yield from self._bury(worker, shard)
        else:
            self._busy[worker.pipe] = shard

    def _bury(self, worker: _Worker, shard: Shard) -> Iterator[ShardResult]:
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.join()
        self._deaths[shard.id] = self._deaths.get(shard.id, 0) + 1
        if self._deaths[shard.id] < MAX_DEATHS:
            self._left.append(shard)
        else:
            yield ShardResult(shard, _given_up(shard), lost=True)
        idle = [each for each in self._workers if each.pipe not in self._busy]
        for each in idle:
            yield from self._hand_out(each)


def _given_up(shard: Shard) -> Partial:
    """Return the partial of a shard that is given up."""
    reason = (
        f"{MAX_DEATHS} workers were killed while they counted it, probably for want of memory; none of its texts "
        "are in the totals. Try a smaller --max-text, or fewer --workers."
    )
    names = dict.fromkeys(piece.source.name for piece in shard.pieces)
    return Partial(faults=tuple(TextFault(name, "a part of it", reason) for name in names))


def _run_worker(
    pipe: Connection, foreign: Sequence[Connection], preparing: Callable[[], None], job: CountJob, counters: JobCounters
) -> None:
    """Count shards until the pipe is closed. It is closed when the parent ends: no worker keeps an end of another."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # the collector neither goes through what was loaded before the fork, nor writes to the shared pages
    for other in foreign:
        other.close()
    preparing()
    while True:
        try:
            shard = pipe.recv()
        except (EOFError, ConnectionError):
            return
        try:
            answer: Partial | _WorkerError = count_shard(shard, job, counters)
        except MemoryError:
            return  # as if killed by the system for lack of memory: another worker tries the shard
        except Exception as fault:  # raised again in the parent
            answer = _WorkerError(fault)
        try:
            pipe.send(answer)
        except (BrokenPipeError, ConnectionError):
            return

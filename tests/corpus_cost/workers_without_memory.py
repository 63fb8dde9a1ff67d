"""Counts a file whose one text needs more memory than its worker may take: `python -m ... FILE`. Prints what is raised.

A process of its own, because one that has freed much memory needs none from the system for the text.
"""

import sys

from corpus_cost.counting import CountJob, load_counters
from corpus_cost.discovery import find_sources
from corpus_cost.errors import WorkersLost
from corpus_cost.execution import ShardTally, count_shards
from corpus_cost.planning import plan_shards
from corpus_cost.totals import Meter
from corpus_cost.workers import Workers
from corpus_cost.workload import ReadOptions, Workload
from tests.corpus_cost.conftest import DAY
from tests.little_memory import limit_memory
from tokenizer_registry import Registry

JOB = CountJob((Meter("o200k_base"),), Workload(DAY))
ROOM_BYTES = 5_000_000


def prepare() -> None:
    """Take memory from this process."""
    limit_memory(ROOM_BYTES)


def main() -> None:
    """Count the file with one worker."""
    shards = plan_shards(find_sources([sys.argv[1]]).sources, ReadOptions(), 2).shards
    counters = load_counters(Registry.from_package(), JOB)
    try:
        with Workers(JOB, counters, 1, prepare) as workers:
            count_shards(workers, shards, ShardTally(None), lambda _: None)
    except WorkersLost as error:
        sys.stdout.write(f"{type(error).__name__}: {error}\n")
    else:
        sys.stdout.write("counted\n")


if __name__ == "__main__":
    main()

"""Runs that do not go through: killed workers, Ctrl-C, changed files, broken journals. Totals stay exact."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from corpus_cost.counting import CountJob, load_counters
from corpus_cost.discovery import find_sources
from corpus_cost.errors import KeptElsewhere, WorkersLost
from corpus_cost.execution import ShardTally, count_shards
from corpus_cost.journal import LINES, Journal
from corpus_cost.planning import plan_shards
from corpus_cost.shards import Shard
from corpus_cost.totals import Meter, Partial
from corpus_cost.workers import ShardResult, Workers
from corpus_cost.workload import ReadOptions, Workload
from tests.corpus_cost.conftest import DAY
from tests.corpus_cost.corpora import texts, write_jsonl
from tokenizer_registry import Registry

JOB = CountJob((Meter("o200k_base"),), Workload(DAY))


@pytest.fixture
def shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sequence[Shard]:
    """Some forty parts of one file."""
    monkeypatch.setattr("corpus_cost.planning.MIN_SHARD_BYTES", 10_000)
    path = write_jsonl(tmp_path / "a.jsonl", list(texts(600, seed=3)))
    planned = plan_shards(find_sources([str(path)]).sources, ReadOptions(), 2).shards
    assert len(planned) > 30
    return planned


@pytest.fixture
def workers(registry: Registry) -> Callable[[int], Workers]:
    """Return a function that builds `Workers` of so many processes."""
    return lambda count: Workers(JOB, load_counters(registry, JOB), count)


def counted(workers: Workers, shards: Sequence[Shard], tally: ShardTally) -> Partial:
    """The totals of a whole run."""
    with workers:
        count_shards(workers, shards, tally, lambda _: None)
    return tally.total(shards)


class Killing:
    """Workers of which one is killed as soon as anything is done."""

    def __init__(self, workers: Workers, victims: int) -> None:
        self._workers = workers
        self._victims = victims

    def count(self, shards: Sequence[Shard]) -> Iterator[ShardResult]:
        """What the workers count."""
        for number, done in enumerate(self._workers.count(shards)):
            yield done
            if number == 0:
                for process_id in self._workers.process_ids[: self._victims]:
                    os.kill(process_id, signal.SIGKILL)


def test_a_killed_worker_changes_no_total(workers: Callable[[int], Workers], shards: Sequence[Shard]) -> None:
    """What a killed worker had in hand is counted by another, once."""
    expected = counted(workers(2), shards, ShardTally(None))
    tally, three = ShardTally(None), workers(3)
    with three:
        count_shards(Killing(three, 1), shards, tally, lambda _: None)
    assert tally.total(shards) == expected
    assert tally.done == len(shards)


def test_when_all_workers_are_killed_what_is_done_is_kept(
    workers: Callable[[int], Workers], shards: Sequence[Shard], tmp_path: Path
) -> None:
    """The error says how much is left; the next run counts only that, to the same totals."""
    expected = counted(workers(2), shards, ShardTally(None))
    two = workers(2)
    with Journal(tmp_path / "run") as journal, two:
        journal.begin({})
        with pytest.raises(WorkersLost, match="Try fewer --workers"):
            count_shards(Killing(two, 2), shards, ShardTally(journal), lambda _: None)
    with Journal(tmp_path / "run") as journal:
        kept = journal.done()
        assert 0 < len(kept) < len(shards)
        tally = ShardTally(journal)
        assert {shard.id for shard in tally.resume(shards)} == {shard.id for shard in shards} - set(kept)
        assert counted(workers(2), shards, tally) == expected


def test_a_shard_that_comes_twice_counts_once(workers: Callable[[int], Workers], shards: Sequence[Shard]) -> None:
    """Counting again what was counted changes nothing."""

    class Twice:
        def count(self, shards: Sequence[Shard]) -> Iterator[ShardResult]:
            for done in two.count(shards):
                yield done
                yield done

    tally, two = ShardTally(None), workers(2)
    with two:
        count_shards(Twice(), shards, tally, lambda _: None)
    assert tally.total(shards) == counted(workers(1), shards, ShardTally(None))


def test_a_changed_file_is_counted_anew(workers: Callable[[int], Workers], tmp_path: Path) -> None:
    """Nothing that was kept of a file is used once the file is another."""
    path = write_jsonl(tmp_path / "a.jsonl", ["one"])
    with Journal(tmp_path / "run") as journal:
        journal.begin({})
        counted(
            workers(1), plan_shards(find_sources([str(path)]).sources, ReadOptions(), 1).shards, ShardTally(journal)
        )
        write_jsonl(path, ["two", "texts"])
        total = counted(
            workers(1), plan_shards(find_sources([str(path)]).sources, ReadOptions(), 1).shards, ShardTally(journal)
        )
    assert total.texts == 2


def test_a_line_that_a_crash_cut_off_is_counted_again(
    workers: Callable[[int], Workers], shards: Sequence[Shard], tmp_path: Path
) -> None:
    """A journal whose last line is not whole loses that line alone."""
    with Journal(tmp_path / "run") as journal:
        journal.begin({})
        expected = counted(workers(2), shards, ShardTally(journal))
    lines = tmp_path / "run" / LINES
    lines.write_bytes(lines.read_bytes()[:-20])
    with Journal(tmp_path / "run") as journal:
        tally = ShardTally(journal)
        assert len(tally.resume(shards)) == 1
        assert counted(workers(2), shards, tally) == expected


def test_a_journal_has_one_process_at_a_time(tmp_path: Path) -> None:
    """Two runs of the same estimate cannot mix what they keep."""
    with Journal(tmp_path / "run"), pytest.raises(KeptElsewhere, match="running already"):
        Journal(tmp_path / "run")


def test_workers_without_memory_are_lost_and_their_texts_are_not_called_uncountable(tmp_path: Path) -> None:
    """A text that needs more memory than a worker gets ends that worker; when all have ended, the run says why."""
    path = write_jsonl(tmp_path / "a.jsonl", ["a" * 40_000_000])
    module = "tests.corpus_cost.workers_without_memory"
    done = subprocess.run([sys.executable, "-m", module, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("WorkersLost: "), done
    assert "memory ran out" in done.stdout

"""Samples: intervals that hold, and the arithmetic that they rest on."""

from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from pathlib import Path

import pytest

from corpus_cost.counting import CountJob, count_shard, load_counters
from corpus_cost.discovery import find_sources
from corpus_cost.intervals import Drawn, interval, student
from corpus_cost.sampling import sample_plan
from corpus_cost.totals import merge_partials
from corpus_cost.workload import ReadOptions, Workload
from tests.corpus_cost.conftest import DAY
from tests.corpus_cost.sampled_corpora import KINDS, check
from tokenizer_registry import Registry


@pytest.mark.parametrize("number", [8, 12, 15])
def test_the_interval_holds_the_true_cost(number: int, tmp_path: Path) -> None:
    """A sample of a corpus with very unlike lengths gives an interval with the cost of a full count in it."""
    assert KINDS[number]
    assert check(number, tmp_path, 250_000).holds


@pytest.mark.parametrize(
    ("degrees", "quantile"), [(1, 12.706), (2, 4.303), (4, 2.776), (10, 2.228), (199, 1.972), (10_000, 1.960)]
)
def test_quantiles_are_those_of_the_tables(degrees: int, quantile: float) -> None:
    """Student's t is that of printed tables to one part in a hundred, and nearer the more points there are."""
    assert student(degrees) == pytest.approx(quantile, rel=0.01 if degrees < 10 else 0.001)


def test_equal_shares_leave_no_doubt() -> None:
    """Where each byte has the same amount, the total is exact and the interval has no width."""
    found = interval([Drawn(1, 10, Fraction(5)), Drawn(3, 100, Fraction(50))], 4, 1_000)
    assert set(found) == {Decimal(500)}


def test_points_without_a_text_count_as_nothing() -> None:
    """A point on a null or a blank line lowers the total as it should."""
    assert interval([Drawn(1, 10, Fraction(10))], 2, 1_000).estimate == 500


def test_a_packed_file_is_sampled_by_its_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How well a Parquet file is packed does not make its sample larger."""
    monkeypatch.setattr("corpus_cost.sampling.MIN_POINTS", 20)
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    path = tmp_path / "same.parquet"
    parquet.write_table(arrow.table({"text": ["the same text, again and again"] * 50_000}), path)
    sources = find_sources([str(path)]).sources
    plan = sample_plan(sources, ReadOptions(), Decimal("0.01"), "0")
    job, registry = CountJob((), Workload(DAY)), Registry.from_package()
    total = merge_partials(count_shard(shard, job, load_counters(registry, job)) for shard in plan.shards)
    assert 450 <= total.texts <= 550
    assert total.measured == 50_000 * 31


def test_one_point_has_no_interval() -> None:
    """Nothing is said of the error where nothing is known of it."""
    assert interval([Drawn(1, 10, Fraction(10))], 1, 1_000)[1:] == (None, None)
    assert interval([], 0, 1_000)[1:] == (None, None)

"""Metrics that forked processes share: none is lost when a process ends, and no file holds them."""

import os
from collections.abc import Callable, Iterator

import pytest
from prometheus_client import values

from service.limits import LimitOutcome
from service.observability.metrics import Metrics
from service.observability.shared_numbers import MAX_SERIES, NAME_BYTES, SharedNumbers


@pytest.fixture(autouse=True)
def _library_as_before() -> Iterator[None]:
    """Undo what a worker sets for its whole life."""
    before = values.ValueClass
    yield
    values.ValueClass = before


def in_worker(numbers: SharedNumbers, work: Callable[[Metrics], None]) -> None:
    """Fork a worker that uses the slot reserved last, and wait for its end."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            numbers.enter()
            metrics = Metrics(numbers)
            work(metrics)
            metrics.write()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0


def lines(numbers: SharedNumbers) -> set[str]:
    """Return all metrics as one process reports them."""
    return set(Metrics(numbers).text().decode().splitlines())


def noted(metrics: Metrics) -> None:
    """Record a request, a decision and the present state."""
    metrics.request("GET", "/health", 200, 0.003, None)
    metrics.request("GET", "/health", 200, 7, None)
    metrics.decided(LimitOutcome.ADMITTED)
    metrics.tasks.set(3)
    metrics.limits_shared.set(True)
    metrics.book_age_days.set(5)


HISTOGRAM = {
    'weighbridge_request_seconds_bucket{le="0.0025",method="GET",route="/health",status="200"} 0.0',
    'weighbridge_request_seconds_bucket{le="0.005",method="GET",route="/health",status="200"} 2.0',
    'weighbridge_request_seconds_bucket{le="10.0",method="GET",route="/health",status="200"} 4.0',
    'weighbridge_request_seconds_bucket{le="+Inf",method="GET",route="/health",status="200"} 4.0',
    'weighbridge_request_seconds_count{method="GET",route="/health",status="200"} 4.0',
    'weighbridge_request_seconds_sum{method="GET",route="/health",status="200"} 14.006',
    'weighbridge_limiter_decisions_total{outcome="admitted"} 2.0',
}


def test_numbers_of_all_processes_are_added_up() -> None:
    """Counters and histograms of two live workers are added up; gauges are combined as each defines."""
    numbers = SharedNumbers(2)
    for _ in range(2):
        numbers.reserve()
        in_worker(numbers, noted)
    numbers.reserve()
    in_worker(numbers, lambda metrics: metrics.book_age_days.set(4))
    seen = lines(numbers)
    assert seen >= HISTOGRAM
    assert {"weighbridge_tasks 6.0", "weighbridge_limits_shared 0.0", "weighbridge_price_book_age_days 5.0"} <= seen


def test_counters_outlive_their_process() -> None:
    """Counts of an ended worker are kept, also when another uses its slot; its gauges are gone."""
    numbers = SharedNumbers(1)
    for _ in range(2):
        slot = numbers.reserve()
        in_worker(numbers, noted)
        numbers.release(slot)
    seen = lines(numbers)
    assert seen >= HISTOGRAM
    assert not [line for line in seen if line.startswith("weighbridge_tasks ")]
    numbers.reserve()
    in_worker(numbers, lambda metrics: None)
    assert HISTOGRAM | {"weighbridge_tasks 0.0"} <= lines(numbers)


def test_any_number_of_workers_starts_and_ends() -> None:
    """However many workers there have been, slots are reused; a worker without a slot keeps its metrics to itself."""
    numbers = SharedNumbers(1)
    for _ in range(20):
        slot = numbers.reserve()
        in_worker(numbers, lambda metrics: metrics.decided(LimitOutcome.ADMITTED))
        numbers.release(slot)
    assert 'weighbridge_limiter_decisions_total{outcome="admitted"} 20.0' in lines(numbers)
    while numbers.reserve() is not None:
        pass
    in_worker(numbers, check_own)
    assert 'weighbridge_limiter_decisions_total{outcome="admitted"} 20.0' in lines(numbers)


def check_own(metrics: Metrics) -> None:
    """Check that a worker without a slot reports its own metrics with those of the others."""
    metrics.decided(LimitOutcome.ADMITTED)
    metrics.write()
    assert b'weighbridge_limiter_decisions_total{outcome="admitted"} 21.0' in metrics.text()


def test_a_full_slot_changes_no_other_number() -> None:
    """Metrics for which a slot has no room can be changed, and are not reported."""
    numbers = SharedNumbers(1)
    numbers.reserve()
    in_worker(numbers, overflow)
    seen = lines(numbers)
    assert 'weighbridge_limiter_decisions_total{outcome="admitted"} 1.0' in seen
    assert len([line for line in seen if not line.startswith("#")]) < 2 * MAX_SERIES


def overflow(metrics: Metrics) -> None:
    """Count more codes than there is room for."""
    metrics.decided(LimitOutcome.ADMITTED)
    for number in range(MAX_SERIES + 100):
        metrics.request("GET", "/health", 404, 0, str(number))


def test_a_name_that_was_half_added_does_not_shift_those_after_it() -> None:
    """If a worker is killed while it adds a name, the next worker's metrics are still read correctly."""
    numbers = SharedNumbers(1)
    slot = numbers.reserve()
    in_worker(numbers, lambda metrics: metrics.request("GET", "/health", 200, 1, None))
    assert slot is not None
    slot.header[NAME_BYTES] += 40
    numbers.release(slot)
    assert numbers.reserve() is slot
    in_worker(numbers, lambda metrics: metrics.request("GET", "/ready", 503, 1, None))
    assert {
        'weighbridge_request_seconds_count{method="GET",route="/health",status="200"} 1.0',
        'weighbridge_request_seconds_count{method="GET",route="/ready",status="503"} 1.0',
    } <= lines(numbers)


def test_a_slot_that_was_reserved_for_no_worker_is_free() -> None:
    """However often the system cannot start a worker, the next worker has a slot."""
    numbers = SharedNumbers(1)
    slot = numbers.reserve()
    numbers.close_reservation(is_used=False)
    assert numbers.reserve() is slot
    numbers.close_reservation(is_used=True)
    assert numbers.reserve() is not slot

"""Metrics for Prometheus, over all worker processes together.

Each worker keeps its metrics in memory that all workers share; the worker that answers `/metrics` adds them up.
Counters of an ended worker stay in the sums, its gauges do not. Money is in whole micro-rupees: counters are floats,
which are exact up to 2^53 micro-rupees (9·10^9 rupees).
"""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache, wraps
from typing import Literal, ParamSpec

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from service.observability.shared_numbers import Increment, SharedNumbers, SummedNumbers, add_all

REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
LAG_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)

STORES = ("counters", "accounts")
TASKS = ("last_used", "limits", "probe", "revocations", "sweeper")
MAX_LABELS = 1_000
# Lists of vocabularies whose counters are cached.
MAX_LISTS = 256
# Labels that are exposed from the start with 0: kinds of upstream failures, and of inconsistent usages.
FAULT_KINDS = ("unavailable", "bad_response", "timeout", "refused", "busy")
ZERO_WITH_TEXT = "zero_with_text"
ZERO_AFTER_USAGE = "zero_after_usage"
TOTAL_ABOVE_SUM = "total_above_sum"
USAGE_FAULTS = (ZERO_WITH_TEXT, ZERO_AFTER_USAGE, TOTAL_ABOVE_SUM)
UPSTREAM_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)
OverProcesses = Literal["livesum", "livemin", "livemax"]
Arguments = ParamSpec("Arguments")


class GroupedHistogram(Histogram):
    """A histogram with a cheap way to record many observations together."""

    def increments(self, amounts: Sequence[float]) -> list[Increment]:
        """Return what `observe` of each amount adds; for a histogram whose labels are set."""
        numbers: dict[int, int] = {}
        for amount in amounts:
            bucket = bisect_left(self._upper_bounds, amount)
            numbers[bucket] = numbers.get(bucket, 0) + 1
        return [(self._sum, sum(amounts)), *((self._buckets[bucket], number) for bucket, number in numbers.items())]

    def increments_of(self, amount: float) -> list[Increment]:
        """Return what `observe` of one amount adds."""
        return [(self._sum, amount), (self._buckets[bisect_left(self._upper_bounds, amount)], 1)]


class MetricsBuffer:
    """Collects counts and observations, and writes them once a turn of the event loop; without a loop, directly."""

    def __init__(self) -> None:
        self._numbers: dict[Counter, int] = {}
        self._groups: dict[tuple[Counter, ...], int] = {}
        self._amounts: dict[GroupedHistogram, list[float]] = {}
        self._is_due = False

    def count(self, counter: Counter) -> None:
        """Add one to a counter."""
        self._numbers[counter] = self._numbers.get(counter, 0) + 1
        if not self._is_due:
            self._write_soon()

    def count_each(self, counters: tuple[Counter, ...]) -> None:
        """Add one to each counter of a group; equal groups are merged until they are written."""
        self._groups[counters] = self._groups.get(counters, 0) + 1
        if not self._is_due:
            self._write_soon()

    def observe(self, histogram: GroupedHistogram, amount: float) -> None:
        """Add one observation to a histogram."""
        amounts = self._amounts.get(histogram)
        if amounts is None:
            amounts = self._amounts[histogram] = []
        amounts.append(amount)
        if not self._is_due:
            self._write_soon()

    def write(self) -> None:
        """Write everything that was collected."""
        self._is_due = False
        numbers, self._numbers = self._numbers, {}
        groups, self._groups = self._groups, {}
        for counters, number in groups.items():
            for counter in counters:
                numbers[counter] = numbers.get(counter, 0) + number
        amounts, self._amounts = self._amounts, {}
        # `Counter.inc` would check each number again.
        increments: list[Increment] = [(counter._value, number) for counter, number in numbers.items()]
        for histogram, observed in amounts.items():
            increments += histogram.increments(observed)
        add_all(increments)

    def _write_soon(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.write()
        else:
            self._is_due = True
            loop.call_soon(self.write)


def harmless(note: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Return the function with its exceptions suppressed: a metric that cannot be written fails nothing else."""

    @wraps(note)
    def noted(*arguments: Arguments.args, **named: Arguments.kwargs) -> None:
        with suppress(Exception):
            note(*arguments, **named)

    return noted


class GatewayMeters:
    """The gateway's metrics of this process in `registry`, all exposed from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._calls = self._counter("gateway_calls", "Ended calls, by outcome.", "outcome")
        self._tokens = self._counter("gateway_tokens", "Charged tokens, by direction.", "direction")
        self._charged = self._counter("gateway_charged_micro_inr", "Charged money in micro-rupees.")
        self._open_holds = self._gauge("gateway_open_holds", "Calls in progress with money held.")
        self._held = self._gauge("gateway_held_micro_inr", "Money held for calls in progress, in micro-rupees.")
        self._streams = self._gauge("gateway_streams", "Streams in progress, also those whose caller has disconnected.")
        self._failures = self._counter("upstream_failures", "Failed requests to the upstream, by kind.", "kind")
        self._first_byte = self._histogram(
            "upstream_first_byte_seconds", "Seconds from a request to the first piece of its reply."
        )
        self._total = self._histogram("upstream_seconds", "Seconds from a request to the end of its reply.")
        self._input_tokens, self._output_tokens = self._tokens.labels("input"), self._tokens.labels("output")
        self._usage_faults = self._counter(
            "upstream_usage_inconsistent", "Replies of the upstream with an inconsistent usage, by fault.", "fault"
        )
        for fault in USAGE_FAULTS:
            self._usage_faults.labels(fault)
        for kind in FAULT_KINDS:
            self._failures.labels(kind)
        # Cached, because the library looks labels up slowly.
        self._by_outcome = {"completed": self._calls.labels("completed")}

    @harmless
    def held(self, micro_inr: int) -> None:
        """Record money held for a call."""
        add_all(((self._open_holds._value, 1), (self._held._value, micro_inr)))

    @harmless
    def ended(
        self, outcome: str, held_micro_inr: int | None = None, charged: tuple[int, int, int] | None = None
    ) -> None:
        """Record the end of a call: what was held for it, and the tokens (input, output) and micro-rupees charged."""
        calls = self._by_outcome.get(outcome)
        if calls is None:
            calls = self._by_outcome[outcome] = self._calls.labels(outcome)
        increments: list[Increment] = [(calls._value, 1)]
        if held_micro_inr is not None:
            increments += [(self._open_holds._value, -1), (self._held._value, -held_micro_inr)]
        if charged is not None:
            counters = (self._input_tokens, self._output_tokens, self._charged)
            increments += [(counter._value, amount) for counter, amount in zip(counters, charged, strict=True)]
        add_all(increments)

    @harmless
    def stream_began(self) -> None:
        """Record the start of a stream."""
        self._streams.inc()

    @harmless
    def stream_ended(self) -> None:
        """Record the end of a stream."""
        self._streams.dec()

    @harmless
    def usage_inconsistent(self, fault: str) -> None:
        """Record an inconsistent usage reported by the upstream."""
        self._usage_faults.labels(fault).inc()

    def upstream_failed(self, kind: str) -> None:
        """Record a failure of the upstream."""
        self._failures.labels(kind).inc()

    @harmless
    def upstream_ended(self, seconds: float, first_byte_seconds: float | None) -> None:
        """Record the duration of an upstream's reply, complete or not, and the time to its first piece if one came."""
        increments = self._total.increments_of(seconds)
        if first_byte_seconds is not None:
            increments += self._first_byte.increments_of(first_byte_seconds)
        add_all(increments)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"weighbridge_{name}", meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(f"weighbridge_{name}", meaning, registry=self.registry, multiprocess_mode="livesum")

    def _histogram(self, name: str, meaning: str) -> GroupedHistogram:
        return GroupedHistogram(f"weighbridge_{name}", meaning, buckets=UPSTREAM_SECONDS, registry=self.registry)


class Metrics:
    """The metrics of this process, exposed with those of all processes in `shared`."""

    def __init__(self, shared: SharedNumbers | None = None) -> None:
        self.shared = shared
        self.registry = registry = CollectorRegistry()
        self._buffer = MetricsBuffer()
        self._requests = GroupedHistogram(
            "weighbridge_request_seconds",
            "Time from the head of a request to the end of its reply, in seconds.",
            ("method", "route", "status"),
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self._lag = Histogram(
            "weighbridge_event_loop_lag_seconds",
            "Event loop lag in seconds, sampled every 0.5 s.",
            buckets=LAG_SECONDS,
            registry=registry,
        )
        self._refusals = self._counter("refusals", "Refused requests, by code of the refusal.", "code")
        self._counts = self._counter("counts", "Counted texts, by vocabulary.", "vocabulary")
        self._decisions = self._counter("limiter_decisions", "Decisions of the limiter, by outcome.", "outcome")
        self._store_errors = self._counter("store_errors", "Failed operations of stores, by store.", "store")
        self._task_failures = self._counter("task_failures", "Failures of background tasks, by task.", "task")
        self.log_lines_lost = self._counter("log_lines_lost", "Log lines that could not be written.")
        # Cached, because the library looks labels up slowly.
        self._request = lru_cache(MAX_LABELS)(self._requests.labels)
        self._refusal = lru_cache(MAX_LABELS)(self._refusals.labels)
        self._counts_of = lru_cache(MAX_LISTS)(self._labelled)
        self._decision = lru_cache(MAX_LABELS)(self._decisions.labels)
        for store in STORES:
            self._store_errors.labels(store)
        for task in TASKS:
            self._task_failures.labels(task)
        self.gateway = GatewayMeters(registry)
        self.bytes_in_flight = self._gauge("bytes_in_flight", "Bytes of request bodies and large texts in memory.")
        self.tasks = self._gauge("tasks", "Tasks in the event loops.")
        self.resident_bytes = self._gauge(
            "resident_bytes", "Resident memory of the workers; shared memory counts for each."
        )
        self.open_files = self._gauge("open_files", "Open files and sockets of the workers.")
        self.limits_shared = self._gauge(
            "limits_shared", "1 while all workers reach the limits' store, else 0.", "livemin"
        )
        self.book_age_days = self._gauge("price_book_age_days", "Days since the newest price was recorded.", "livemax")

    def request(self, method: str, route: str, status: int, seconds: float, refusal: str | None) -> None:
        """Record a request; `route` is the pattern of its path."""
        self._buffer.observe(self._request(method, route, status), seconds)
        if refusal is not None:
            self._buffer.count(self._refusal(refusal))

    def counted(self, vocabularies: tuple[str | None, ...]) -> None:
        """Record a counted text with the vocabularies of its models; None for a model without a count."""
        self._buffer.count_each(self._counts_of(vocabularies))

    def _labelled(self, vocabularies: tuple[str | None, ...]) -> tuple[Counter, ...]:
        return tuple(self._counts.labels(name) for name in dict.fromkeys(vocabularies) if name is not None)

    def decided(self, outcome: str) -> None:
        """Record a decision of the limiter."""
        self._buffer.count(self._decision(outcome))

    def store_error(self, store: str) -> None:
        """Record a failed use of a store."""
        self._store_errors.labels(store).inc()

    def task_failed(self, task: str) -> None:
        """Record a failure of a background task, which is tried again."""
        self._task_failures.labels(task).inc()

    def lag(self, seconds: float) -> None:
        """Record the lag of the event loop."""
        self._lag.observe(seconds)

    def write(self) -> None:
        """Write what is buffered: the metrics of a turn of the event loop are written together after it."""
        self._buffer.write()

    def text(self) -> bytes:
        """Return the metrics of all processes in Prometheus's text format. Takes milliseconds: call it in a thread."""
        if self.shared is None:
            return generate_latest(self.registry)
        together = CollectorRegistry(auto_describe=False)
        together.register(SummedNumbers(self.shared))
        return generate_latest(together)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"weighbridge_{name}", meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, over_processes: OverProcesses = "livesum") -> Gauge:
        return Gauge(f"weighbridge_{name}", meaning, registry=self.registry, multiprocess_mode=over_processes)

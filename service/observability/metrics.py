"""Numbers for Prometheus, over all worker processes together.

Each worker keeps its numbers in memory that all share; whichever is asked adds them up. The numbers of a worker that
has ended stay in the sums, except for those of its present state.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from service.observability.gateway_metrics import GatewayMeters
from service.observability.shared_numbers import Increment, SharedNumbers, SummedNumbers, add_all

REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
LAG_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)

STORES = ("counters", "accounts")
TASKS = ("last_used", "limits", "probe", "revocations", "sweeper")
MAX_LABELS = 1_000
# Lists of models that are counted again and again; one of all has a thousand names.
MAX_LISTS = 256
OverProcesses = Literal["livesum", "livemin", "livemax"]


class GroupedHistogram(Histogram):
    """A histogram with a cheap way to record many observations together."""

    def increments(self, amounts: Sequence[float]) -> list[Increment]:
        """Return what `observe` of each amount adds; for a histogram whose labels are set."""
        numbers: dict[int, int] = {}
        for amount in amounts:
            bucket = bisect_left(self._upper_bounds, amount)
            numbers[bucket] = numbers.get(bucket, 0) + 1
        return [(self._sum, sum(amounts)), *((self._buckets[bucket], number) for bucket, number in numbers.items())]


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


class Metrics:
    """The numbers of this process, exposed together with those of the others in `shared`, which it has entered."""

    def __init__(self, shared: SharedNumbers | None = None) -> None:
        self.shared = shared
        self.registry = registry = CollectorRegistry()
        self._buffer = MetricsBuffer()
        self._requests = GroupedHistogram(
            "weighbridge_request_seconds",
            "Time from a request's head to the end of its reply.",
            ("method", "route", "status"),
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self._refusals = Counter(
            "weighbridge_refusals",
            "Requests that were refused, by the code of the refusal.",
            ("code",),
            registry=registry,
        )
        self._counts = Counter(
            "weighbridge_counts", "Texts cut into tokens, by vocabulary.", ("vocabulary",), registry=registry
        )
        self._decisions = Counter(
            "weighbridge_limiter_decisions", "Decisions of the limiter, by outcome.", ("outcome",), registry=registry
        )
        self._store_errors = Counter(
            "weighbridge_store_errors", "Times that a store could not be used.", ("store",), registry=registry
        )
        self._lag = Histogram(
            "weighbridge_event_loop_lag_seconds",
            "How late the event loop was, tried twice a second.",
            buckets=LAG_SECONDS,
            registry=registry,
        )
        self.log_lines_lost = Counter(
            "weighbridge_log_lines_lost", "Lines of the log that could not be written.", registry=registry
        )
        self._task_failures = Counter(
            "weighbridge_task_failures", "Times that work beside the calls broke.", ("task",), registry=registry
        )
        # The library takes long to find one of its own by its labels.
        self._request = lru_cache(MAX_LABELS)(self._requests.labels)
        self._refusal = lru_cache(MAX_LABELS)(self._refusals.labels)
        self._counts_of = lru_cache(MAX_LISTS)(self._labelled)
        self._decision = lru_cache(MAX_LABELS)(self._decisions.labels)
        for store in STORES:
            self._store_errors.labels(store)
        for task in TASKS:
            self._task_failures.labels(task)
        self.gateway = GatewayMeters(registry)
        self.bytes_in_flight = self._gauge("bytes_in_flight", "Bytes of bodies and large texts held now.")
        self.tasks = self._gauge("tasks", "Tasks of the event loops.")
        self.resident_bytes = self._gauge("resident_bytes", "Memory of the workers; what they share counts for each.")
        self.open_files = self._gauge("open_files", "Open files and sockets of the workers.")
        self.limits_shared = self._gauge("limits_shared", "1 while all workers reach the counters, else 0.", "livemin")
        self.book_age_days = self._gauge("price_book_age_days", "Days since the newest price was recorded.", "livemax")

    def request(self, method: str, route: str, status: int, seconds: float, refusal: str | None) -> None:
        """A request was answered; `route` is the path's pattern."""
        self._buffer.observe(self._request(method, route, status), seconds)
        if refusal is not None:
            self._buffer.count(self._refusal(refusal))

    def counted(self, vocabularies: tuple[str | None, ...]) -> None:
        """A text was counted for models with these; None for a model that has no count."""
        self._buffer.count_each(self._counts_of(vocabularies))

    def _labelled(self, vocabularies: tuple[str | None, ...]) -> tuple[Counter, ...]:
        return tuple(self._counts.labels(name) for name in dict.fromkeys(vocabularies) if name is not None)

    def decided(self, outcome: str) -> None:
        """The limiter decided."""
        self._buffer.count(self._decision(outcome))

    def store_error(self, store: str) -> None:
        """A store could not be used."""
        self._store_errors.labels(store).inc()

    def task_failed(self, task: str) -> None:
        """Work beside the calls broke, and is tried again."""
        self._task_failures.labels(task).inc()

    def lag(self, seconds: float) -> None:
        """The event loop was so late."""
        self._lag.observe(seconds)

    def write(self) -> None:
        """Bring the numbers up to date: those of a turn of the event loop are written together after it."""
        self._buffer.write()

    def text(self) -> bytes:
        """Return all numbers of all processes, in Prometheus's text format. Takes milliseconds: call it in a thread."""
        if self.shared is None:
            return generate_latest(self.registry)
        together = CollectorRegistry(auto_describe=False)
        together.register(SummedNumbers(self.shared))
        return generate_latest(together)

    def _gauge(self, name: str, meaning: str, over_processes: OverProcesses = "livesum") -> Gauge:
        return Gauge(f"weighbridge_{name}", meaning, registry=self.registry, multiprocess_mode=over_processes)

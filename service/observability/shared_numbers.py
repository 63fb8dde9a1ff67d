"""Metric values that worker processes share, in memory that is mapped before they are forked.

Without files a full disk cannot disturb them. Each worker writes to its own slot, and any worker reads all slots. A
worker takes over the slot of an ended one and continues its counters, so that they stay in the sums; gauges start again
at zero.
"""

import json
import mmap
import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableSequence, Sequence
from functools import lru_cache
from operator import add
from threading import Lock
from typing import Any, NamedTuple, Protocol

from prometheus_client import Metric, values
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

MAX_SERIES = 8_192
MAX_NAME_BYTES = 2_097_152
# Header of a slot: process id, number of series, bytes of their names.
HEADER = 3
PROCESS, SERIES, NAME_BYTES = range(HEADER)
NUMBER_BYTES = 8
SLOT_BYTES = (HEADER + MAX_SERIES) * NUMBER_BYTES + MAX_NAME_BYTES
FREE, RESERVED = 0, -1
# A reload runs old and new workers side by side.
SLOTS_PER_WORKER = 2
SPARE_SLOTS = 2
GAUGE = "gauge"


class MetricSeries(NamedTuple):
    """The identity of a value. `mode` states how a gauge's values of several processes are combined."""

    kind: str
    metric: str
    name: str
    labels: Sequence[tuple[str, str]]
    meaning: str
    mode: str


class Slot:
    """The values of one process, in memory that only this process writes to."""

    def __init__(self, memory: memoryview) -> None:
        values_from = HEADER * NUMBER_BYTES
        names_from = values_from + MAX_SERIES * NUMBER_BYTES
        self.header = memory[:values_from].cast("q")
        self.values = memory[values_from:names_from].cast("d")
        self._names = memory[names_from:SLOT_BYTES]
        self._places: dict[bytes, int] = {}

    @property
    def is_live(self) -> bool:
        """Return whether a process has this slot."""
        return self.header[PROCESS] != FREE

    def enter(self) -> None:
        """Take the slot for this process: counters continue, gauges begin at 0."""
        name_bytes = 0
        for place, (name, _) in enumerate(self.read()):
            self._places[name] = place
            name_bytes += len(name) + 1
            if json.loads(name)[0] == GAUGE:
                self.values[place] = 0.0
        self.header[NAME_BYTES] = name_bytes  # a process may have died while it added a name
        self.header[PROCESS] = os.getpid()

    def place(self, series: MetricSeries) -> tuple[MutableSequence[float], int]:
        """Return a sequence and the index of the value in it; outside of shared memory if the slot is full."""
        name = json.dumps(series).encode()
        place = self._places.get(name)
        if place is None:
            place = self._append(name)
        return (array("d", [0.0]), 0) if place is None else (self.values, place)  # type: ignore[return-value]

    def read(self) -> Iterator[tuple[bytes, float]]:
        """Return the JSON of each series' identity, and its value."""
        number = self.header[SERIES]
        names = bytes(self._names[: self.header[NAME_BYTES]]).split(b"\n")
        return zip(names[:number], self.values[:number].tolist(), strict=False)

    def _append(self, name: bytes) -> int | None:
        place, start = self.header[SERIES], self.header[NAME_BYTES]
        end = start + len(name) + 1
        if place == MAX_SERIES or end > MAX_NAME_BYTES:
            return None
        self._names[start:end] = name + b"\n"
        self.values[place] = 0.0
        self.header[NAME_BYTES] = end
        self.header[SERIES] = place + 1  # last, so that readers find a complete entry
        self._places[name] = place
        return place


class SharedNumbers:
    """The slots of all workers. The parent reserves and releases them; a worker enters the one reserved last."""

    def __init__(self, workers: int) -> None:
        number = SLOTS_PER_WORKER * workers + SPARE_SLOTS
        memory = memoryview(mmap.mmap(-1, number * SLOT_BYTES))
        self._slots = [Slot(memory[at * SLOT_BYTES : (at + 1) * SLOT_BYTES]) for at in range(number)]
        self._reserved: Slot | None = None

    def reserve(self) -> Slot | None:
        """Return a slot for the next worker, or None if all are taken: then its values are not shared."""
        self._reserved = next((slot for slot in self._slots if not slot.is_live), None)
        if self._reserved is not None:
            self._reserved.header[PROCESS] = RESERVED
        return self._reserved

    def close_reservation(self, *, is_used: bool) -> None:
        """Call in the parent after the fork; frees the slot if no worker uses it."""
        if not is_used:
            self.release(self._reserved)
        self._reserved = None

    def release(self, slot: Slot | None) -> None:
        """Free the slot of an ended worker."""
        if slot is not None:
            slot.header[PROCESS] = FREE

    def enter(self) -> None:
        """Call in a worker: store all values created from now on in its slot."""
        slot = self._reserved
        if slot is None:
            slot = Slot(memoryview(mmap.mmap(-1, SLOT_BYTES)))
            self._slots.append(slot)
        slot.enter()
        values.ValueClass = _value_class(slot)

    def read(self) -> Iterator[tuple[bool, bytes, float]]:
        """Return for each series of all slots whether its process lives, the JSON of its identity, and its value."""
        for slot in self._slots:
            is_live = slot.is_live
            for name, number in slot.read():
                yield is_live, name, number


def _value_class(slot: Slot) -> Callable[..., Any]:
    """Return the class of which prometheus_client creates its values."""
    lock = Lock()

    class SharedValue:
        """A value in the slot."""

        def __init__(
            self,
            kind: str,
            metric: str,
            name: str,
            label_names: Sequence[str],
            label_values: Sequence[str],
            meaning: str,
            multiprocess_mode: str = "",
            **_: object,
        ) -> None:
            labels = tuple(zip(label_names, label_values, strict=True))
            series = MetricSeries(kind, metric, name, labels, meaning, multiprocess_mode)
            with lock:
                self._values, self._place = slot.place(series)

        def inc(self, amount: float) -> None:
            with lock:
                self._values[self._place] += amount

        def set(self, value: float, timestamp: float | None = None) -> None:
            with lock:
                self._values[self._place] = value

        def get(self) -> float:
            return self._values[self._place]

        def set_exemplar(self, exemplar: object) -> None:
            """Ignore the exemplar."""

        def get_exemplar(self) -> None:
            return None

    return SharedValue


class Incrementable(Protocol):
    """A value of prometheus_client, such as SharedValue."""

    def inc(self, amount: float) -> None:
        """Add an amount."""


Increment = tuple[Incrementable, float]


def add_all(increments: Iterable[Increment]) -> None:
    """Add to each value its amount."""
    for number, amount in increments:
        number.inc(amount)


Labels = tuple[tuple[str, str], ...]
COMBINED: Mapping[str, Callable[[float, float], float]] = {"": add, "livesum": add, "livemin": min, "livemax": max}
BOUND = "le"


class SummedNumbers(Collector):
    """Sums counters and histograms over all processes, and combines the gauges of live ones."""

    def __init__(self, numbers: SharedNumbers) -> None:
        self._numbers = numbers

    def collect(self) -> Iterable[Metric]:
        """Return each metric with the combined samples of all processes."""
        metrics: dict[str, Metric] = {}
        for series, number in self._combined().items():
            metric = metrics.get(series.metric)
            if metric is None:
                metric = metrics[series.metric] = Metric(series.metric, series.meaning, series.kind)
            metric.add_sample(series.name, dict(series.labels), number)
        return [_accumulated(metric) if metric.type == "histogram" else metric for metric in metrics.values()]

    def _combined(self) -> dict[MetricSeries, float]:
        combined: dict[MetricSeries, float] = {}
        for is_live, name, number in self._numbers.read():
            series = _series(name)
            if series.kind == GAUGE and not is_live:
                continue
            combined[series] = COMBINED[series.mode](combined[series], number) if series in combined else number
        return combined


@lru_cache(MAX_SERIES)
def _series(name: bytes) -> MetricSeries:
    kind, metric, own_name, labels, meaning, mode = json.loads(name)
    return MetricSeries(kind, metric, own_name, tuple((label, value) for label, value in labels), meaning, mode)


def _accumulated(histogram: Metric) -> Metric:
    """Return a histogram with cumulative buckets and its count, as Prometheus expects."""
    sums: dict[Labels, float] = {}
    buckets: dict[Labels, dict[float, float]] = {}
    for sample in histogram.samples:
        labels = tuple(label for label in sample.labels.items() if label[0] != BOUND)
        if BOUND in sample.labels:
            buckets.setdefault(labels, {})[float(sample.labels[BOUND])] = sample.value
        else:
            sums[labels] = sample.value
    histogram.samples = []
    for labels, by_bound in buckets.items():
        for name, extra, number in _lines(by_bound):
            histogram.add_sample(histogram.name + name, {**dict(labels), **extra}, number)
        histogram.add_sample(f"{histogram.name}_sum", dict(labels), sums.get(labels, 0.0))
    return histogram


def _lines(by_bound: Mapping[float, float]) -> Iterator[tuple[str, dict[str, str], float]]:
    total = 0.0
    for bound, number in sorted(by_bound.items()):
        total += number
        yield "_bucket", {BOUND: floatToGoString(bound)}, total  # type: ignore[no-untyped-call]
    yield "_count", {}, total

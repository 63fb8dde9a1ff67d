"""The numbers of all processes as one set of metrics."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from operator import add

from prometheus_client import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from service.shared_numbers import GAUGE, MAX_SERIES, Series, SharedNumbers

Labels = tuple[tuple[str, str], ...]
COMBINED: Mapping[str, Callable[[float, float], float]] = {"": add, "livesum": add, "livemin": min, "livemax": max}
BOUND = "le"


class SummedNumbers(Collector):
    """Counters and histograms are added up over all processes, gauges combined over those that live."""

    def __init__(self, numbers: SharedNumbers) -> None:
        self._numbers = numbers

    def collect(self) -> Iterable[Metric]:
        """Each metric, with the samples of all processes together."""
        metrics: dict[str, Metric] = {}
        for series, number in self._combined().items():
            metric = metrics.get(series.metric)
            if metric is None:
                metric = metrics[series.metric] = Metric(series.metric, series.meaning, series.kind)
            metric.add_sample(series.name, dict(series.labels), number)
        return [_accumulated(metric) if metric.type == "histogram" else metric for metric in metrics.values()]

    def _combined(self) -> dict[Series, float]:
        combined: dict[Series, float] = {}
        for is_live, name, number in self._numbers.read():
            series = _series(name)
            if series.kind == GAUGE and not is_live:
                continue
            combined[series] = COMBINED[series.mode](combined[series], number) if series in combined else number
        return combined


@lru_cache(MAX_SERIES)
def _series(name: bytes) -> Series:
    kind, metric, own_name, labels, meaning, mode = json.loads(name)
    return Series(kind, metric, own_name, tuple((label, value) for label, value in labels), meaning, mode)


def _accumulated(histogram: Metric) -> Metric:
    """The histogram with the buckets as Prometheus has them: each with all that is in smaller ones, and the count."""
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

"""Metrics of the gateway: calls, tokens, money, and the upstream.

Money is in whole micro-rupees. Counters are floats, which are exact up to 2^53 micro-rupees (9·10^9 rupees).
"""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import ParamSpec

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

Arguments = ParamSpec("Arguments")
# Labels that are exposed from the start with 0: kinds of upstream failures, and of inconsistent usages.
FAULT_KINDS = ("unavailable", "bad_response", "timeout", "refused", "busy")
ZERO_WITH_TEXT = "zero_with_text"
ZERO_AFTER_USAGE = "zero_after_usage"
TOTAL_ABOVE_SUM = "total_above_sum"
USAGE_FAULTS = (ZERO_WITH_TEXT, ZERO_AFTER_USAGE, TOTAL_ABOVE_SUM)
UPSTREAM_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)


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
        self._open_holds.inc()
        self._held.inc(micro_inr)

    @harmless
    def ended(self, outcome: str, held_micro_inr: int | None = None) -> None:
        """Record the end of a call, for which money may have been held."""
        calls = self._by_outcome.get(outcome)
        if calls is None:
            calls = self._by_outcome[outcome] = self._calls.labels(outcome)
        calls.inc()
        if held_micro_inr is not None:
            self._open_holds.dec()
            self._held.dec(held_micro_inr)

    @harmless
    def charged(self, input_tokens: int, output_tokens: int, micro_inr: int) -> None:
        """Record a charge."""
        self._input_tokens.inc(input_tokens)
        self._output_tokens.inc(output_tokens)
        self._charged.inc(micro_inr)

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
    def upstream_began(self, seconds: float) -> None:
        """Record the time to the first piece of an upstream's reply."""
        self._first_byte.observe(seconds)

    @harmless
    def upstream_ended(self, seconds: float) -> None:
        """Record the duration of an upstream's reply, complete or not."""
        self._total.observe(seconds)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"weighbridge_{name}", meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(f"weighbridge_{name}", meaning, registry=self.registry, multiprocess_mode="livesum")

    def _histogram(self, name: str, meaning: str) -> Histogram:
        return Histogram(f"weighbridge_{name}", meaning, buckets=UPSTREAM_SECONDS, registry=self.registry)

"""Numbers of the gateway: its calls, their tokens and money, and how its upstream does.

Money is counted in whole micro-rupees. A counter is a float: it is exact up to 2^53, nine thousand million rupees.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import ParamSpec

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

Arguments = ParamSpec("Arguments")
# The labels that stand at zero from the start: kinds of failures of an upstream, and of usages that make no sense.
FAULT_KINDS = ("unavailable", "bad_response", "timeout", "refused", "busy")
ZERO_WITH_TEXT = "zero_with_text"
ZERO_AFTER_USAGE = "zero_after_usage"
TOTAL_ABOVE_SUM = "total_above_sum"
USAGE_FAULTS = (ZERO_WITH_TEXT, ZERO_AFTER_USAGE, TOTAL_ABOVE_SUM)
UPSTREAM_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)


def harmless(note: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Let a number that cannot be noted, such as one in a file on a full disk, cost nothing but itself."""

    @wraps(note)
    def noted(*arguments: Arguments.args, **named: Arguments.kwargs) -> None:
        with suppress(Exception):
            note(*arguments, **named)

    return noted


class GatewayMeters:
    """Of this process; `registry` is the one of all its numbers. What can be counted stands at zero from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._calls = self._counter("gateway_calls", "Calls that ended, by how.", "outcome")
        self._tokens = self._counter("gateway_tokens", "Tokens that were charged.", "direction")
        self._charged = self._counter("gateway_charged_micro_inr", "Money that was charged, in micro-rupees.")
        self._open_holds = self._gauge("gateway_open_holds", "Calls under way, for which money is held.")
        self._held = self._gauge("gateway_held_micro_inr", "Money held for calls under way, in micro-rupees.")
        self._streams = self._gauge("gateway_streams", "Streams under way, those without a caller too.")
        self._failures = self._counter("upstream_failures", "Answers that the upstream failed to give.", "kind")
        self._first_byte = self._histogram("upstream_first_byte_seconds", "Time from a request to its first piece.")
        self._total = self._histogram("upstream_seconds", "Time from a request to the end of its answer.")
        self._input_tokens, self._output_tokens = self._tokens.labels("input"), self._tokens.labels("output")
        self._usage_faults = self._counter(
            "upstream_usage_inconsistent", "Answers whose usage makes no sense, by what is wrong.", "fault"
        )
        for fault in USAGE_FAULTS:
            self._usage_faults.labels(fault)
        for kind in FAULT_KINDS:
            self._failures.labels(kind)
        # The library takes long to find one of its own by its label.
        self._by_outcome = {"completed": self._calls.labels("completed")}

    @harmless
    def held(self, micro_inr: int) -> None:
        """Money was set aside for a call."""
        self._open_holds.inc()
        self._held.inc(micro_inr)

    @harmless
    def ended(self, outcome: str, held_micro_inr: int | None = None) -> None:
        """A call is over; money may have been held for it."""
        calls = self._by_outcome.get(outcome)
        if calls is None:
            calls = self._by_outcome[outcome] = self._calls.labels(outcome)
        calls.inc()
        if held_micro_inr is not None:
            self._open_holds.dec()
            self._held.dec(held_micro_inr)

    @harmless
    def charged(self, input_tokens: int, output_tokens: int, micro_inr: int) -> None:
        """An account has paid."""
        self._input_tokens.inc(input_tokens)
        self._output_tokens.inc(output_tokens)
        self._charged.inc(micro_inr)

    @harmless
    def stream_began(self) -> None:
        """A stream is under way."""
        self._streams.inc()

    @harmless
    def stream_ended(self) -> None:
        """It is over."""
        self._streams.dec()

    @harmless
    def usage_inconsistent(self, fault: str) -> None:
        """An upstream reported a usage that makes no sense."""
        self._usage_faults.labels(fault).inc()

    def upstream_failed(self, kind: str) -> None:
        """An answer could not be had."""
        self._failures.labels(kind).inc()

    @harmless
    def upstream_began(self, seconds: float) -> None:
        """The first piece of an answer came."""
        self._first_byte.observe(seconds)

    @harmless
    def upstream_ended(self, seconds: float) -> None:
        """An answer has come to its end, or broke off."""
        self._total.observe(seconds)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"weighbridge_{name}", meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(f"weighbridge_{name}", meaning, registry=self.registry, multiprocess_mode="livesum")

    def _histogram(self, name: str, meaning: str) -> Histogram:
        return Histogram(f"weighbridge_{name}", meaning, buckets=UPSTREAM_SECONDS, registry=self.registry)

"""Metrics of the gateway's calls."""

from collections.abc import Callable

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from tests.fake_upstream import FakeUpstream, Stall, refusal, said
from tests.fake_upstream import Script as Answer
from tests.service.gateway.served_gateway import HELLO, Caller, Gateway

Numbers = dict[tuple[str, ...], float]


def numbers(gateway: Gateway) -> Numbers:
    """Return the gateway's own samples, by name and label values."""
    text = httpx2.get(f"{gateway.url}/metrics").raise_for_status().text
    return {
        (sample.name.removeprefix("weighbridge_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if "gateway" in sample.name or "upstream" in sample.name
    }


def grown(gateway: Gateway, work: Callable[[], object]) -> Numbers:
    """Return by how much `work` increased each sample, without buckets and times."""
    before = numbers(gateway)
    work()
    after = numbers(gateway)
    return {
        key: value - before.get(key, 0)
        for key, value in after.items()
        if value != before.get(key, 0) and not key[0].endswith(("_bucket", "_sum", "_created"))
    }


def test_a_charged_call_is_counted_with_its_money(caller: Caller, gateway: Gateway) -> None:
    """A call adds its outcome, its tokens and exactly its charge, and leaves nothing held, plain or streamed."""
    expected = {
        ("gateway_calls_total", "completed"): 1,
        ("gateway_tokens_total", "input"): 10,
        ("gateway_tokens_total", "output"): 20,
        ("gateway_charged_micro_inr_total",): 2250,
        ("upstream_first_byte_seconds_count",): 1,
        ("upstream_seconds_count",): 1,
    }
    assert grown(gateway, caller.chat) == expected
    assert grown(gateway, lambda: caller.chat(stream=True)) == expected


def test_what_is_held_now_is_shown(caller: Caller, gateway: Gateway, upstream: FakeUpstream) -> None:
    """While a stream runs, its hold and its amount are in the gauges; afterwards they are not."""
    stall = Stall()
    upstream.answer = lambda _: Answer([*said("a"), stall, b"data: [DONE]\n\n"])
    before = numbers(gateway)
    with caller.http.stream("POST", "/v1/chat/completions", json={**HELLO, "stream": True}) as answer:
        lines = answer.iter_lines()
        next(lines)
        during = numbers(gateway)
        held = caller.balance().held
        stall.go()
        list(lines)
    caller.closed_calls(1)
    after = numbers(gateway)
    gauges = [("gateway_open_holds",), ("gateway_streams",), ("gateway_held_micro_inr",)]
    assert [during[gauge] - before[gauge] for gauge in gauges] == [1, 1, held]
    assert [after[gauge] - before[gauge] for gauge in gauges] == [0, 0, 0]


def test_failures_of_the_upstream_are_counted_by_kind(caller: Caller, gateway: Gateway, upstream: FakeUpstream) -> None:
    """An upstream that is broken, or refuses a request, is counted as such, and nothing is charged."""
    upstream.answer = lambda _: refusal(503)
    added = grown(gateway, caller.chat)
    assert added["upstream_failures_total", "unavailable"] == 1
    assert added["gateway_calls_total", "upstream_unavailable"] == 1
    upstream.answer = lambda _: refusal(400)
    added = grown(gateway, caller.chat)
    assert added["upstream_failures_total", "refused"] == 1
    assert ("gateway_charged_micro_inr_total",) not in added


def test_a_call_without_money_is_counted(gateway: Gateway) -> None:
    """A call that is refused because credit is missing is an outcome of its own, and holds nothing."""
    poor = gateway.caller(micro_inr=1)
    assert grown(gateway, poor.chat) == {("gateway_calls_total", "insufficient_credits"): 1}

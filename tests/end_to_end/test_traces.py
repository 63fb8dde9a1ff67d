"""Traces of the real server, as a real collector gets them."""

import json
from collections.abc import Iterator
from typing import NamedTuple

import httpx2
import pytest

from tests.collector import FakeCollector, Received, fake_collector
from tests.end_to_end.server import Server, running
from tests.fake_upstream import FakeUpstream, fake_upstream

TRACE_ID, CALLERS_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE_ID}-{CALLERS_SPAN}-01"
UNWANTED = "00-aaf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
COUNT, CHAT = "/v1/tokens/count", "/v1/chat/completions"
TEXT, UPSTREAM_KEY, WRONG_KEY = "hello private text", "up-secret-1234567890", "wrong-secret-key"
SERVER, CLIENT = 2, 3


class Traced(NamedTuple):
    """What was called, and what came of it; the server has stopped."""

    collector: FakeCollector
    upstream: FakeUpstream
    server: Server
    replies: dict[str, httpx2.Response]

    def request(self, called: str) -> Received:
        """The span of a call's request."""
        trace_id = self.replies[called].headers["x-request-id"]
        (span,) = (span for span in self.collector.spans if span.kind == SERVER and span.trace_id == trace_id)
        return span


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    """Calls of every kind, each once."""
    with fake_collector() as collector, fake_upstream() as upstream:
        settings = {
            "OTLP_ENDPOINT": collector.url,
            "UPSTREAM_URL": upstream.url,
            "UPSTREAM_API_KEY": UPSTREAM_KEY,
            "GATEWAY_CALLS_PER_SECOND": "50",
        }
        with running(tmp_path_factory.mktemp("traced") / "data", settings, "--workers", "2") as server:
            replies = calls(server)
            assert server.stop() == 0
        yield Traced(collector, upstream, server, replies)


def calls(server: Server) -> dict[str, httpx2.Response]:
    """One of each kind, by name."""
    key = server.demo_key
    count = {"input": TEXT, "type": "text", "models": ["gpt-4o", "gpt-4"]}
    chat = {"model": "cipher", "messages": [{"role": "user", "content": TEXT}], "max_tokens": 50}
    bearer = {"Authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=server.url) as http:
        return {
            "continued": http.post(COUNT, params={"api-key": key}, json=count, headers={"traceparent": TRACEPARENT}),
            "begun": http.post(COUNT, headers={"X-Api-Key": key}, json=count),
            "unwanted": http.post(COUNT, headers={"X-Api-Key": key, "traceparent": UNWANTED}, json=count),
            "refused": http.post(COUNT, params={"api-key": WRONG_KEY}, json=count),
            "lost": http.get(f"/nothing/{WRONG_KEY}"),
            "plain": http.post(CHAT, headers=bearer, json=chat),
            "streamed": http.post(CHAT, headers=bearer, json={**chat, "stream": True}),
            "probe": http.get("/health"),
        }


def test_a_request_continues_the_callers_trace(traced: Traced) -> None:
    """A valid traceparent makes the request's span a child of the caller's, with what was asked and answered."""
    span = traced.request("continued")
    assert (span.name, span.trace_id, span.parent_id) == (f"POST {COUNT}", TRACE_ID, CALLERS_SPAN)
    assert span.attributes["http.request.method"] == "POST"
    assert span.attributes["http.route"] == COUNT
    assert span.attributes["http.response.status_code"] == 200
    assert span.attributes["weighbridge.account"].startswith("acc_")
    assert span.attributes["weighbridge.vocabularies"] == ["cl100k_base", "o200k_base"]
    assert span.attributes["weighbridge.tokens"] == 3
    assert traced.collector.resources[0]["service.name"] == "weighbridge"


def test_each_span_has_the_trace_id_of_reply_and_log(traced: Traced) -> None:
    """X-Request-Id, the line in the log and the span of a call carry one id, whoever chose it."""
    logged = [json.loads(line) for line in traced.server.text.splitlines() if line.startswith("{")]
    requests = {line["trace_id"]: line for line in logged if line.get("event") == "request"}
    for called in ("continued", "begun", "refused", "lost", "plain", "streamed"):
        span = traced.request(called)
        assert span.trace_id == traced.replies[called].headers["x-request-id"]
        assert requests[span.trace_id]["status"] == span.attributes["http.response.status_code"]
    assert traced.request("begun").parent_id == ""


def test_parts_of_a_count_are_its_children(traced: Traced) -> None:
    """The round trip to the counters and the count itself are spans below the request's."""
    request = traced.request("begun")
    children = traced.collector.children_of(request)
    assert set(children) == {"limits", "count"}
    assert {child.trace_id for child in children.values()} == {request.trace_id}


def test_a_refusal_is_told(traced: Traced) -> None:
    """A call without a valid key has a span with the refusal's code and no account; unknown paths are one route."""
    span = traced.request("refused")
    assert span.attributes["weighbridge.refusal"] == "invalid_api_key"
    assert "weighbridge.account" not in span.attributes
    assert traced.request("lost").name == "GET none"


@pytest.mark.parametrize("called", ["plain", "streamed"])
def test_the_upstream_is_told_of_the_trace(traced: Traced, called: str) -> None:
    """The upstream gets a traceparent that names the span of the call to it, a child of the request's."""
    request = traced.request(called)
    children = traced.collector.children_of(request)
    assert set(children) == {"limits", "count", "upstream"}
    upstream = children["upstream"]
    assert upstream.kind == CLIENT
    assert upstream.attributes["http.response.status_code"] == 200
    assert not upstream.failed
    assert f"00-{request.trace_id}-{upstream.span_id}-01" in traced.upstream.traceparents
    assert request.attributes["weighbridge.tokens_output"] == 20


def test_probes_and_unwanted_traces_are_not_sent(traced: Traced) -> None:
    """Probes make no spans, nor does a call whose caller's flags say that its trace is not recorded."""
    ids = {traced.replies[called].headers["x-request-id"] for called in ("probe", "unwanted")}
    assert [span for span in traced.collector.spans if span.trace_id in ids] == []


def test_no_secret_and_no_text_is_in_a_span(traced: Traced) -> None:
    """No byte that is sent to the collector is of a key, good or bad, or of what was counted or answered."""
    sent = b"".join(traced.collector.bodies)
    assert sent
    for secret in (traced.server.demo_key, UPSTREAM_KEY, WRONG_KEY, TEXT, "Hello", "api-key"):
        assert secret.encode() not in sent

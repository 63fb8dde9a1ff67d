"""How usage reported by upstreams is read, and which reports are inconsistent."""

import json
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from service.gateway.dialects import NO_USAGE, UpstreamDialect, merge_usage, parse_usage
from service.observability.metrics import TOTAL_ABOVE_SUM, ZERO_AFTER_USAGE, ZERO_WITH_TEXT
from tests.fake_upstream import DONE, FINISH, FakeUpstream, Script, event, plain, said, usage_chunk
from tests.logs import lines_of
from tests.service.gateway.served_gateway import Caller, Gateway, served_gateway
from tokenizer_registry import Registry

# Input, output and total as they are reported; what they mean in each way of counting; what makes no sense of it.
REPORTED: list[tuple[UpstreamDialect, tuple[Any, Any, Any], tuple[Any, Any], str | None]] = [
    ("openai", (10, 20, 30), (10, 20), None),
    ("openai", (10, 20, None), (10, 20), None),
    ("openai", (10, 20, 0), (10, 20), None),
    ("openai", (10, 20, 35), (10, 20), TOTAL_ABOVE_SUM),
    ("xai", (10, 20, 35), (10, 25), None),
    ("xai", (10, 20, 30), (10, 20), None),
    ("xai", (10, 20, None), (10, 20), None),
    ("xai", (10, None, 35), (10, None), None),
    ("openai", (0, 0, 0), (0, 0), None),
    ("openai", (None, None, 30), (None, None), None),
    ("openai", ("10", True, 30), (None, None), None),
]


@pytest.mark.parametrize(("dialect", "reported", "tokens", "fault"), REPORTED)
def test_a_report_is_read(
    dialect: UpstreamDialect, reported: tuple[Any, ...], tokens: tuple[Any, Any], fault: str | None
) -> None:
    """Reasoning tokens are either part of the output, or only in the total, depending on the upstream's dialect."""
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    usage = parse_usage({"usage": dict(zip(names, reported, strict=True))}, dialect)
    assert ((usage.input, usage.output), usage.fault) == (tokens, fault)


def test_zeros_never_replace_tokens() -> None:
    """A stream's last report counts, unless it replaces tokens by zeros."""
    first, more, zeros = (parse_usage({"usage": {"prompt_tokens": n, "completion_tokens": n}}) for n in (5, 7, 0))
    assert merge_usage(merge_usage(NO_USAGE, first), more) == more
    assert merge_usage(first, zeros) == first._replace(fault=ZERO_AFTER_USAGE)
    assert merge_usage(zeros, first) == first
    assert merge_usage(first, NO_USAGE) == first


def faulty(caller: Caller, *, streamed: bool = False) -> tuple[Any, str | None]:
    """Make a call; return the charged tokens, and the usage fault in its record."""
    with capture_logs() as logs:
        assert caller.chat(stream=streamed).status_code == 200
        call = caller.closed_call()
    lines = [line["fault"] for line in lines_of("usage_inconsistent", logs) if line["call"] == call.id]
    assert lines == ([call.usage_fault] if call.usage_fault else [])
    record = caller.http.get(f"/api/gateway/usage/{call.id}").json()
    assert record["usage_fault"] == call.usage_fault
    return call.tokens, call.usage_fault


def test_a_text_without_output_tokens(gateway: Gateway) -> None:
    """The call is charged as reported; log, metric and record say that the usage is inconsistent."""
    gateway.upstream.answer = lambda _: plain("Hello", usage=(10, 0))
    caller = gateway.caller()
    assert faulty(caller) == ((10, 0), ZERO_WITH_TEXT)
    numbers = caller.http.get("/metrics").text
    assert f'weighbridge_upstream_usage_inconsistent_total{{fault="{ZERO_WITH_TEXT}"}}' in numbers


def test_zeros_at_the_end_of_a_stream(gateway: Gateway) -> None:
    """The report of tokens before the zeros is charged."""
    pieces = [*said("Hello"), usage_chunk(10, 20), FINISH, usage_chunk(0, 0), DONE]
    gateway.upstream.answer = lambda _: Script(pieces)
    assert faulty(gateway.caller(), streamed=True) == ((10, 20), ZERO_AFTER_USAGE)


@pytest.mark.parametrize("streamed", [False, True])
def test_reasoning_beside_the_output(
    tmp_path: Path, upstream: FakeUpstream, registry: Registry, streamed: bool
) -> None:
    """If the upstream reports reasoning outside the output, all but the input is charged as output."""
    usage = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 35}
    with served_gateway(tmp_path, upstream, registry, upstream_usage="xai") as gateway:
        upstream.answer = lambda _: (
            Script([*said("Hello"), FINISH, event({"choices": [], "usage": usage}), DONE])
            if streamed
            else Script(
                [json.dumps({**json.loads(b"".join(parts(plain("Hello")))), "usage": usage}).encode()],
                content_type="application/json",
            )
        )
        assert faulty(gateway.caller(), streamed=streamed) == ((10, 25), None)


def parts(script: Script) -> list[bytes]:
    """Return the pieces of an answer without stalls."""
    return [piece for piece in script.pieces if isinstance(piece, bytes)]

"""How far a log is from our counts: groups, sums, thresholds, and lines that are none."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from tests.tokenizer_registry.chat.recorded_calls import comparisons, named, need_recorded, package_registry
from tokenizer_registry.chat.drift import GroupKey, LogDrift, Threshold, compare_log
from tokenizer_registry.chat.logs import LogFault, read_lines

HELLO = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
# Our count of HELLO.
TOKENS = 8


def drift_of(rows: Iterable[Any]) -> LogDrift:
    """Return the drift of rows; those of bytes are lines as they are."""
    lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    return compare_log(package_registry(), read_lines(lines))


def call(tokens: int, **others: Any) -> dict[str, Any]:
    """Return a call of gpt-4o that its provider counted as this many tokens."""
    return {"request": HELLO, "usage": {"prompt_tokens": tokens}} | others


def test_residuals_are_summed_by_group() -> None:
    """Ours less the provider's; exact, near and worst with its line."""
    drift = drift_of([call(8), call(8), call(10), call(2)])
    (key,) = drift.groups
    group = drift.groups[key]
    assert key == GroupKey("gpt-4o", "openai", "openai_chat", ("text",))
    assert (group.calls, group.counted, group.exact, group.near, group.in_band) == (4, 4, 2, 3, 2)
    assert (group.charged_tokens, group.counted_tokens, group.residual, group.absolute) == (28, 32, 4, 8)
    assert (group.worst, group.worst_line) == (6, 4)


@pytest.mark.parametrize(
    ("threshold", "above"),
    [
        (Threshold(Decimal("0.25"), is_share=True), False),
        (Threshold(Decimal("0.249"), is_share=True), True),
        (Threshold(Decimal(2), is_share=False), False),
        (Threshold(Decimal("1.99"), is_share=False), True),
    ],
)
def test_a_threshold_is_of_residuals_without_signs(threshold: Threshold, above: bool) -> None:
    """Of 16 charged tokens in two calls, 2 too many and 2 too few are 4: a quarter, or 2 a call."""
    (group,) = drift_of([call(TOKENS + 2), call(TOKENS - 2)]).groups.values()
    assert group.residual == 0
    assert group.is_above(threshold) is above


def test_names_of_many_logs_are_read() -> None:
    """The usage may be in the response, the request may be the body, and both may say the model."""
    response = {"body": {"usage": {"prompt_tokens": TOKENS}}}
    drift = drift_of(
        [
            {"body": HELLO, "response": response},
            {"request": HELLO, "response": {"usage": {"input_tokens": 3, "cache_read_input_tokens": 5}}},
            {"api": "openai.chat", "request": HELLO, "prompt_tokens": TOKENS, "model": "openai/gpt-4o"},
            {
                "request": {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
                "response": {"usageMetadata": {"promptTokenCount": 2}},
                "model": "gemini-2.5-pro",
            },
        ]
    )
    assert drift.faults == []
    assert [(group.calls, group.exact) for group in drift.groups.values()] == [(3, 3), (1, 1)]


def test_other_lines_are_faults_with_their_numbers() -> None:
    """Each is named, the rest is compared; rows marked as not for comparison are no fault."""
    wizard = {**HELLO, "messages": [{"role": "wizard", "content": "Hi"}]}
    drift = drift_of(
        [
            b"{",
            b"\xff",
            [1],
            call(8, request="Hi"),
            call(8, request={"prompt": "Hi"}),
            call(8, usage={}),
            call(8, model="gpt-900"),
            call(8, request=wizard),
            call(8, request={"messages": HELLO["messages"]}),
            call(99, offline=False),
            call(8),
        ]
    )
    assert [group.exact for group in drift.groups.values()] == [1]
    assert [(fault.line, fault.reason) for fault in drift.faults] == [
        (1, "it is not JSON"),
        (2, "it is not UTF-8"),
        (3, "it is no JSON object"),
        (4, "it has no request"),
        (5, "its request has no known shape"),
        (6, "it has no usage with input tokens"),
        (7, "unknown model 'gpt-900'"),
        (8, "messages[0].role must be one of assistant, developer, function, system, tool, user, not 'wizard'"),
        (9, "it names no model"),
    ]


def test_a_call_without_a_number_says_what_is_missing() -> None:
    """It is in the calls of its group and in no sum."""
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    request = {"model": "gpt-4o", "messages": [{"role": "user", "content": [image]}]}
    (group,) = drift_of([call(300, request=request)]).groups.values()
    assert (group.calls, group.counted, group.charged_tokens) == (1, 0, 0)
    assert list(group.missing) == ["images: messages[0].content[0]: width, height"]


def test_recorded_calls_have_the_same_residuals_as_by_themselves() -> None:
    """The sums are those of each call beside its count."""
    with need_recorded().open("rb") as lines:
        calls = (each if isinstance(each, LogFault) else (each[0], named(each[1])) for each in read_lines(lines))
        drift = compare_log(package_registry(), calls)
    single = [each for each in comparisons() if each.residual is not None]
    groups = [group for key, group in drift.groups.items() if key.model in {each.counted.model for each in single}]
    assert sum(group.counted for group in groups) == len(single)
    assert sum(group.exact for group in groups) == sum(each.residual == 0 for each in single)
    assert sum(group.absolute for group in groups) == sum(abs(each.residual or 0) for each in single)

"""Counts that cannot be those of a call are named with their value."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from pricing_data.usage import MAX_TOKENS, WHOLE_COUNTS, Usage
from tests.pricing_data.tariffs import usages


@given(usages())
def test_a_usage_that_adds_up_has_no_fault(usage: Usage) -> None:
    """Parts within their wholes are fine, whichever they are."""
    assert usage.fault() is None


@pytest.mark.parametrize("name", WHOLE_COUNTS)
@pytest.mark.parametrize("value", [-1, 1.0, 0.5, True, "1", Decimal(1)])
def test_every_count_is_a_whole_number(name: str, value: object) -> None:
    """A count that is negative, fractional, a truth value or a text is named with its value."""
    counts: dict[str, Any] = {"input_tokens": 10, "output_tokens": 10, name: value}
    assert Usage(**counts).fault() == f"{name} must be a whole number, 0 or more, not {value!r}"


@pytest.mark.parametrize("name", [name for name in WHOLE_COUNTS if name != "requests"])
def test_no_count_is_absurd(name: str) -> None:
    """More than a billion of anything is a slip; the largest count that can be is not."""
    counts: dict[str, Any] = {"input_tokens": 0, name: MAX_TOKENS + 1}
    assert Usage(**counts).fault() == f"{name} must be at most 1,000,000,000, not 1,000,000,001"


def test_several_calls_may_have_more_together() -> None:
    """The bound is that of one call."""
    assert Usage(2 * MAX_TOKENS, requests=2).fault() is None
    assert Usage(2 * MAX_TOKENS + 1, requests=2).fault() is not None
    assert Usage(MAX_TOKENS, requests=0).fault() is None


@pytest.mark.parametrize("seconds", ["-0.5", "NaN", "Infinity", "1000000000.5"])
def test_seconds_are_a_number(seconds: str) -> None:
    """Seconds may have a fraction, and are neither negative nor endless."""
    assert str(Usage(1, seconds=Decimal(seconds)).fault()).startswith("seconds must be a number from 0 to")
    assert Usage(1, seconds=Decimal("0.001")).fault() is None


@pytest.mark.parametrize(
    ("counts", "fault"),
    [
        (
            {"cached_input_tokens": 4, "cache_write_tokens": 3, "cache_write_1h_tokens": 4},
            "4 cached and 7 written tokens are more than the 10 input tokens that they should be among",
        ),
        (
            {"input_audio_tokens": 6, "input_video_tokens": 5},
            "input_audio_tokens 6 and input_video_tokens 5 are more than the input_tokens 10 that they should be among",
        ),
        (
            {"reasoning_tokens": 11},
            "reasoning_tokens 11 are more than the output_tokens 10 that they should be among",
        ),
        (
            {"output_audio_tokens": 5, "output_image_tokens": 6},
            "output_audio_tokens 5 and output_image_tokens 6 are more than the output_tokens 10 that they should be "
            "among",
        ),
        (
            {"input_audio_tokens": 1, "cached_input_tokens": 2, "cached_audio_tokens": 2},
            "cached_audio_tokens 2 are more than the input_audio_tokens 1 that they should be among",
        ),
        (
            {"input_image_tokens": 3, "cached_input_tokens": 2, "cached_image_tokens": 3},
            "cached_image_tokens 3 are more than the cached_input_tokens 2 that they should be among",
        ),
    ],
)
def test_parts_are_within_their_whole(counts: dict[str, Any], fault: str) -> None:
    """Parts that are more than what they are among are named with it."""
    assert Usage(10, 10, **counts).fault() == fault

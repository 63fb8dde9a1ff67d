"""Measure how many usages of providers are priced per second, in one process and over HTTP in lists."""

import json
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from bench.endpoint import service
from bench.load import Target, requests_per_second
from pricing_data import PriceBook
from pricing_data.responses import read_usage
from pricing_data.usage_pricing import price_usage

USAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "OpenAI": (
        "gpt-4o",
        {
            "prompt_tokens": 1_200,
            "completion_tokens": 300,
            "total_tokens": 1_500,
            "prompt_tokens_details": {"cached_tokens": 1_024, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 128,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        },
    ),
    "Anthropic": (
        "claude-sonnet-4-5",
        {
            "input_tokens": 40,
            "cache_creation_input_tokens": 500,
            "cache_read_input_tokens": 9_000,
            "cache_creation": {"ephemeral_5m_input_tokens": 500, "ephemeral_1h_input_tokens": 0},
            "output_tokens": 300,
            "service_tier": "standard",
        },
    ),
    "Gemini": (
        "gemini-2.5-flash",
        {
            "promptTokenCount": 1_200,
            "candidatesTokenCount": 300,
            "thoughtsTokenCount": 128,
            "totalTokenCount": 1_628,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1_200}],
        },
    ),
}
LIST, ROUNDS, TIMES = 1_000, 7, 20_000
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def costs() -> Iterator[tuple[str, str]]:
    """Yield rows of operation and rate per second: each provider's usage in Python, all of them in lists over HTTP."""
    book = PriceBook.from_package()
    for provider, (model, usage) in USAGES.items():
        item = {"model": model, "usage": usage}
        reading = _microseconds(lambda usage=usage: read_usage(usage))
        whole = _microseconds(lambda item=item: price_usage(book, item, now=NOW).total)
        yield f"{provider}'s usage, read and priced in Python, one core", f"{1e6 / whole:,.0f} a second"
        yield f"of that reading {provider}'s usage", f"{reading:.1f} µs of {whole:.1f} µs"
    yield f"usages in lists of {LIST:,} over HTTP, one worker", f"{_over_http():,.0f} a second"


def _microseconds(work: Any) -> float:
    """Return the processor seconds for one usage, the median of several rounds."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(TIMES):
            work()
        rounds.append((time.process_time() - began) / TIMES * 1e6)
    return statistics.median(rounds)


def _over_http() -> float:
    items = [{"model": model, "usage": usage, "at": "2026-11-01"} for model, usage in USAGES.values()]
    bodies = [json.dumps((items * LIST)[:LIST]).encode()]
    with service(1) as server:
        target = Target(server.url, server.demo_key, path="/v1/cost")
        rounds = [requests_per_second(target, bodies, connections=4) for _ in range(ROUNDS)]
    return statistics.median(rounds) * LIST

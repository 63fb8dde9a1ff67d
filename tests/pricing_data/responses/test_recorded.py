"""Usage objects that providers really sent: all are read, and their inputs are the providers' own counts of them."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pricing_data.responses import BadUsage, read_usage
from pricing_data.responses.providers import provider_named
from tests.promises.figure import Figure

ROOT = Path(__file__).parents[3]
# Beside the checkout, or beside the folder in which it is a worktree.
PLACES = [beside / "shared" / "calls" / "recorded.jsonl" for beside in (ROOT.parent, ROOT.parents[1])]
RECORDED = next((place for place in PLACES if place.exists()), PLACES[0])
SHAPES = {
    "openai.chat": "openai-chat",
    "openai.responses": "openai-responses",
    "openai.responses.count": "openai-responses",
    "anthropic.messages": "anthropic",
    "anthropic.count": "anthropic",
    "gemini.generate": "gemini",
    "bedrock.converse": "bedrock-converse",
    "bedrock.invoke": None,
    "cohere.chat": "cohere",
    "ollama.chat": "ollama",
}
# Recorded numbers that contradict each other: 13 answers of Grok on Azure, and one of Gemini on OpenRouter, say that
# more tokens were read from a cache than there were.
CONTRADICTIONS = {"azure-ai": 13, "openrouter": 1}
# The provider's count is of the text alone, without the audio, in two; in one without what was written to a cache.
WITHOUT_ALL_PARTS = {"mistral": 2, "bedrock": 1}


def recorded() -> Iterator[dict[str, Any]]:
    """Each recorded call with a usage."""
    if not RECORDED.exists():
        pytest.skip("There is no shared/calls/recorded.jsonl beside the checkout.")
    with RECORDED.open(encoding="utf-8") as lines:
        yield from (row for row in map(json.loads, lines) if "usage" in row)


def test_every_recorded_usage_is_read_and_no_property_is_dropped(figure: Figure) -> None:
    """By its provider and API, by its provider alone, and by its properties alone; nothing in them is ignored but the
    units of Cohere that are not billed."""
    seen: Counter[str] = Counter()
    refused: Counter[tuple[str, str]] = Counter()
    different: Counter[str] = Counter()
    ignored: Counter[str] = Counter()
    for row in recorded():
        name = re.sub(r" \(.*", "", row["provider"])
        provider, shape = provider_named(name), SHAPES[row["api"]]
        seen[name] += 1
        try:
            read = read_usage(row["usage"], provider=provider, shape=shape)
        except BadUsage as fault:
            refused[name, fault.reason.partition(" do not add up ")[1]] += 1
            continue
        different[name] += read.usage.input_tokens != row["prompt_tokens"]
        ignored.update(read.ignored)
        if provider != "google" or shape == "gemini":
            assert read_usage(row["usage"], provider=provider).usage == read.usage
        if provider != "mistral":
            assert read_usage(row["usage"]).usage == read.usage
    assert +refused == {(name, " do not add up "): times for name, times in CONTRADICTIONS.items()}
    assert +different == WITHOUT_ALL_PARTS
    assert set(ignored) == {"usage.meta.tokens", "meta.tokens", "meta.cached_tokens", "meta.api_version"} & set(ignored)
    assert len(seen) > 20
    figure(f"{seen.total():,} usages of {len(seen)} providers; {refused.total()} contradict themselves and are refused")


def test_every_count_in_a_recorded_usage_is_used_or_named() -> None:
    """To raise any number in a recorded usage changes what is read, or is refused: nothing is looked past."""
    for row in recorded():
        shape = SHAPES[row["api"]]
        if row["provider"] == "cohere":
            continue
        try:
            before = read_usage(row["usage"], shape=shape)
        except BadUsage:
            continue
        for path in places(row["usage"]):
            if path[-1] == "text_tokens":  # the rest of the input, whatever it says
                continue
            after = outcome(raised(row["usage"], path), shape)
            assert after != before, path


def outcome(usage: dict[str, Any], shape: str | None) -> object:
    """What is read, or that it is refused."""
    try:
        return read_usage(usage, shape=shape)
    except BadUsage as fault:
        return str(fault)


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path to each number in a value."""
    if type(value) is int:
        yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inside:
        yield from places(part, (*path, key))


def raised(usage: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    """The usage with one more at a path."""
    copy = json.loads(json.dumps(usage))
    inside = copy
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] += 1
    return copy  # type: ignore[no-any-return]

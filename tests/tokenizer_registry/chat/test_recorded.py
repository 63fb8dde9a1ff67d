"""Requests that providers counted themselves: our counts equal theirs, or they lie in the band that we state."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.tokenizer_registry.chat.recorded_calls import (
    RESIDUALS,
    comparisons,
    package_registry,
    recorded_residuals,
    recorded_rows,
)
from tokenizer_registry.chat.check import Comparison, all_shares, band_shares, shares_of
from tokenizer_registry.chat.count import count_request
from tokenizer_registry.chat.rules import generation_of

MIN_IN_BAND = 0.97
Choice = Callable[[Comparison], bool]


def kinds(compared: Comparison) -> set[str]:
    """Return what a call has beside texts."""
    parts = compared.counted.parts._asdict()
    found = {name for name, part in parts.items() if part.tokens or part.missing}
    thinks = "thinking" in compared.counted.parts.frame.rule
    return (found | ({"thinking"} if thinks else set())) - {"text", "frame"}


def chosen(family: str, shape: str, wanted: set[str], *generations: str, host: str = "") -> Choice:
    """Return a choice of calls by family, shape, kinds, generations and host; empty ones choose all."""

    def choose(compared: Comparison) -> bool:
        generation = generation_of(compared.counted.model)
        return (
            generation is not None
            and generation.family == family
            and compared.call.shape.startswith(shape)
            and kinds(compared) == wanted
            and (not generations or generation.name in generations)
            and (not host or compared.counted.host == host)
        )

    return choose


# The calls of a rule, how many there are at least, and the least share of exact ones and of those within 3 tokens.
SHARES = {
    "OpenAI chat text": (chosen("openai", "openai_chat", set()), 45, 0.98, 0.98),
    "OpenAI responses text": (chosen("openai", "openai_responses", set()), 40, 0.92, 0.93),
    "OpenAI chat tools": (chosen("openai", "openai_chat", {"tools"}), 50, 0.85, 0.95),
    "OpenAI responses tools": (chosen("openai", "openai_responses", {"tools"}), 20, 0.60, 0.75),
    "OpenAI chat tool calls": (chosen("openai", "openai_chat", {"tools", "tool_calls"}), 15, 0.35, 0.90),
    "OpenAI images": (chosen("openai", "openai", {"images"}), 20, 0.90, 0.90),
    "Claude text": (chosen("anthropic", "", set(), "claude-3", "claude-4", "claude-4.5"), 30, 0.84, 0.95),
    "Claude tools": (chosen("anthropic", "", {"tools"}, "claude-3", "claude-4", "claude-4.5"), 30, 0.40, 0.85),
    "Claude tool steps": (
        chosen("anthropic", "", {"tools", "tool_calls"}, "claude-3", "claude-4", "claude-4.5"),
        20,
        0.10,
        0.85,
    ),
    "Claude schema": (chosen("anthropic", "", {"schema"}), 11, 0.80, 0.90),
    "Gemini on AI Studio text": (
        chosen("gemini", "", set(), "gemini-2.5", "gemini-3", host="google-ai-studio"),
        20,
        0.96,
        0.97,
    ),
    "Gemini 2.5 on AI Studio tools": (
        chosen("gemini", "gemini", {"tools"}, "gemini-2.5", host="google-ai-studio"),
        14,
        0.88,
        0.95,
    ),
    "Gemini 3 tools": (chosen("gemini", "gemini", {"tools"}, "gemini-3", host="google-ai-studio"), 10, 0.95, 0.95),
    "Gemini on Vertex AI text": (chosen("gemini", "", set(), host="google-vertex"), 3, 0.83, 0.94),
    "Gemini on Vertex AI tools": (chosen("gemini", "", {"tools"}, host="google-vertex"), 13, 0.83, 0.90),
}


@pytest.mark.parametrize("rule", SHARES)
def test_recorded_calls_have_the_numbers_of_their_providers(rule: str) -> None:
    """The share of exact counts, and of those within 3 tokens, does not fall."""
    choice, rows, exact, within_3 = SHARES[rule]
    shares = shares_of(rule, [each for each in comparisons() if choice(each)])
    assert shares.counted >= rows
    assert shares.share(shares.exact) >= exact
    assert shares.share(shares.within_3) >= within_3


def test_the_providers_number_lies_in_the_stated_band() -> None:
    """Of all calls that have a number, whatever is in them."""
    shares = all_shares(comparisons())
    assert shares[-1].counted >= 400
    assert shares[-1].share(shares[-1].in_band) >= MIN_IN_BAND


def test_each_band_holds() -> None:
    """Of a rule and a generation: 97 in 100 where there are enough calls to say so, and all but one of fewer."""
    shares = band_shares(comparisons())
    assert len(shares) >= 60
    missed = [each for each in shares if each.in_band < min(each.counted * MIN_IN_BAND, each.counted - 1)]
    assert missed == []


def test_the_residuals_are_those_of_the_recorded_calls() -> None:
    """`python -m tests.tokenizer_registry.chat.recorded_calls` writes the file again after a rule has changed."""
    assert RESIDUALS.read_text(encoding="utf-8") == recorded_residuals()


def test_what_is_called_exact_is_the_providers_number() -> None:
    """In at least 19 of 20 calls."""
    exact = [each for each in comparisons() if each.counted.method == "exact"]
    assert len(exact) >= 150
    assert sum(each.residual == 0 for each in exact) / len(exact) >= 0.95


# What the route of a measured table adds to images above 2,000 px, which it first brings to 2,000 px: a note of so many
# tokens. The table has 3069 for 2560 x 1440 and for 3840 x 2160 alike.
ROUTE_SIDE = 2000
ROUTE_NOTES = {"claude-haiku-4-5": 32, "claude-opus-5-5": 40}


def images() -> list[Any]:
    """Return the recorded sizes of images with the model, the tokens that were counted, and what else is in them."""
    models = {"standard tier (before Claude 4.7)": "claude-sonnet-4-5", "gemini-3.x": "gemini-3-pro-preview"}
    models["high-resolution tier (Claude 4.7 and later)"] = "claude-opus-4-8"
    return [
        (models.get(row["model"], row["model"]), row["provider"], _routed(row), row["image_tokens"])
        for row in recorded_rows()
        if row["api"] == "image"
        and row["provider"] in {"anthropic", "google", "openai", "google-ai-studio", "google-vertex"}
    ]


def _routed(row: dict[str, Any]) -> dict[str, Any]:
    """Return the image of a row as the route of its table sent it."""
    image = row["image"]
    longest, note = max(image["width"], image["height"]), ROUTE_NOTES.get(row["model"])
    if note is None or longest <= ROUTE_SIDE:
        return dict(image)
    width, height = (image[side] * ROUTE_SIDE // longest for side in ("width", "height"))
    return {**image, "width": width, "height": height, "includes_text": image["includes_text"] + note}


def image_tokens(model: str, provider: str, image: dict[str, Any]) -> int | None:
    """Return our tokens of an image by its size, without what Anthropic's API adds to each."""
    size = {"url": "https://example.org/a.png", "width": image["width"], "height": image["height"]}
    detail = {"detail": image["detail"]} if "detail" in image else {}
    part = {"type": "image_url", "image_url": size | detail}
    body = {"messages": [{"role": "user", "content": [part]}]}
    host = None if provider == "google" else provider
    tokens = count_request(package_registry(), "openai_chat", body, model, host).parts.images.tokens
    return tokens - 3 if tokens is not None and provider == "anthropic" else tokens


def test_recorded_images_of_every_size_are_counted() -> None:
    """All but one size, of OpenAI, whose number is of patches within an older budget."""
    wrong = {
        (model.split("-")[0], image["width"], image["height"])
        for model, provider, image, tokens in images()
        if image_tokens(model, provider, image) != tokens - image.get("includes_text", 0)
    }
    assert wrong == {("gpt", 1800, 2400)}

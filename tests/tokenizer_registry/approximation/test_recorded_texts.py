"""Estimates of texts against what providers billed for recorded requests that have texts and nothing else."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.tokenizer_registry.chat.recorded_calls import comparisons
from tokenizer_registry.chat.rules import generation_of

MIN_TOKENS = 100


class BilledText(NamedTuple):
    """The tokens of the texts of one request: estimated, and billed less the frame."""

    generation: str
    estimated: int
    billed: int

    @property
    def error(self) -> float:
        """The billed tokens against the estimate, less 1."""
        return self.billed / self.estimated - 1


def billed_texts(family: str) -> Iterator[BilledText]:
    """Return the requests of texts alone to models of a family."""
    for each in comparisons():
        generation = generation_of(each.counted.model)
        used = {name for name, part in each.counted.parts._asdict().items() if part.tokens or part.missing}
        if generation is None or generation.family != family or used > {"text", "frame"} or each.residual is None:
            continue
        tokens = each.counted.parts.text.tokens
        if tokens:
            yield BilledText(generation.name, tokens, tokens - each.residual)


def test_claude_is_within_its_margin() -> None:
    """The reconstruction's band of 1 % holds for every recorded text of 100 tokens or more."""
    found = [text for text in billed_texts("anthropic") if text.estimated >= MIN_TOKENS]
    assert len(found) >= 21
    assert max(abs(text.error) for text in found) <= 0.01


def test_most_texts_of_claude_are_exact() -> None:
    """At least three quarters have the number that was billed, and nine of ten are within a token of it."""
    found = list(billed_texts("anthropic"))
    off = [abs(text.billed - text.estimated) for text in found]
    assert len(found) >= 70
    assert sum(each == 0 for each in off) >= 0.75 * len(found)
    assert sum(each <= 1 for each in off) >= 0.9 * len(found)


@pytest.mark.parametrize(("low", "high"), [(-0.14, 0.22)])
def test_nova_is_within_the_band_of_its_proxy(low: float, high: float) -> None:
    """The few texts of 100 tokens or more lie within what similar vocabularies differ by."""
    found = [text for text in billed_texts("nova") if text.estimated >= MIN_TOKENS]
    assert len(found) >= 2
    assert all(low <= text.error <= high for text in found)

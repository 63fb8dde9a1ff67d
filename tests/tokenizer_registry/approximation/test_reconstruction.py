"""The reconstructed vocabularies, compared with their source package and the provider's own answers."""

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.record_claude_counts import golden_texts
from tests.hostile_inputs import DATA, hostile_texts
from tokenizer_registry import Registry, UncountableText
from tokenizer_registry.approximation.marked_text import DIALECTS
from tokenizer_registry.vocabulary_files import mixed_text, probe_texts

NAMES = sorted(DIALECTS)
MEASURED = ["claude-3-reconstruction", "claude-4.7-reconstruction"]
some_name = st.sampled_from(NAMES)
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=100)
tricky_text = st.text(st.sampled_from("aábZÉ'’ \n\t.,—1٣½²中ーᛒⓐ́̈️⃣😀\u0730\ue000\ufdd0\x01"), max_size=30)


@cache
def registry() -> Registry:
    """Return the registry of the package."""
    return Registry.from_package()


@cache
def recorded() -> dict[str, Any]:
    """Return the counts that scripts/record_claude_counts.py recorded."""
    read: dict[str, Any] = json.loads((DATA / "claude_counts.json").read_text(encoding="utf-8"))
    return read


def count(name: str, text: str) -> int:
    """Return the count of a text with a shipped reconstruction."""
    return registry().counter(name).count(text)


@pytest.mark.parametrize("name", NAMES)
def test_counts_are_those_of_the_source(name: str) -> None:
    """Each of 150 texts, whole and split at the edges of every rule, has the count of the package."""
    texts = golden_texts()
    expected = recorded()["counts"][name]
    assert len(texts) == len(expected) >= 150
    found = [count(name, text) for text in texts]
    assert [pair for pair in zip(texts, expected, found, strict=True) if pair[1] != pair[2]] == []


@pytest.mark.parametrize("name", MEASURED)
def test_counts_are_the_providers(name: str) -> None:
    """Each of hundreds of messages has the count of the provider's endpoint."""
    answers = recorded()["answers"][name]
    assert len(answers) > 150
    assert [answer for answer in answers if count(name, answer[0]) != answer[1]] == []


def test_the_probe_texts_have_the_known_counts() -> None:
    """The counts of probe texts and mixed text, written here a second time so that a rebuild cannot move them."""
    found = {name: (*map(registry().counter(name).count, probe_texts()), count(name, mixed_text())) for name in NAMES}
    assert found == {
        "claude-3-reconstruction": (19, 25, 23, 1568),
        "claude-4.7-reconstruction": (26, 27, 25, 1967),
        "claude-4.8-reconstruction": (26, 27, 25, 1968),
    }
    specs = registry().estimates.reconstructions
    assert {name: (*spec.probe_counts, spec.mixed_count) for name, spec in specs.items()} == found


@given(name=some_name, text=any_text)
@settings(max_examples=150)
def test_any_text_has_a_count(name: str, text: str) -> None:
    """Any text has a count, which is repeatable and at most its bytes, its marks and a constant."""
    found = count(name, text)
    assert 0 <= found <= len(text.encode()) + 3 * len(text) + 1
    assert count(name, text) == found


@given(name=some_name, text=tricky_text, copies=st.integers(2, 4))
@settings(max_examples=150)
def test_separated_texts_add_up(name: str, text: str, copies: int) -> None:
    """A text between two rare ideographs has the same count at each occurrence: no token crosses them."""
    once, twice, often = (count(name, "𠮷" + f"{text}𠮷" * times) for times in (1, 2, 2 + copies))
    assert often - twice == copies * (twice - once)


def test_a_long_text_is_the_sum_of_its_paragraphs() -> None:
    """A text that is counted in blocks has the same count as in one piece."""
    for name in NAMES:
        short, long = (count(name, "The weighbridge at the harbour.\n" * times) for times in (1_000, 20_000))
        once = count(name, "The weighbridge at the harbour.\n" * 2) - count(name, "The weighbridge at the harbour.\n")
        assert long - short == 19_000 * once


@pytest.mark.parametrize("name", NAMES)
def test_hostile_texts_are_counted_or_refused(name: str) -> None:
    """Every hostile text has a count; a lone surrogate is refused with its position, as by any vocabulary."""
    for case, text, _ in hostile_texts():
        if any("\ud800" <= character <= "\udfff" for character in text):
            with pytest.raises(UncountableText, match="lone surrogate"):
                count(name, text)
        else:
            assert 0 <= count(name, text) <= 8 * len(text) + 1, case


def test_nothing_has_no_tokens() -> None:
    """The empty text has 0 tokens, although a message has tokens around its text."""
    assert [count(name, "") for name in NAMES] == [0, 0, 0]

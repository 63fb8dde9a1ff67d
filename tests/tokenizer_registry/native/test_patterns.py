"""Parsing of split patterns."""

import pytest

from tokenizer_registry.native.patterns import MANY, PartKind, PatternPart, read_pattern
from tokenizer_registry.native.pre_tokenizers import document_splits


def test_a_group_of_alternatives_is_laid_out() -> None:
    """A prefix of a group is put in front of each of its alternatives, in their order."""
    one, other = read_pattern(r"'(?i:[st]|ll)")
    assert [part.characters for part in one] == ["'", "(?i:[st])"]
    assert [part.characters for part in other] == ["'", "(?i:l)", "(?i:l)"]


@pytest.mark.parametrize(
    ("pattern", "least", "most", "keeps"),
    [("a", 1, 1, False), ("a?", 0, 1, False), ("a*+", 0, MANY, True), ("a{2}", 2, 2, False), ("a{1,3}+", 1, 3, True)],
)
def test_quantifiers(pattern: str, least: int, most: int, keeps: bool) -> None:
    """A quantifier says how often a set is matched, and whether it backtracks."""
    assert read_pattern(pattern) == ((PatternPart(PartKind.RUN, "a", least=least, most=most, keeps=keeps),),)


@pytest.mark.parametrize("pattern", [r"(a|b)", r"(?<=a)b", r"a)b", r"(?:ab)+", r"\s+(?=a)"])
def test_what_is_not_known_is_refused(pattern: str) -> None:
    """A pattern with an element that the C library does not support is refused, never misread."""
    with pytest.raises(ValueError, match=r"."):
        read_pattern(pattern)


@pytest.mark.parametrize("step", [{"type": "Whitespace"}, {"type": "Punctuation", "behavior": "Isolated"}])
def test_a_step_that_is_not_known_is_refused(step: dict[str, object]) -> None:
    """A tokenizer.json with an unsupported step is left to its owner's library."""
    with pytest.raises(ValueError, match="not known"):
        document_splits(step)

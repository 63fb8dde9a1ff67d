"""Split patterns, read."""

import pytest

from tokenizer_registry.native.patterns import MANY, PartKind, PatternPart, read_pattern
from tokenizer_registry.native.pre_tokenizers import document_splits


def test_a_group_of_alternatives_is_laid_out() -> None:
    """What stands in front of a group stands in front of each of its alternatives, in their order."""
    one, other = read_pattern(r"'(?i:[st]|ll)")
    assert [part.characters for part in one] == ["'", "(?i:[st])"]
    assert [part.characters for part in other] == ["'", "(?i:l)", "(?i:l)"]


@pytest.mark.parametrize(
    ("pattern", "least", "most", "keeps"),
    [("a", 1, 1, False), ("a?", 0, 1, False), ("a*+", 0, MANY, True), ("a{2}", 2, 2, False), ("a{1,3}+", 1, 3, True)],
)
def test_quantifiers(pattern: str, least: int, most: int, keeps: bool) -> None:
    """How often a set may be matched, and whether what it took is given back."""
    assert read_pattern(pattern) == ((PatternPart(PartKind.RUN, "a", least=least, most=most, keeps=keeps),),)


@pytest.mark.parametrize("pattern", [r"(a|b)", r"(?<=a)b", r"a)b", r"(?:ab)+", r"\s+(?=a)"])
def test_what_is_not_known_is_refused(pattern: str) -> None:
    """A pattern with what the C library does not do is refused, and never read as something else."""
    with pytest.raises(ValueError, match=r"."):
        read_pattern(pattern)


@pytest.mark.parametrize("step", [{"type": "Whitespace"}, {"type": "Punctuation", "behavior": "Isolated"}])
def test_a_step_that_is_not_known_is_refused(step: dict[str, object]) -> None:
    """A tokenizer.json that cuts in another way stays with its owner's library."""
    with pytest.raises(ValueError, match="not known"):
        document_splits(step)

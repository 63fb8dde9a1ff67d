"""Suggestions for misspelt names."""

from weighbridge_base.suggestions import did_you_mean, nearest

KNOWN = ("gpt-4o", "gpt-4o-mini", "claude-opus-4")


def test_the_nearest_name_is_suggested() -> None:
    """One of them, the most similar."""
    assert nearest("gpt-4o-mni", KNOWN) == "gpt-4o-mini"
    assert did_you_mean("gpt-4o-mni", KNOWN, "See the list.") == "Did you mean gpt-4o-mini?"


def test_case_alone_is_no_difference() -> None:
    """However much of the name is in another case."""
    assert nearest("openai", ["Open-Ai", "OpenAI"]) == "OpenAI"


def test_without_a_similar_name_something_else_is_said() -> None:
    """Without a similar name the answer is the caller's text, empty by default."""
    assert nearest("zzz", KNOWN) is None
    assert did_you_mean("zzz", KNOWN, "See the list.") == "See the list."
    assert did_you_mean("zzz", KNOWN) == ""


def test_a_very_long_name_is_not_compared() -> None:
    """Comparing would take long, even with a name that is equal but for its length."""
    assert nearest("a" * 100, ["a" * 100]) == "a" * 100
    assert nearest("a" * 101, ["a" * 101]) is None

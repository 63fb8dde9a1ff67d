"""Tokens and the characters that they belong to."""

from tests.tokenizer_registry.shipped import shared_registry
from tokenizer_registry import Token, segments
from tokenizer_registry.vocabulary import covering


def test_places_are_those_of_the_text_as_it_was_sent() -> None:
    """If a vocabulary normalizes the text, the places of tokens are those in the original text."""
    tokens = shared_registry().vocabulary("claude-2").tokens("the ﬁne cafe\u0301 of")
    pieces = ["the ﬁne cafe\u0301 of"[token.start : token.end] for token in tokens]
    assert pieces[0] == "the"
    assert pieces[-1] == " of"


def test_a_character_of_several_tokens_is_one_piece() -> None:
    """The bytes of one character have the same place, and are one piece of the text."""
    tokens = shared_registry().vocabulary("llama-2").tokens("a🤷b")
    assert len({(token.start, token.end) for token in tokens[1:-1]}) == 1
    assert [piece for piece, _ in segments("a🤷b", tokens)] == ["a", "🤷", "b"]


def test_what_a_library_drops_goes_to_a_neighbour() -> None:
    """Characters without a token belong to the next token, and at the end to the last one."""
    assert covering([Token(1, 2, 3), Token(2, 5, 5), Token(3, 5, 6)], 9) == [
        Token(1, 0, 3), Token(2, 3, 6), Token(3, 5, 9),
    ]  # fmt: skip

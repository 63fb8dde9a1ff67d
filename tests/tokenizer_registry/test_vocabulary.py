"""Errors of libraries never escape from a vocabulary."""

from collections.abc import Sequence

import pytest

from tokenizer_registry.errors import UncountableText
from tokenizer_registry.vocabulary import GuardedVocabulary, ReferenceTokenizer, Token


class Panic(BaseException):
    """An error that is not an Exception, like the panics of libraries in Rust."""


class FailingEngine:
    """An engine that always raises the same error."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def count(self, text: str) -> int:
        raise self._error

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        raise self._error

    def encode(self, text: str) -> list[int]:
        raise self._error

    def tokens(self, text: str) -> list[Token]:
        raise self._error

    def token_bytes(self, ids: Sequence[int]) -> list[bytes | None] | None:
        raise self._error


def failing(error: BaseException) -> GuardedVocabulary:
    """Return a vocabulary whose library always fails."""
    engine = FailingEngine(error)
    return GuardedVocabulary("some", engine, ReferenceTokenizer(lambda: engine))


@pytest.mark.parametrize("error", [Panic(), ValueError(), GeneratorExit()])
def test_every_failure_becomes_uncountable(error: BaseException) -> None:
    """Any error of a library, panics included, becomes UncountableText, which names vocabulary and cause."""
    guarded = failing(error)
    with pytest.raises(UncountableText, match=f"'some' gave up: {type(error).__name__}") as counted:
        guarded.count("text")
    with pytest.raises(UncountableText):
        guarded.count_batch(["text"])
    with pytest.raises(UncountableText):
        guarded.encode("text")
    with pytest.raises(UncountableText):
        guarded.tokens("text")
    assert counted.value.__cause__ is error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), MemoryError()])
def test_a_stop_and_a_want_of_memory_are_passed_on(error: BaseException) -> None:
    """A request to stop the process, and a MemoryError, are not treated as a fault of the text."""
    guarded = failing(error)
    with pytest.raises(type(error)):
        guarded.count("text")
    with pytest.raises(type(error)):
        guarded.encode("text")


def test_surrogates_never_reach_the_engine() -> None:
    """The refusal names the character's position, and the engine is not called."""
    guarded = failing(AssertionError("the engine was asked"))
    with pytest.raises(UncountableText, match=r"character 2 is the lone surrogate U\+DFFF"):
        guarded.count("é😀\udfff")
    with pytest.raises(UncountableText, match=r"character 0 is the lone surrogate U\+D83D"):
        guarded.encode("\ud83d")

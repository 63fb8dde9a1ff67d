"""The one thing that every vocabulary can do, and the wall between texts and the libraries that cut them."""

from typing import Protocol

from tokenizer_registry.errors import UncountableText


class Vocabulary(Protocol):
    """Cuts texts into tokens. Plain text: no BOS, no control tokens; safe to call from many threads.

    Control tokens and chat markers that stand in a text are ordinary text, but for the user-defined pieces of a
    SentencePiece model, which stay as their owner has them (docs/vocabularies.md has the rule and the reasons).
    """

    @property
    def name(self) -> str:
        """The name in vocabularies.toml."""

    def count(self, text: str) -> int:
        """The number of tokens. Raises UncountableText."""

    def encode(self, text: str) -> list[int]:
        """The tokens' numbers in the vocabulary's own file. Raises UncountableText."""


class Engine(Protocol):
    """One library with one vocabulary inside. May raise anything at all."""

    def count(self, text: str) -> int:
        """The number of tokens."""

    def encode(self, text: str) -> list[int]:
        """The tokens' numbers."""


class GuardedVocabulary:
    """An engine whose every failure is an UncountableText.

    Lone surrogates are refused before the engine sees them: one library replaces them, two fail in their own
    ways. A panic of a library written in Rust is a BaseException and would pass every `except Exception`.
    """

    __slots__ = ("_engine", "_name")

    def __init__(self, name: str, engine: Engine) -> None:
        self._name = name
        self._engine = engine

    @property
    def name(self) -> str:
        return self._name

    def count(self, text: str) -> int:
        _refuse_surrogates(text)
        try:
            return self._engine.count(text)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            raise self._uncountable(error) from error

    def encode(self, text: str) -> list[int]:
        _refuse_surrogates(text)
        try:
            return self._engine.encode(text)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            raise self._uncountable(error) from error

    def _uncountable(self, error: BaseException) -> UncountableText:
        return UncountableText(f"vocabulary {self._name!r} gave up: {type(error).__name__}")


def _refuse_surrogates(text: str) -> None:
    if text.isascii():
        return
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        point = ord(text[error.start])
        raise UncountableText(
            f"character {error.start} is the lone surrogate U+{point:04X}, which no valid text contains"
        ) from None

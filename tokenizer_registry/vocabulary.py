"""The one thing that every vocabulary can do, and the wall between texts and the libraries that cut them."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from tokenizer_registry.errors import UncountableText
from tokenizer_registry.tokens import Token, covering

Answer = TypeVar("Answer")


class Counter(Protocol):
    """Counts the tokens of texts. Plain text: no BOS, no control tokens; safe to call from many threads.

    Control tokens and chat markers that stand in a text are ordinary text, but for the user-defined pieces of a
    SentencePiece model, which stay as their owner has them (docs/vocabularies.md has the rule and the reasons).
    """

    @property
    def name(self) -> str:
        """The vocabulary's name."""

    def count(self, text: str) -> int:
        """The number of tokens. Raises UncountableText."""


class Vocabulary(Counter, Protocol):
    """Cuts texts into tokens."""

    def encode(self, text: str) -> list[int]:
        """The tokens' numbers in the vocabulary's own file. Raises UncountableText."""

    def tokens(self, text: str) -> list[Token]:
        """The same tokens with their places, which cover the text if there is a token. Raises UncountableText."""


class CountingEngine(Protocol):
    """What does the counting. May raise anything at all."""

    def count(self, text: str) -> int:
        """The number of tokens."""


class Engine(CountingEngine, Protocol):
    """One library with one vocabulary inside. May raise anything at all."""

    def encode(self, text: str) -> list[int]:
        """The tokens' numbers."""

    def tokens(self, text: str) -> list[Token]:
        """The tokens with their places, as the library has them."""


class GuardedCounter:
    """An engine whose every failure is an UncountableText.

    Lone surrogates are refused before the engine sees them: one library replaces them, two fail in their own
    ways. A panic of a library written in Rust is a BaseException and would pass every `except Exception`.
    """

    __slots__ = ("_engine", "_name")

    def __init__(self, name: str, engine: CountingEngine) -> None:
        self._name = name
        self._engine = engine

    @property
    def name(self) -> str:
        return self._name

    def count(self, text: str) -> int:
        return self._guarded(self._engine.count, text)

    def _guarded(self, call: Callable[[str], Answer], text: str) -> Answer:
        _refuse_surrogates(text)
        try:
            return call(text)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            raise UncountableText(f"vocabulary {self._name!r} gave up: {type(error).__name__}") from error


class GuardedVocabulary(GuardedCounter):
    """The same for an engine that also tells the tokens."""

    __slots__ = ("_encode", "_tokens")

    def __init__(self, name: str, engine: Engine) -> None:
        super().__init__(name, engine)
        self._encode = engine.encode
        self._tokens = engine.tokens

    def encode(self, text: str) -> list[int]:
        return self._guarded(self._encode, text)

    def tokens(self, text: str) -> list[Token]:
        return covering(self._guarded(self._tokens, text), len(text))


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

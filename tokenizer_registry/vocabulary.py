"""The one thing that every vocabulary can do, and the wall between texts and the libraries that cut them."""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import NamedTuple, Protocol, TypeVar

from tokenizer_registry.errors import UncountableText, UndecodableVocabulary


class Token(NamedTuple):
    """A token's number, and the characters `text[start:end]` that its bytes belong to.

    A character that is cut into several tokens belongs to each of them, so neighbours may share one.
    """

    id: int
    start: int
    end: int


class DecodedText(NamedTuple):
    """The text of a list of tokens.

    `is_whole`: every token has known bytes, and together they are UTF-8. Otherwise U+FFFD stands for what is not.
    """

    text: str
    is_whole: bool


def covering(tokens: Sequence[Token], length: int) -> list[Token]:
    """The tokens with places that leave no character of a text of this length out, in order.

    Libraries give a byte of a character no place, or skip what their normalizer dropped: the byte gets the place of
    its character, what was dropped goes to the token after it, or to the last.
    """
    placed: list[Token] = []
    for token in reversed(tokens):
        if token.start == token.end and placed and placed[-1].start == token.start:
            token = token._replace(end=placed[-1].end)
        placed.append(token)
    placed.reverse()
    covered = 0
    for number, token in enumerate(placed):
        last = number == len(placed) - 1
        start = min(token.start, covered)
        end = length if last else max(token.end, covered)
        placed[number] = token._replace(start=start if start < end else max(end - 1, 0), end=end)
        covered = end
    return placed


def segments(text: str, tokens: Sequence[Token]) -> list[tuple[str, tuple[int, ...]]]:
    """The text in pieces, each with the numbers of its tokens: those that share a character share a piece."""
    groups: list[tuple[int, int, list[int]]] = []
    for token in tokens:
        if groups and token.start < groups[-1][1]:
            start, end, ids = groups[-1]
            groups[-1] = (start, max(end, token.end), [*ids, token.id])
        else:
            groups.append((token.start, token.end, [token.id]))
    return [(text[start:end], tuple(ids)) for start, end, ids in groups]


# What passes as it is: it was not the text's fault, or is reported already.
PASSED_ON = (KeyboardInterrupt, SystemExit, MemoryError, UncountableText)
# UTF-8 that one text may have: the C library keeps places in 32 bits. A character has up to four bytes.
MAX_TEXT_BYTES = 2**32 - 64
MAX_CHARACTER_BYTES = 4
# Stands for a token whose text is not known.
UNKNOWN_CHARACTER = "\ufffd".encode()
Given = TypeVar("Given")
Answer = TypeVar("Answer")


class TokenCounter(Protocol):
    """Counts the tokens of texts. Plain text: no BOS, no control tokens; safe to call from many threads.

    Control tokens and chat markers that stand in a text are ordinary text, but for the user-defined pieces of a
    SentencePiece model, which stay as their owner has them (docs/vocabularies.md has the rule and the reasons).
    """

    @property
    def name(self) -> str:
        """The vocabulary's name."""

    def count(self, text: str) -> int:
        """The number of tokens. Raises UncountableText."""

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, in order. Raises UncountableText for any of them."""


class Vocabulary(TokenCounter, Protocol):
    """Cuts texts into tokens.

    `effort` is how many times as long as the quickest vocabularies this one takes, for the slowest of ordinary texts.
    """

    @property
    def effort(self) -> int:
        """A whole number from 1."""

    def encode(self, text: str) -> list[int]:
        """The tokens' numbers in the vocabulary's own file. Raises UncountableText."""

    def tokens(self, text: str) -> list[Token]:
        """The same tokens with their places, which cover the text if there is a token. Raises UncountableText."""

    def decode(self, ids: Sequence[int]) -> DecodedText:
        """Return the text of tokens. Raise UnknownToken, UndecodableVocabulary."""


class CountingEngine(Protocol):
    """What does the counting. May raise anything at all."""

    def count(self, text: str) -> int:
        """The number of tokens."""

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text."""


class Engine(CountingEngine, Protocol):
    """One library with one vocabulary inside. May raise anything at all."""

    def encode(self, text: str) -> list[int]:
        """The tokens' numbers."""


class ReferenceEngine(Engine, Protocol):
    """The owner's library, which alone tells where tokens are."""

    def tokens(self, text: str) -> list[Token]:
        """The tokens with their places, as the library has them."""

    def token_bytes(self, ids: Sequence[int]) -> list[bytes | None] | None:
        """Return what each token adds to a text, None for the token of unknown characters.

        Return None if that is not known for this vocabulary. Raise UnknownToken.
        """


class ReferenceTokenizer:
    """The owner's library of a vocabulary that is counted with another, loaded at its first use; safe with threads."""

    __slots__ = ("_engine", "_load", "_lock")

    def __init__(self, load: Callable[[], ReferenceEngine]) -> None:
        self._load = load
        self._lock = Lock()
        self._engine: ReferenceEngine | None = None

    @property
    def engine(self) -> ReferenceEngine:
        """The engine. Raises DamagedVocabulary and whatever its library raises."""
        with self._lock:
            if self._engine is None:
                self._engine = self._load()
            return self._engine


class GuardedCounter:
    """An engine whose every failure is an UncountableText, unless there was no memory for it.

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
        refuse_uncountable(text)
        return guarded(self._name, self._engine.count, text)

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        for text in texts:
            refuse_uncountable(text)
        return guarded(self._name, self._engine.count_batch, texts)


class GuardedVocabulary(GuardedCounter):
    """The same for an engine that also tells the tokens."""

    __slots__ = ("_effort", "_owner")

    def __init__(self, name: str, engine: CountingEngine, owner: ReferenceTokenizer, effort: int = 1) -> None:
        super().__init__(name, engine)
        self._effort = effort
        self._owner = owner

    @property
    def effort(self) -> int:
        return self._effort

    def encode(self, text: str) -> list[int]:
        refuse_uncountable(text)
        return guarded(self._name, lambda given: self._owner.engine.encode(given), text)

    def tokens(self, text: str) -> list[Token]:
        refuse_uncountable(text)
        return covering(guarded(self._name, lambda given: self._owner.engine.tokens(given), text), len(text))

    def decode(self, ids: Sequence[int]) -> DecodedText:
        found = self._owner.engine.token_bytes(ids)
        if found is None:
            raise UndecodableVocabulary(self._name)
        return _decoded(found)


def _decoded(token_bytes: Sequence[bytes | None]) -> DecodedText:
    content = b"".join(UNKNOWN_CHARACTER if each is None else each for each in token_bytes)
    try:
        return DecodedText(content.decode("utf-8"), None not in token_bytes)
    except UnicodeDecodeError:
        return DecodedText(content.decode("utf-8", "replace"), is_whole=False)


def guarded(vocabulary: object, call: Callable[[Given], Answer], given: Given) -> Answer:
    """What the call answers; whatever it raises becomes an UncountableText that names the vocabulary.

    A MemoryError stays one: it says nothing about the text.
    """
    try:
        return call(given)
    except PASSED_ON:
        raise
    except BaseException as error:
        raise gave_up(vocabulary, error) from error


def gave_up(vocabulary: object, error: BaseException) -> UncountableText:
    """What to raise for what a library raised."""
    return UncountableText(f"vocabulary {str(vocabulary)!r} gave up: {type(error).__name__}")


def refuse_uncountable(text: str) -> None:
    """Raise UncountableText where the text is too long or holds a lone surrogate."""
    refuse_long(text)
    refuse_surrogates(text)


def refuse_long(text: str) -> None:
    """Raise UncountableText where the text has more than MAX_TEXT_BYTES in UTF-8."""
    if len(text) * MAX_CHARACTER_BYTES <= MAX_TEXT_BYTES:
        return
    if len(text) > MAX_TEXT_BYTES:
        raise too_long()
    if not text.isascii() and len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT_BYTES:
        raise too_long()


def too_long() -> UncountableText:
    """Return what to raise for a text that has more than MAX_TEXT_BYTES."""
    return UncountableText(f"it has more than {MAX_TEXT_BYTES:,} bytes, the most that can be counted as one text")


def refuse_surrogates(text: str) -> None:
    """Raises UncountableText where the text holds a lone surrogate."""
    if text.isascii():
        return
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        point = ord(text[error.start])
        raise UncountableText(
            f"character {error.start} is the lone surrogate U+{point:04X}, which no valid text contains"
        ) from None

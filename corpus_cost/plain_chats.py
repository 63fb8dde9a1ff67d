"""A short way to count chats of plain texts, which most corpora have, for what they are counted for."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from tokenizer_registry import Registry
from tokenizer_registry.chat.count import count_read
from tokenizer_registry.chat.request import CommonRequest, TextBlock, Turn
from tokenizer_registry.chat.rules import generation_of
from tokenizer_registry.chat.texts import TextCounter, TextMemory, text_counter

# Sequences of roles whose frame is kept, and their length.
MAX_FRAMES = 4_096
MAX_PLAIN_TURNS = 64
# A text of one token, whose frame is that of any other text.
_LETTER = "a"


class ChatModel(NamedTuple):
    """What chats are counted for: a `model` of the catalogue at a host; `name` was asked for.

    `apart`: the parts whose tokens cost other than those of texts.
    """

    name: str
    model: str
    host: str | None
    apart: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """The name of its sums, which no vocabulary has."""
        return f"chats: {self.name}"


def chat_model(registry: Registry, name: str) -> ChatModel:
    """Return what the chats for a name are counted for. Raise UnknownModel."""
    found = registry.names.resolve(name)
    return ChatModel(name, found.model, found.terms.host)


class PlainFrame(NamedTuple):
    """What is around plain texts: tokens with their bounds, and whether they are exact."""

    tokens: int
    low: int
    high: int
    is_exact: bool


class PlainChats:
    """Counts chats of plain texts for an OpenAI model, whose frame depends on the roles of the messages alone.

    It is found once for each sequence of roles; chats that differ in anything else are counted as whole requests.
    """

    def __init__(self, registry: Registry, model: ChatModel) -> None:
        self._registry = registry
        self._model = model
        self._frame = lru_cache(MAX_FRAMES)(self._frame_of)
        self.texts = self._text_counter()

    def counter(self, memory: TextMemory) -> TextCounter | None:
        """Return what counts the texts, with counts that are known already; None for a model of another family."""
        return None if self.texts is None else self._text_counter(memory)

    def frame(self, roles: tuple[str, ...] | None) -> PlainFrame | None:
        """Return the frame around messages with these roles, None if it depends on more than the roles."""
        return None if self.texts is None or roles is None else self._frame(roles)

    def _frame_of(self, roles: tuple[str, ...]) -> PlainFrame | None:
        request = CommonRequest("openai_chat", tuple(Turn(role, (TextBlock(_LETTER),)) for role in roles))
        found = count_read(self._registry, request, self._model.model, self._model.host)
        if found.tokens is None or found.high is None or self.texts is None:
            return None
        letters = len(roles) * self.texts.count(_LETTER)
        return PlainFrame(found.tokens - letters, found.low - letters, found.high - letters, found.method == "exact")

    def _text_counter(self, memory: TextMemory | None = None) -> TextCounter | None:
        generation = generation_of(self._model.model)
        if generation is None or generation.family != "openai":
            return None
        found = text_counter(self._registry, self._model.model, generation, memory)
        return found if found is not None and found.band(_LETTER) is None else None


def plain_roles(request: CommonRequest) -> tuple[str, ...] | None:
    """Return the roles of a request of OpenAI's that has plain texts and nothing else, None for any other."""
    if request != CommonRequest("openai_chat", request.turns) or len(request.turns) > MAX_PLAIN_TURNS:
        return None
    for turn in request.turns:
        if turn.name is not None or len(turn.blocks) != 1 or type(turn.blocks[0]) is not TextBlock:
            return None
    return tuple(turn.role for turn in request.turns)


# The tokens of all texts of a chat, by its place, for each vocabulary.
TextsByVocabulary = dict[str, dict[int, int]]


def texts_of(request: CommonRequest) -> Iterator[str]:
    """Return the texts of all messages."""
    for turn in request.turns:
        for block in turn.blocks:
            if isinstance(block, TextBlock):
                yield block.text

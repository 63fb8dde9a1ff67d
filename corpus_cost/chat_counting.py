"""Counting chats: for a model at a host, with frame, tools and images, exactly or as estimates with bounds."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from corpus_cost.readers.chats import Chat, NoChat, chat_of, without_nulls
from tokenizer_registry import Registry, RegistryError
from tokenizer_registry.chat.count import count_read, count_request

# Counted to find out whether a model has rules at all.
_PROBE = {"messages": [{"role": "user", "content": "a"}]}
MAX_REASONS = 3


class ChatModel(NamedTuple):
    """What chats are counted for: a `model` of the catalogue at a host; `name` was asked for."""

    name: str
    model: str
    host: str | None

    @property
    def key(self) -> str:
        """The name of its sums, which no vocabulary has."""
        return f"chats: {self.name}"


class ChatSums(NamedTuple):
    """Chats and their tokens, exact and estimated ones apart. `low` and `high` are the bounds of the estimated ones."""

    exact_chats: int = 0
    exact_tokens: int = 0
    estimated_chats: int = 0
    estimated_tokens: int = 0
    low: int = 0
    high: int = 0

    @property
    def tokens(self) -> int:
        """All tokens, exact and estimated ones."""
        return self.exact_tokens + self.estimated_tokens

    def plus(self, other: "ChatSums") -> "ChatSums":
        """Return the sum of both."""
        return ChatSums(*(one + more for one, more in zip(self, other, strict=True)))


class ChatTally(NamedTuple):
    """The tokens of each chat for one model, None where there is no number; `reasons` say why, by chat."""

    tokens: list[int | None]
    sums: ChatSums
    reasons: dict[int, str]


def chat_model(registry: Registry, name: str) -> ChatModel:
    """Return what the chats for a name are counted for. Raise UnknownModel."""
    found = registry.names.resolve(name)
    return ChatModel(name, found.model, found.terms.host)


def why_no_chats(registry: Registry, name: str) -> str | None:
    """Return why no chat has a count for a model, None if chats have. Raise UnknownModel."""
    try:
        counted = count_request(registry, "openai_chat", _PROBE, name)
    except RegistryError as fault:
        return str(fault)
    return None if counted.tokens is not None else "; ".join(counted.missing)


class ChatCounters:
    """Counts chats for all models of a job. With `own`, each only for the models that its row names."""

    def __init__(self, registry: Registry, models: Sequence[ChatModel], *, own: bool = False) -> None:
        self._registry = registry
        self._models = models
        self._own = own

    def count(self, chats: Sequence[Chat]) -> dict[str, ChatTally]:
        """Return the tally of each model, by its key."""
        return {model.key: self._tally(model, chats) for model in self._models}

    def _tally(self, model: ChatModel, chats: Sequence[Chat]) -> ChatTally:
        tokens: list[int | None] = []
        reasons: dict[int, str] = {}
        exact = exact_tokens = estimated = estimated_tokens = low = high = 0
        for place, chat in enumerate(chats):
            if self._own and chat.model != model.name:
                tokens.append(None)
                continue
            try:
                found = count_read(self._registry, chat.request, model.model, model.host)
            except RegistryError as fault:
                tokens.append(None)
                reasons[place] = str(fault)
                continue
            tokens.append(found.tokens)
            if found.tokens is None:
                reasons[place] = "; ".join(found.missing[:MAX_REASONS])
            elif found.method == "exact":
                exact, exact_tokens = exact + 1, exact_tokens + found.tokens
            else:
                estimated, estimated_tokens = estimated + 1, estimated_tokens + found.tokens
                low, high = low + found.low, high + (found.high or 0)
        return ChatTally(tokens, ChatSums(exact, exact_tokens, estimated, estimated_tokens, low, high), reasons)


def count_value(registry: Registry, value: Any, asked: ChatModel, *, estimate: bool) -> int | None:
    """Return the tokens of a value of a column, None for what is no chat and for what has no exact count.

    The value is a list of messages, or JSON. With `estimate`, estimates are returned too.
    """
    try:
        row = json.loads(value) if isinstance(value, str) else without_nulls(value)
        chat = chat_of(row, 0, "")
        found = None if chat is None else count_read(registry, chat.request, asked.model, asked.host)
    except (ValueError, RecursionError, NoChat, RegistryError):
        return None
    return found.tokens if found is not None and (estimate or found.method == "exact") else None


def add_chat_sums(one: Mapping[str, ChatSums], other: Mapping[str, ChatSums]) -> dict[str, ChatSums]:
    """Return the sums of both, by key."""
    both = dict(one)
    for key, sums in other.items():
        both[key] = both.get(key, ChatSums()).plus(sums)
    return both

"""Counting chats: for a model at a host, with frame, tools and images, exactly or as estimates with bounds."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from corpus_cost.plain_chats import ChatModel, PlainChats, TextsByVocabulary, plain_roles, texts_of
from corpus_cost.readers.chats import Chat, NoChat, chat_of, without_nulls
from tokenizer_registry import Registry, RegistryError, UncountableText
from tokenizer_registry.chat.count import count_read, count_request
from tokenizer_registry.chat.parts import ChatCount
from tokenizer_registry.chat.request_texts import message_texts
from tokenizer_registry.chat.texts import TextCounter, TextMemory
from tokenizer_registry.native.batch_counter import BatchCounter
from tokenizer_registry.native.text_column import copied_columns
from tokenizer_registry.vocabulary import Vocabulary

# Counted to find out whether a model has rules at all.
_PROBE = {"messages": [{"role": "user", "content": "a"}]}
MAX_REASONS = 3


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


def why_no_chats(registry: Registry, name: str) -> str | None:
    """Return why no chat has a count for a model, None if chats have. Raise UnknownModel."""
    try:
        counted = count_request(registry, "openai_chat", _PROBE, name)
    except RegistryError as fault:
        return str(fault)
    return None if counted.tokens is not None else "; ".join(counted.missing)


class ChatNumber(NamedTuple):
    """The count of one chat; `tokens` is None where something is `missing`."""

    tokens: int | None
    low: int
    high: int
    is_exact: bool
    missing: tuple[str, ...] = ()


class ChatCounters:
    """Counts chats for all models of a job. With `own`, each only for the models that its row names."""

    def __init__(self, registry: Registry, models: Sequence[ChatModel], *, own: bool = False) -> None:
        self._registry = registry
        self._models = [(model, PlainChats(registry, model)) for model in models]
        self._own = own
        named = (registry.models[model.model].vocabulary for model in models)
        self._together = BatchCounter(_loaded(registry, sorted({name for name in named if name is not None})))

    def count(self, chats: Sequence[Chat]) -> dict[str, ChatTally]:
        """Return the tally of each model, by its key."""
        roles = [plain_roles(chat.request) for chat in chats]
        texts: TextsByVocabulary = {}
        memory = self._counted_together(chats)
        return {model.key: self._tally(model, plain, chats, roles, texts, memory) for model, plain in self._models}

    def _counted_together(self, chats: Sequence[Chat]) -> TextMemory:
        """Return the counts of the texts of all messages by all vocabularies, as far as one call counts them."""
        memory: TextMemory = {name: {} for name in self._together.names}
        if self._own or not self._together.counts_columns:
            return memory
        texts = list({text for chat in chats for text in message_texts(chat.request)})
        place = 0
        try:
            for column in copied_columns(texts):
                counted = texts[place : place + column.count]
                for name, counts in zip(memory, self._together.count_column(column), strict=True):
                    memory[name] |= {text: n for text, n in zip(counted, counts, strict=True) if n is not None}
                place += column.count
        except (UncountableText, UnicodeEncodeError):
            pass  # The text is counted by itself, which says what is wrong with it.
        return memory

    def _tally(
        self,
        model: ChatModel,
        plain: PlainChats,
        chats: Sequence[Chat],
        roles: Sequence[tuple[str, ...] | None],
        texts: TextsByVocabulary,
        memory: TextMemory,
    ) -> ChatTally:
        counter = plain.counter(memory)
        tokens: list[int | None] = []
        reasons: dict[int, str] = {}
        exact = exact_tokens = estimated = estimated_tokens = low = high = 0
        for place, chat in enumerate(chats):
            if self._own and chat.model != model.name:
                tokens.append(None)
                continue
            try:
                found = self._count(model, plain, counter, chat, roles[place], texts, place, memory)
            except RegistryError as fault:
                tokens.append(None)
                reasons[place] = str(fault)
                continue
            tokens.append(found.tokens)
            if found.tokens is None:
                reasons[place] = "; ".join(found.missing[:MAX_REASONS])
            elif found.is_exact:
                exact, exact_tokens = exact + 1, exact_tokens + found.tokens
            else:
                estimated, estimated_tokens = estimated + 1, estimated_tokens + found.tokens
                low, high = low + found.low, high + found.high
        return ChatTally(tokens, ChatSums(exact, exact_tokens, estimated, estimated_tokens, low, high), reasons)

    def _count(
        self,
        model: ChatModel,
        plain: PlainChats,
        counter: TextCounter | None,
        chat: Chat,
        roles: tuple[str, ...] | None,
        texts: TextsByVocabulary,
        place: int,
        memory: TextMemory,
    ) -> ChatNumber:
        frame = plain.frame(roles)
        if frame is None or counter is None:
            found = count_read(self._registry, chat.request, model.model, model.host, memory=memory)
            missing = found.missing or _priced_apart(model, found)
            tokens = None if missing else found.tokens
            return ChatNumber(tokens, found.low, found.high or 0, found.method == "exact", missing)
        known = texts.setdefault(counter.name, {})
        if place not in known:
            known[place] = sum(map(counter.count, texts_of(chat.request)))
        tokens = known[place]
        return ChatNumber(frame.tokens + tokens, frame.low + tokens, frame.high + tokens, frame.is_exact)


def _priced_apart(model: ChatModel, found: ChatCount) -> tuple[str, ...]:
    """Return what a sum of tokens lacks for a chat with tokens at several prices."""
    parts = (name for name in sorted(model.apart) if getattr(found.parts, name).tokens)
    return tuple(
        f"a price of its {name}, which cost other than texts: see `weighbridge count --chat`" for name in parts
    )


def _loaded(registry: Registry, names: Sequence[str]) -> dict[str, Vocabulary]:
    """Return the vocabularies that can be loaded; for others each chat has the reason."""
    found: dict[str, Vocabulary] = {}
    for name in names:
        with suppress(RegistryError):
            found[name] = registry.vocabulary(name)
    return found


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

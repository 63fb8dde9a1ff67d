"""Counting of a chat for many models, in turns with the counts of other callers."""

import time
from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Final, NamedTuple

from service.http.errors import INVALID_REQUEST, TEXT_TOO_LARGE, Refusal
from service.tokens.chat_requests import ChatInput
from service.tokens.counting_pool import INLINE_EFFORT, MAX_EFFORTS, Caller, CountingPool
from tokenizer_registry import Count, DamagedVocabulary, Registry, UncountableText, UnknownVocabulary
from tokenizer_registry.chat.count import count_read
from tokenizer_registry.chat.errors import BadChatRequest
from tokenizer_registry.chat.parts import ChatCount, ChatParts, Part
from tokenizer_registry.chat.request_texts import request_texts
from tokenizer_registry.chat.rules import generation_of
from tokenizer_registry.chat.texts import TextMemory

# A job of a chat for many models ends after this time, so that other callers get their turns.
JOB_SECONDS: Final = 0.1
# Texts of a chat times models that one call may count: about 15 s of a processor.
MAX_COUNTED_TEXTS: Final = 2_000_000
# A chat is counted on the event loop for so many models, each text as if it had so many characters more.
MAX_INLINE_NAMES: Final = 8
TEXT_CHARACTERS: Final = 50
NOT_EXACT: Final = "the count is an estimate; send estimate: true for it"


class ChatJob(NamedTuple):
    """A chat with the names to count it for, and what is counted so far; `at` is the day of the rules."""

    chat: ChatInput
    names: Sequence[str]
    at: date | None
    memory: TextMemory | None
    counted: dict[str, ChatCount]


class ChatCounting:
    """Counts chats: small ones on the event loop; templates, estimates and large requests in the threads of a pool."""

    def __init__(self, pool: CountingPool) -> None:
        self.pool = pool
        self._efforts: dict[tuple[str, ...], int] = {}

    async def count(
        self, chat: ChatInput, names: Sequence[str], at: date | None, caller: Caller, held_bytes: int = 0
    ) -> list[ChatCount] | Refusal:
        """Return the counts for names of known models, in their order.

        Texts that are too large or cannot be counted are refused. A damaged vocabulary gives no count, nor does a
        model that refuses the request.
        """
        most, number = MAX_COUNTED_TEXTS // max(chat.texts, 1), len(set(names))
        if number > most:
            return TEXT_TOO_LARGE.saying(
                f"models: a chat of {chat.texts} texts can be counted for {most} models in one call."
            )
        job = ChatJob(chat, names, at, {} if number > 1 else None, {})
        try:
            if self._is_small(chat, tuple(names)):
                self._step(job)
            while len(job.counted) < number:
                refusal = await self.pool.run(caller, partial(self._step, job), chat.size_bytes, held_bytes)
                if refusal is not None:
                    return refusal
        except UncountableText as fault:
            return INVALID_REQUEST.saying(f"{chat.shape}: {fault}")
        if tuple(names) not in self._efforts:
            self._note_effort(tuple(names))
        return [job.counted[name] for name in names]

    def _is_small(self, chat: ChatInput, names: tuple[str, ...]) -> bool:
        """Return whether a chat is counted on the event loop: in 1 to 2 ms, as a text is."""
        effort = self._efforts.get(names)
        return effort is not None and (chat.characters + TEXT_CHARACTERS * chat.texts) * effort <= INLINE_EFFORT

    def _note_effort(self, names: tuple[str, ...]) -> None:
        """Keep the effort of models that were counted in a thread, which read their rules and vocabularies.

        Models with templates or estimators are never counted on the event loop.
        """
        registry = self.pool.registry
        if len(names) > MAX_INLINE_NAMES:
            return
        models = [registry.names.resolve(name).model for name in names]
        effort = registry.effort(models) if all(map(self._has_constants, models)) else None
        if effort:
            if len(self._efforts) >= MAX_EFFORTS:
                self._efforts.clear()
            self._efforts[names] = effort

    def _has_constants(self, model: str) -> bool:
        generation, registry = generation_of(model), self.pool.registry
        has_rules = generation is not None and generation.family != "open"
        return has_rules and registry.models[model].vocabulary in registry.vocabularies

    async def numbers(
        self,
        chat: ChatInput,
        names: Sequence[str],
        caller: Caller,
        held_bytes: int = 0,
        at: date | None = None,
        *,
        estimate: bool,
    ) -> list[Count] | Refusal:
        """Return the counts as those of texts, None for an estimate unless estimates are wanted."""
        found = await self.count(chat, names, at, caller, held_bytes)
        return found if isinstance(found, Refusal) else [as_count(each, estimate=estimate) for each in found]

    def refusal(self, chat: ChatInput) -> Refusal | None:
        """Return the refusal of texts that are too large, None for others."""
        texts = partial(request_texts, chat.request)
        return self.pool.text_refusal(chat.characters, texts, f"{chat.shape}: the texts are together")

    def _step(self, job: ChatJob) -> Refusal | None:
        """Count for the next models, at least one, or return a refusal."""
        if not job.counted and (refusal := self.refusal(job.chat)):
            return refusal
        until = time.monotonic() + JOB_SECONDS
        for name in job.names:
            if name not in job.counted:
                job.counted[name] = counted(self.pool.registry, job, name)
                if time.monotonic() >= until:
                    break
        return None


def counted(registry: Registry, job: ChatJob, name: str) -> ChatCount:
    """Return the count for one name; none where the model's template refuses the request. Raise UncountableText."""
    try:
        return count_read(registry, job.chat.request, name, job.chat.host, job.at, job.memory)
    except (BadChatRequest, DamagedVocabulary, UnknownVocabulary) as fault:
        parts = ChatParts(text=Part(None, "none", "", 0, None, (str(fault),)))
        return ChatCount(None, "none", 0, None, parts, name, job.chat.host or "")


def as_count(count: ChatCount, *, estimate: bool) -> Count:
    """Return the number of a chat: None for an estimate unless estimates are wanted."""
    if count.tokens is None or (count.method != "exact" and not estimate):
        return Count(None, count.vocabulary, "none")
    return Count(count.tokens, count.vocabulary, count.method)


def why_unknown(count: ChatCount) -> str:
    """Return why a chat has no number, or none that is exact."""
    if count.tokens is not None:
        return NOT_EXACT
    return "; ".join(count.missing)[:MAX_REASON_CHARACTERS] or "a part has no bounds"


MAX_REASON_CHARACTERS: Final = 1_000

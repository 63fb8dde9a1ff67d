"""Counting without blocking the event loop: small texts inline, large ones in threads, within memory limits."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeVar

from starlette.types import Receive

from service.http.context import InFlight
from service.http.errors import CALLER_GONE, TEXT_TOO_LARGE, UNAVAILABLE, Refusal
from service.runtime.fair_threads import FairThreads, ThreadJob
from tokenizer_registry import Count, Registry, Token, expanded_size


class Caller(NamedTuple):
    """Who asks for work: an account or the address of a visitor; `receive` is that of the request, already read."""

    owner: str
    receive: Receive | None = None

    async def gone(self) -> None:
        """Return when the caller has disconnected."""
        if self.receive is not None:
            while (await self.receive())["type"] != "http.disconnect":
                pass


# For work without an account.
UNNAMED = Caller("")


Answer = TypeVar("Answer")

# Up to this many characters a text is counted inline, in less than 1 ms: a thread would cost more.
INLINE_CHARACTERS = 4_000
# A request up to this size is counted inline: its frame takes time for each of its messages.
INLINE_CALL_CHARACTERS = 2_000
INLINE_CALL_TEXTS = 32
# Characters times effort that are counted inline: 1 to 2 ms, a few more for hostile texts.
INLINE_EFFORT = 40_000
# Lists of models whose efforts are cached; a list of all models has about 1,000 names.
MAX_EFFORTS = 256
# Characters times models above which a count is split over two threads; each of them reads the whole text.
SHARED_CHARACTERS = 50_000_000
# NFKC expands a character to at most 33 UTF-8 bytes (U+FDFA); texts too short to exceed a limit are not measured.
MAX_BYTES_PER_CHARACTER = 33
# Memory of a token with its position while a reply is built; a text has at most about one token a character.
TOKEN_BYTES = 300


@dataclass(frozen=True, slots=True)
class TextLimits:
    """Limits of one text: characters, and UTF-8 bytes after NFKC."""

    characters: int
    expanded_bytes: int


class CountingPool:
    """Counts texts; refuses those above the limits, and work that would exceed the memory for requests."""

    def __init__(self, registry: Registry, limits: TextLimits, in_flight: InFlight, threads: int) -> None:
        self.registry = registry
        self.limits = limits
        self.in_flight = in_flight
        self._max_inline: dict[tuple[str, ...], int] = {}
        self._threads_number = threads
        self._threads = FairThreads(threads)

    async def run(
        self, caller: Caller, work: Callable[[], Answer], size_bytes: int = 0, held_bytes: int = 0
    ) -> Answer | Refusal:
        """Run other long work in one of the threads, when it is the caller's turn.

        The work needs `size_bytes` of memory until it ends; the request already holds `held_bytes`.
        """
        return await self._in_thread(caller, size_bytes, work, held_bytes=held_bytes)

    def text_refusal(self, characters: int, texts: Callable[[], Iterable[str]], what: str) -> Refusal | None:
        """Return the refusal of texts with so many characters that are too large together, None for others.

        `what` names them. Texts near the limit are measured, which takes 2 ms for each 100,000 characters.
        """
        limits = self.limits
        if characters > limits.characters:
            return TEXT_TOO_LARGE.saying(f"{what} longer than {limits.characters} characters.")
        may_exceed = characters * MAX_BYTES_PER_CHARACTER > limits.expanded_bytes
        if may_exceed and sum(map(expanded_size, texts())) > limits.expanded_bytes:
            return TEXT_TOO_LARGE.saying(f"{what} longer than {limits.expanded_bytes} bytes after NFKC.")
        return None

    async def count(
        self,
        text: str,
        models: Sequence[str],
        estimate: bool = False,
        held_bytes: int = 0,
        caller: Caller = UNNAMED,
    ) -> list[Count] | Refusal:
        """Return the counts of `text` for `models`, in their order; `estimate` adds estimates.

        The request already holds `held_bytes`. Raise UncountableText for a lone surrogate.
        """
        if len(text) > self.limits.characters:
            return TEXT_TOO_LARGE.saying(f"input: the text is longer than {self.limits.characters} characters.")
        if not estimate and (counts := self.count_inline(text, tuple(models))) is not None:
            return counts
        if not estimate and self._threads_number > 1 and len(text) * len(models) > SHARED_CHARACTERS:
            return await self._count_in_threads(caller, text, models, held_bytes)
        work = partial(self._measure_and_count, text, models, estimate)
        return await self._in_thread(caller, len(text) * 4, work, held_bytes=held_bytes)

    def count_inline(self, text: str, models: tuple[str, ...]) -> list[Count] | None:
        """Return the counts if the text is small enough to count on the event loop, otherwise None.

        Raise UncountableText.
        """
        limit = self._max_inline.get(models)
        if limit is None:
            limit = self._max_inline_characters(models)
        return self.registry.count(text, models) if len(text) <= limit else None

    async def count_texts(
        self, texts: Sequence[str], vocabulary: str | None, caller: Caller = UNNAMED, *, admitted: bool = False
    ) -> int | Refusal:
        """Return the number of tokens of several texts together; `admitted` work is never refused or dropped.

        Without a vocabulary return an upper bound: the UTF-8 bytes after NFKC. Raise UncountableText.
        """
        characters = sum(map(len, texts))
        if characters > self.limits.characters and not admitted:
            return TEXT_TOO_LARGE.saying(f"The text is longer than {self.limits.characters} characters.")
        work = partial(self._count_texts, texts, vocabulary, None if admitted else self.limits.expanded_bytes)
        if characters <= INLINE_CHARACTERS:
            return work()
        return await self._in_thread(caller, characters * 4, work, admitted=admitted)

    async def count_call(
        self, texts: Sequence[str], work: Callable[[], Answer], caller: Caller = UNNAMED, *, is_short: bool = True
    ) -> Answer | Refusal:
        """Run work that counts a request with these texts, within the limits of one text; on the loop if it is short.

        Raise what the work raises.
        """
        characters = sum(map(len, texts))
        if characters > self.limits.characters:
            return TEXT_TOO_LARGE.saying(f"The text is longer than {self.limits.characters} characters.")
        measured = partial(self._measure_and_run, texts, characters, work)
        if is_short and characters <= INLINE_CALL_CHARACTERS and len(texts) <= INLINE_CALL_TEXTS:
            return measured()
        return await self._in_thread(caller, characters * 4, measured)

    def _measure_and_run(self, texts: Sequence[str], characters: int, work: Callable[[], Answer]) -> Answer | Refusal:
        limit = self.limits.expanded_bytes
        if characters * MAX_BYTES_PER_CHARACTER > limit and sum(map(expanded_size, texts)) > limit:
            return TEXT_TOO_LARGE.saying(f"The text is longer than {limit} bytes after NFKC.")
        return work()

    async def encode(
        self, text: str, vocabulary: str, max_characters: int, held_bytes: int = 0, caller: Caller = UNNAMED
    ) -> list[Token] | Refusal:
        """Return the tokens of a text of at most `max_characters`. Raise UncountableText, DamagedVocabulary."""
        if len(text) > max_characters:
            return TEXT_TOO_LARGE.saying(f"input: the text is longer than {max_characters} characters.")
        work = partial(self._encode, text, vocabulary)
        return await self._in_thread(caller, len(text) * TOKEN_BYTES, work, held_bytes=held_bytes)

    def _encode(self, text: str, vocabulary: str) -> list[Token]:
        return self.registry.vocabulary(vocabulary).tokens(text)

    def _count_texts(self, texts: Sequence[str], vocabulary: str | None, max_bytes: int | None) -> int | Refusal:
        may_exceed = max_bytes is not None and sum(map(len, texts)) * MAX_BYTES_PER_CHARACTER > max_bytes
        if vocabulary is None or may_exceed:
            expanded = sum(map(expanded_size, texts))
            if max_bytes is not None and expanded > max_bytes:
                return TEXT_TOO_LARGE.saying(f"The text is longer than {max_bytes} bytes after NFKC.")
            if vocabulary is None:
                return expanded
        return sum(map(self.registry.vocabulary(vocabulary).count, texts))

    def close(self) -> None:
        """Wait for running counts, then end the threads."""
        self._threads.close()

    async def _count_in_threads(
        self, caller: Caller, text: str, models: Sequence[str], held_bytes: int
    ) -> list[Count] | Refusal:
        """Count in two jobs with half of the vocabularies each, which may run in two threads."""
        halves = [half for half in self.registry.halves(models) if half]
        work = [partial(self._measure_and_count, text, half, False) for half in halves]
        size_bytes = len(text) * 4
        # One request holds all of them, so the bytes of the first job must not cause a refusal of the second.
        jobs = [
            self._in_thread(caller, size_bytes, share, held_bytes=held_bytes + number * size_bytes)
            for number, share in enumerate(work)
        ]
        found: dict[str, Count] = {}
        for half, counts in zip(halves, await asyncio.gather(*jobs), strict=True):
            if isinstance(counts, Refusal):
                return counts
            found |= zip(half, counts, strict=True)
        return [found[model] for model in models]

    async def _in_thread(
        self,
        caller: Caller,
        size_bytes: int,
        work: Callable[[], Answer],
        *,
        held_bytes: int = 0,
        admitted: bool = False,
    ) -> Answer | Refusal:
        sender = caller.owner or None
        if size_bytes and not self.in_flight.take(size_bytes, held_bytes, sender):
            if not admitted:
                return UNAVAILABLE
            size_bytes = 0
        job = self._threads.submit(caller.owner, work, is_charge=admitted)
        if job is None:
            self.in_flight.give_back(size_bytes, sender)
            return UNAVAILABLE
        # A running job goes on when its caller has disconnected, and its bytes are held until it ends.
        job.outcome.add_done_callback(lambda _: self.in_flight.give_back(size_bytes, sender))
        if admitted:
            return await asyncio.shield(job.outcome)
        return await self._outcome(job, caller)

    async def _outcome(self, job: ThreadJob[Answer], caller: Caller) -> Answer | Refusal:
        """Return the result of a job; drop the job if its caller disconnects before it begins."""
        try:
            if not job.has_begun and await self._is_left(job, caller) and self._threads.drop(job):
                return CALLER_GONE
            return await asyncio.shield(job.outcome)
        except asyncio.CancelledError:
            self._threads.drop(job)
            raise

    async def _is_left(self, job: ThreadJob[Answer], caller: Caller) -> bool:
        """Wait until the job is done or its caller disconnects; return whether the caller disconnected first."""
        if caller.receive is None:
            return False
        gone = asyncio.ensure_future(caller.gone())
        try:
            await asyncio.wait((job.outcome, gone), return_when=asyncio.FIRST_COMPLETED)
            return not job.outcome.done()
        finally:
            gone.cancel()

    def _max_inline_characters(self, models: tuple[str, ...]) -> int:
        """Return the length of the longest text to count inline; -1 while a vocabulary is not loaded.

        Loading takes up to 1 s. Vocabularies stay loaded, so other results are cached.
        """
        effort = self.registry.effort(models)
        if effort is None:
            return -1
        if len(self._max_inline) >= MAX_EFFORTS:
            self._max_inline.clear()
        limit = self._max_inline[models] = min(self.limits.characters, INLINE_EFFORT // max(effort, 1))
        return limit

    def _measure_and_count(self, text: str, models: Sequence[str], estimate: bool) -> list[Count] | Refusal:
        limit = self.limits.expanded_bytes
        if len(text) * MAX_BYTES_PER_CHARACTER > limit and expanded_size(text) > limit:
            return TEXT_TOO_LARGE.saying(f"input: the text is longer than {limit} bytes after NFKC.")
        return self.registry.count(text, models, estimate)

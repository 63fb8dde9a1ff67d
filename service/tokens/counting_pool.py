"""Counting without stalling the event loop: small texts inline, large ones in threads, within bounds."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeVar

from starlette.types import Receive

from service.http.errors import CALLER_GONE, TEXT_TOO_LARGE, UNAVAILABLE, Refusal
from service.http.in_flight import InFlight
from service.runtime.fair_threads import FairThreads, ThreadJob
from tokenizer_registry import Count, Registry, Token, expanded_size


class Caller(NamedTuple):
    """Whose turn work takes: an account, or the address of a visitor. `receive` is of a request that is read."""

    owner: str
    receive: Receive | None = None

    async def gone(self) -> None:
        """Return when the caller has hung up."""
        if self.receive is not None:
            while (await self.receive())["type"] != "http.disconnect":
                pass


# For work that concerns no account.
UNNAMED = Caller("")


Answer = TypeVar("Answer")

# A text this small is counted for one vocabulary in well under a millisecond: a thread would cost more.
INLINE_CHARACTERS = 4_000
# Characters times effort: one or two milliseconds, for hostile texts a few more.
INLINE_EFFORT = 40_000
# Lists of models whose efforts are kept; a list of all has a thousand names.
MAX_EFFORTS = 256
# Characters times models from which a count is worth two threads: each of them looks up all words of the text.
SHARED_CHARACTERS = 50_000_000
# NFKC makes at most 33 UTF-8 bytes of one character (U+FDFA), so shorter texts need no look.
MAX_BYTES_PER_CHARACTER = 33
# What a token with its place takes while a reply is made; a character is one token at most times.
TOKEN_BYTES = 300


@dataclass(frozen=True, slots=True)
class TextLimits:
    """What one text may measure."""

    characters: int
    expanded_bytes: int


class CountingPool:
    """Counts texts; refuses those over the limits, and more work in progress than memory should bear."""

    def __init__(self, registry: Registry, limits: TextLimits, in_flight: InFlight, threads: int) -> None:
        self.registry = registry
        self.limits = limits
        self.in_flight = in_flight
        self._most_at_once: dict[tuple[str, ...], int] = {}
        self._threads_number = threads
        self._threads = FairThreads(threads)

    async def run(self, caller: Caller, work: Callable[[], Answer]) -> Answer | Refusal:
        """Do something else that takes long in one of the threads, when it is the caller's turn."""
        return await self._in_thread(caller, 0, work)

    async def count(
        self,
        text: str,
        models: Sequence[str],
        estimate: bool = False,
        held_bytes: int = 0,
        caller: Caller = UNNAMED,
    ) -> list[Count] | Refusal:
        """The counts of `text` for `models`, in their order, with estimates where asked for.

        `held_bytes` is what the request holds in flight already. Raises UncountableText for a lone surrogate.
        """
        if len(text) > self.limits.characters:
            return TEXT_TOO_LARGE.saying(f"input: the text is longer than {self.limits.characters} characters.")
        if not estimate and (counts := self.count_at_once(text, tuple(models))) is not None:
            return counts
        if not estimate and self._threads_number > 1 and len(text) * len(models) > SHARED_CHARACTERS:
            return await self._count_in_threads(caller, text, models, held_bytes)
        work = partial(self._measure_and_count, text, models, estimate)
        return await self._in_thread(caller, len(text) * 4, work, held_bytes=held_bytes)

    def count_at_once(self, text: str, models: tuple[str, ...]) -> list[Count] | None:
        """The counts of a text that is within the limits and takes the event loop no time to speak of; else None.

        Raises UncountableText.
        """
        most = self._most_at_once.get(models)
        if most is None:
            most = self._characters_at_once(models)
        return self.registry.count(text, models) if len(text) <= most else None

    async def count_texts(
        self, texts: Sequence[str], vocabulary: str | None, caller: Caller = UNNAMED, *, admitted: bool = False
    ) -> int | Refusal:
        """The tokens of several texts together; work that is `admitted` already is never refused or dropped.

        Without a vocabulary it is what none exceeds: the bytes of UTF-8 after NFKC. Raises UncountableText.
        """
        characters = sum(map(len, texts))
        if characters > self.limits.characters and not admitted:
            return TEXT_TOO_LARGE.saying(f"The text is longer than {self.limits.characters} characters.")
        work = partial(self._count_texts, texts, vocabulary, None if admitted else self.limits.expanded_bytes)
        if characters <= INLINE_CHARACTERS:
            return work()
        return await self._in_thread(caller, characters * 4, work, admitted=admitted)

    async def encode(
        self, text: str, vocabulary: str, most_characters: int, held_bytes: int = 0, caller: Caller = UNNAMED
    ) -> list[Token] | Refusal:
        """The tokens of a text of at most so many characters. Raises UncountableText, DamagedVocabulary."""
        if len(text) > most_characters:
            return TEXT_TOO_LARGE.saying(f"input: the text is longer than {most_characters} characters.")
        work = partial(self._encode, text, vocabulary)
        return await self._in_thread(caller, len(text) * TOKEN_BYTES, work, held_bytes=held_bytes)

    def _encode(self, text: str, vocabulary: str) -> list[Token]:
        return self.registry.vocabulary(vocabulary).tokens(text)

    def _count_texts(self, texts: Sequence[str], vocabulary: str | None, most_bytes: int | None) -> int | Refusal:
        if vocabulary is None or most_bytes is not None:
            expanded = sum(map(expanded_size, texts))
            if most_bytes is not None and expanded > most_bytes:
                return TEXT_TOO_LARGE.saying(f"The text is longer than {most_bytes} bytes after NFKC.")
            if vocabulary is None:
                return expanded
        return sum(map(self.registry.vocabulary(vocabulary).count, texts))

    def close(self) -> None:
        """Wait for counts under way and end the threads."""
        self._threads.close()

    async def _count_in_threads(
        self, caller: Caller, text: str, models: Sequence[str], held_bytes: int
    ) -> list[Count] | Refusal:
        """The same in two jobs, each with half of the vocabularies, which two threads may do at the same time."""
        halves = [half for half in self.registry.halves(models) if half]
        work = [partial(self._measure_and_count, text, half, False) for half in halves]
        size_bytes = len(text) * 4
        # All of them are held by one request: what the first holds is no reason to refuse the second.
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
        # What has begun goes on when the caller has gone, and its bytes stay in flight until it ends.
        job.outcome.add_done_callback(lambda _: self.in_flight.give_back(size_bytes, sender))
        if admitted:
            return await asyncio.shield(job.outcome)
        return await self._outcome(job, caller)

    async def _outcome(self, job: ThreadJob[Answer], caller: Caller) -> Answer | Refusal:
        """What a job answers. It is dropped if its caller goes before it has begun."""
        try:
            if not job.has_begun and await self._is_left(job, caller) and self._threads.drop(job):
                return CALLER_GONE
            return await asyncio.shield(job.outcome)
        except asyncio.CancelledError:
            self._threads.drop(job)
            raise

    async def _is_left(self, job: ThreadJob[Answer], caller: Caller) -> bool:
        """Wait for a job or until its caller has gone; return whether that came first."""
        if caller.receive is None:
            return False
        gone = asyncio.ensure_future(caller.gone())
        try:
            await asyncio.wait((job.outcome, gone), return_when=asyncio.FIRST_COMPLETED)
            return not job.outcome.done()
        finally:
            gone.cancel()

    def _characters_at_once(self, models: tuple[str, ...]) -> int:
        """The longest text that the event loop counts itself: none while a vocabulary has to be loaded, which takes up
        to a second. What is loaded stays loaded, so a number is kept."""
        effort = self.registry.effort(models)
        if effort is None:
            return -1
        if len(self._most_at_once) >= MAX_EFFORTS:
            self._most_at_once.clear()
        most = self._most_at_once[models] = min(self.limits.characters, INLINE_EFFORT // max(effort, 1))
        return most

    def _measure_and_count(self, text: str, models: Sequence[str], estimate: bool) -> list[Count] | Refusal:
        limit = self.limits.expanded_bytes
        if len(text) * MAX_BYTES_PER_CHARACTER > limit and expanded_size(text) > limit:
            return TEXT_TOO_LARGE.saying(f"input: the text is longer than {limit} bytes after NFKC.")
        return self.registry.count(text, models, estimate)

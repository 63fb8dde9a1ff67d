"""Counting without stalling the event loop: small texts inline, large ones in threads, within bounds."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from service.errors import TEXT_TOO_LARGE, UNAVAILABLE, Refusal
from tokenizer_registry import Count, Registry, expanded_size

Answer = TypeVar("Answer")

# A text this small is counted for one vocabulary in well under a millisecond: a thread would cost more.
INLINE_CHARACTERS = 4_000
# NFKC makes at most 33 UTF-8 bytes of one character (U+FDFA), so shorter texts need no look.
MOST_BYTES_PER_CHARACTER = 33


@dataclass(frozen=True, slots=True)
class TextLimits:
    """What one text and all texts at work may measure."""

    characters: int
    expanded_bytes: int
    bytes_in_flight: int


class CountingPool:
    """Counts texts; refuses those over the limits, and more work at once than memory should bear."""

    def __init__(self, registry: Registry, limits: TextLimits, threads: int) -> None:
        self.registry = registry
        self.limits = limits
        self.bytes_in_flight = 0
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="count")

    async def count(self, text: str, models: Sequence[str]) -> list[Count] | Refusal:
        """The counts of `text` for `models`, in their order. Raises UncountableText for a lone surrogate."""
        if len(text) > self.limits.characters:
            return TEXT_TOO_LARGE.saying(f"input: the text is longer than {self.limits.characters} characters.")
        if len(text) * len(models) <= INLINE_CHARACTERS:
            return self.registry.count(text, models)
        return await self._count_in_thread(text, models)

    async def count_texts(
        self, texts: Sequence[str], vocabulary: str | None, *, admitted: bool = False
    ) -> int | Refusal:
        """The tokens of several texts together; work that is `admitted` already is never refused.

        Without a vocabulary it is what none exceeds: the bytes of UTF-8 after NFKC. Raises UncountableText.
        """
        characters = sum(map(len, texts))
        if characters > self.limits.characters and not admitted:
            return TEXT_TOO_LARGE.saying(f"The text is longer than {self.limits.characters} characters.")
        work = partial(self._count_texts, texts, vocabulary, None if admitted else self.limits.expanded_bytes)
        if characters <= INLINE_CHARACTERS:
            return work()
        return await self._in_thread(characters * 4, work, admitted)

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
        self._threads.shutdown()

    async def _count_in_thread(self, text: str, models: Sequence[str]) -> list[Count] | Refusal:
        return await self._in_thread(len(text) * 4, partial(self._measure_and_count, text, models))

    async def _in_thread(self, size: int, work: Callable[[], Answer], admitted: bool = False) -> Answer | Refusal:
        full = self.bytes_in_flight and self.bytes_in_flight + size > self.limits.bytes_in_flight
        if full and not admitted:
            return UNAVAILABLE
        self.bytes_in_flight += size
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        running.add_done_callback(lambda _: self._release(size))
        return await asyncio.shield(running)

    def _release(self, size: int) -> None:
        self.bytes_in_flight -= size

    def _measure_and_count(self, text: str, models: Sequence[str]) -> list[Count] | Refusal:
        limit = self.limits.expanded_bytes
        if len(text) * MOST_BYTES_PER_CHARACTER > limit and expanded_size(text) > limit:
            return TEXT_TOO_LARGE.saying(f"input: the text is longer than {limit} bytes after NFKC.")
        return self.registry.count(text, models)

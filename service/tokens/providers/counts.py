"""Token counts by providers: cached, limited in time; a failure never fails the request."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Final

import structlog

from service.tokens.providers.endpoints import Asking, CountingProvider, MessageCounter, ProviderFault
from tokenizer_registry import Count, Model

MAX_CACHED: Final = 10_000
MAX_AT_ONCE: Final = 8
# Pause after a failure of a provider, or after it does not know a model.
REST_SECONDS: Final = 30.0
# Statuses caused by the text; others are caused by the provider or the key.
FAULTS_OF_A_TEXT: Final = (400, 413, 422)
UNKNOWN_MODEL: Final = 404

CountQuestion = tuple[str, bytes]


class ProviderCounts:
    """Replaces inexact counts by those of providers. For one event loop."""

    def __init__(
        self,
        providers: Sequence[CountingProvider],
        models: Mapping[str, Model],
        client: Asking,
        *,
        timeout_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._counters = tuple(MessageCounter(provider, client) for provider in providers)
        self._models = models
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._cached: OrderedDict[CountQuestion, int] = OrderedDict()
        self._resting_until: dict[str, float] = {}
        self._places = asyncio.Semaphore(MAX_AT_ONCE)
        self._log = structlog.get_logger("providers")

    async def improve(self, text: str, models: Sequence[str], counts: Sequence[Count]) -> list[Count]:
        """Return the counts, with those of providers that answered in time in place of inexact ones."""
        asked = {
            model: counter
            for model, count in zip(models, counts, strict=True)
            if count.method != "exact" and text and (counter := self._counter_of(model)) is not None
        }
        found = await self._ask_all(text, asked) if asked else {}
        return [
            Count(found[model], None, "provider") if model in found else count
            for model, count in zip(models, counts, strict=True)
        ]

    def _counter_of(self, model: str) -> MessageCounter | None:
        return next((counter for counter in self._counters if counter.provider.serves(self._models[model])), None)

    async def _ask_all(self, text: str, asked: Mapping[str, MessageCounter]) -> dict[str, int]:
        digest = hashlib.sha256(text.encode()).digest()
        found = {model: self._cached[model, digest] for model in asked if (model, digest) in self._cached}
        for model in found:
            self._cached.move_to_end((model, digest))
        tasks = {
            asyncio.create_task(self._ask(counter, model, text, digest)): (counter.provider.name, model)
            for model, counter in asked.items()
            if model not in found and not self._rests(counter.provider.name, model)
        }
        if not tasks:
            return found
        try:
            done, late = await asyncio.wait(tasks, timeout=self._timeout_seconds)
        finally:
            for task in tasks:
                task.cancel()
        counted = {tasks[task]: count for task in done if (count := task.result()) is not None}
        self._rest_silent({tasks[task] for task in late}, {provider for provider, _ in counted})
        return found | {model: count for (_, model), count in counted.items()}

    async def _ask(self, counter: MessageCounter, model: str, text: str, digest: bytes) -> int | None:
        async with self._places:
            if self._rests(counter.provider.name, model):
                return None
            try:
                count = await counter.count(model, text)
            except ProviderFault as fault:
                self._rest(counter.provider.name, model, fault)
                return None
        self._cached[model, digest] = count
        if len(self._cached) > MAX_CACHED:
            self._cached.popitem(last=False)
        return count

    def _rest_silent(self, late: Iterable[tuple[str, str]], answering: Container[str]) -> None:
        """Pause providers that answered for no model of this request in time."""
        for provider, model in late:
            if provider not in answering:
                self._rest(provider, model, ProviderFault(provider, "no answer in time"))

    def _rests(self, provider: str, model: str) -> bool:
        """Return whether the provider is paused, for all models or for this one."""
        now = self._clock()
        return any(now < self._resting_until.get(key, now) for key in (provider, f"{provider} {model}"))

    def _rest(self, provider: str, model: str, fault: ProviderFault) -> None:
        self._log.warning("provider_count_failed", provider=provider, model=model, reason=fault.reason)
        if fault.status in FAULTS_OF_A_TEXT:
            return
        key = f"{provider} {model}" if fault.status == UNKNOWN_MODEL else provider
        self._resting_until[key] = self._clock() + REST_SECONDS

"""Providers' counts within a call: remembered, bounded in time, and never a reason for the call to fail."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Final

import structlog

from service.tokens.providers.endpoints import Asking, CountingProvider, MessageCounter, ProviderFault
from tokenizer_registry import Count, Model

MAX_REMEMBERED: Final = 10_000
MAX_AT_ONCE: Final = 8
# A provider that fails, or does not know a model, is left alone for so long.
REST_SECONDS: Final = 30.0
# These speak of the text or the model; others of the provider or the key.
FAULTS_OF_A_TEXT: Final = (400, 413, 422)
UNKNOWN_MODEL: Final = 404

CountQuestion = tuple[str, bytes]


class ProviderCounts:
    """Fills in providers' counts where there is no exact one. For one event loop."""

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
        self._remembered: OrderedDict[CountQuestion, int] = OrderedDict()
        self._resting_until: dict[str, float] = {}
        self._places = asyncio.Semaphore(MAX_AT_ONCE)
        self._log = structlog.get_logger("providers")

    async def improve(self, text: str, models: Sequence[str], counts: Sequence[Count]) -> list[Count]:
        """The counts, with `provider` ones in place of those that are not exact, where a provider answered in time."""
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
        found = {model: self._remembered[model, digest] for model in asked if (model, digest) in self._remembered}
        for model in found:
            self._remembered.move_to_end((model, digest))
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
        self._remembered[model, digest] = count
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        return count

    def _rest_silent(self, late: Iterable[tuple[str, str]], answering: Container[str]) -> None:
        """One that answers for other models of the same call is not silent: there were many models to ask for."""
        for provider, model in late:
            if provider not in answering:
                self._rest(provider, model, ProviderFault(provider, "no answer in time"))

    def _rests(self, provider: str, model: str) -> bool:
        """Whether the provider is left alone, wholly or for this model."""
        now = self._clock()
        return any(now < self._resting_until.get(key, now) for key in (provider, f"{provider} {model}"))

    def _rest(self, provider: str, model: str, fault: ProviderFault) -> None:
        self._log.warning("provider_count_failed", provider=provider, model=model, reason=fault.reason)
        if fault.status in FAULTS_OF_A_TEXT:
            return
        key = f"{provider} {model}" if fault.status == UNKNOWN_MODEL else provider
        self._resting_until[key] = self._clock() + REST_SECONDS

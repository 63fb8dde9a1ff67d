"""Which chats are counted on the event loop, and which in a thread."""

from collections.abc import Callable
from typing import Any

import pytest

from service.http.context import InFlight
from service.http.errors import Refusal
from service.tokens.chat_counting import MAX_INLINE_NAMES, ChatCounting
from service.tokens.chat_requests import ChatInput, chat_of
from service.tokens.counting_pool import INLINE_EFFORT, UNNAMED, Caller, CountingPool, TextLimits
from tests.tokenizer_registry.chat.recorded_calls import package_registry
from tokenizer_registry.chat.count import count_request


class WatchedPool(CountingPool):
    """A pool that records how many jobs its threads got."""

    jobs = 0

    async def run(self, caller: Caller, work: Callable[[], Any], size_bytes: int = 0, held_bytes: int = 0) -> Any:
        self.jobs += 1
        return await super().run(caller, work, size_bytes, held_bytes)


@pytest.fixture
def pool() -> WatchedPool:
    """Return a pool whose vocabularies are loaded."""
    registry = package_registry()
    vocabularies = {registry.models[model].vocabulary for model in ("gpt-4o", "gemini-2.5-pro", "qwen3-32b")}
    registry.preload([name for name in vocabularies if name is not None])
    return WatchedPool(registry, TextLimits(900_000, 4_000_000), InFlight(64_000_000), threads=1)


def body(text: str, messages: int = 2) -> dict[str, Any]:
    """Return a request with so many messages of a text."""
    return {"messages": [{"role": "user", "content": text}] * messages}


def chat(text: str, messages: int = 2) -> ChatInput:
    """Return the chat of `body`."""
    return chat_of("openai_chat", body(text, messages))


CASES = [
    (chat("a small one"), ["gpt-4o", "gemini-2.5-pro"], 0),
    (chat("a small one"), ["gpt-4o"] * (MAX_INLINE_NAMES + 1), 1),
    (chat("a template takes its time"), ["qwen3-32b"], 1),
    (chat("a reconstruction too"), ["claude-sonnet-4-5"], 1),
    (chat("long " * INLINE_EFFORT), ["gpt-4o"], 1),
    (chat("many", INLINE_EFFORT // 50), ["gpt-4o"], 1),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("given", "models", "jobs"), CASES)
async def test_small_chats_of_rules_are_counted_on_the_event_loop(
    pool: WatchedPool, given: ChatInput, models: list[str], jobs: int
) -> None:
    """Others in a thread, as is the first of each list of models; the counts are the same."""
    counting = ChatCounting(pool)
    assert await counting.count(chat("the first one"), models, None, UNNAMED)
    assert pool.jobs == 1
    found = await counting.count(given, models, None, UNNAMED)
    assert not isinstance(found, Refusal)
    assert pool.jobs == 1 + jobs
    text, messages = given.request.plain_texts[0] or "", len(given.request.turns)
    expected = [count_request(pool.registry, "openai_chat", body(text, messages), model) for model in models]
    assert found == expected
    pool.close()

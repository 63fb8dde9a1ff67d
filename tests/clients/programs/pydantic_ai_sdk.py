"""The scenarios of tests/clients with pydantic-ai."""

import asyncio
from typing import Any

from protocol import (
    AND_NOW,
    API_KEY,
    BASE_URL,
    COUNT,
    DESCRIBE,
    HELLO,
    IDEMPOTENCY,
    MODEL,
    ONCE,
    WARMTH,
    attend,
    temperature,
    total,
)
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

model = OpenAIChatModel(MODEL, provider=OpenAIProvider(base_url=BASE_URL, api_key=API_KEY))


class City(BaseModel):
    """The structured output asked for: a city and its temperature."""

    city: str
    degrees: int


def summed(answer: Any, *runs: Any) -> dict[str, Any]:
    """The result, with the usage of these runs."""
    usages = [run.usage() if callable(run.usage) else run.usage for run in runs]
    return total(answer, sum(usage.input_tokens for usage in usages), sum(usage.output_tokens for usage in usages))


def chat() -> dict[str, Any]:
    """Return the texts of a conversation of two turns, and the usage of both."""
    agent = Agent(model)
    first = agent.run_sync(HELLO)
    second = agent.run_sync(AND_NOW, message_history=first.all_messages())
    return summed([first.output, second.output], first, second)


def tools() -> dict[str, Any]:
    """A tool that the agent runs."""
    done = Agent(model, tools=[temperature]).run_sync(WARMTH)
    return summed(done.output, done)


def stream() -> dict[str, Any]:
    """Return the text of a stream, and its usage."""

    async def streamed() -> dict[str, Any]:
        async with Agent(model).run_stream(COUNT) as run:
            return summed(await run.get_output(), run)

    return asyncio.get_event_loop().run_until_complete(streamed())


def structured() -> dict[str, Any]:
    """A value of a class, by the model's own structured output."""
    done = Agent(model, output_type=NativeOutput(City)).run_sync(DESCRIBE)
    return summed(done.output.model_dump(), done)


def once() -> dict[str, Any]:
    """The same call twice, with one Idempotency-Key."""
    first, second = (Agent(model).run_sync(ONCE, model_settings={"extra_headers": IDEMPOTENCY}) for _ in range(2))
    return summed([first.output, second.output], first)


asyncio.set_event_loop(asyncio.new_event_loop())
attend("pydantic-ai-slim", (chat, tools, stream, structured, once))

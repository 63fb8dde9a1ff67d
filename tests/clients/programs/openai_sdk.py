"""OpenAI's SDK for Python."""

import json
from typing import Any

import openai
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
    TEMPERATURE,
    WARMTH,
    attend,
    result,
    temperature,
)
from pydantic import BaseModel

client = openai.OpenAI(base_url=BASE_URL, api_key=API_KEY)


class City(BaseModel):
    """What a structured answer has."""

    city: str
    degrees: int


def create(messages: list[Any], **more: Any) -> Any:
    """Return the whole answer to a chat, with the options passed on to the SDK."""
    return client.chat.completions.create(model=MODEL, messages=messages, **more)


def chat() -> dict[str, Any]:
    """Two turns; the first answer is sent back as it came."""
    messages: list[Any] = [{"role": "user", "content": HELLO}]
    first = create(messages)
    messages += [first.choices[0].message, {"role": "user", "content": AND_NOW}]
    second = create(messages)
    return result([turn.choices[0].message.content for turn in (first, second)], first.usage, second.usage)


def tools() -> dict[str, Any]:
    """A call of a tool, and its result."""
    messages: list[Any] = [{"role": "user", "content": WARMTH}]
    asked = create(messages, tools=[TEMPERATURE], tool_choice="auto")
    (call,) = asked.choices[0].message.tool_calls
    found = temperature(**json.loads(call.function.arguments))
    messages += [asked.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": found}]
    told = create(messages, tools=[TEMPERATURE])
    return result(told.choices[0].message.content, asked.usage, told.usage)


def stream() -> dict[str, Any]:
    """A stream by the SDK's helper, with usage."""
    options: Any = {"include_usage": True}
    messages: Any = [{"role": "user", "content": COUNT}]
    with client.chat.completions.stream(model=MODEL, messages=messages, stream_options=options) as events:
        done = events.get_final_completion()
    return result(done.choices[0].message.content, done.usage)


def structured() -> dict[str, Any]:
    """Return an answer that was parsed into a `City`, and its usage."""
    messages: Any = [{"role": "user", "content": DESCRIBE}]
    done = client.chat.completions.parse(model=MODEL, messages=messages, response_format=City)
    value = done.choices[0].message.parsed
    assert value is not None
    return result(value.model_dump(), done.usage)


def once() -> dict[str, Any]:
    """The same call twice, with one Idempotency-Key."""
    first, second = (create([{"role": "user", "content": ONCE}], extra_headers=IDEMPOTENCY) for _ in range(2))
    return result([turn.choices[0].message.content for turn in (first, second)], first.usage)


if __name__ == "__main__":
    attend("openai", (chat, tools, stream, structured, once))

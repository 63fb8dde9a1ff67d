"""instructor around OpenAI's SDK: its tools mode asks again with the fault, as a result of the tool."""

from typing import Any

import instructor
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
    WARMTH,
    attend,
    result,
)
from pydantic import BaseModel, field_validator

plain = openai.OpenAI(base_url=BASE_URL, api_key=API_KEY)
by_tools = instructor.from_openai(plain, mode=instructor.Mode.TOOLS)
by_schema = instructor.from_openai(plain, mode=instructor.Mode.JSON_SCHEMA)
faults = ["too cold"]


class City(BaseModel):
    """The structured output asked for: a city and its temperature."""

    city: str
    degrees: int


class Refused(City):
    """A city that is refused once."""

    @field_validator("degrees")
    @classmethod
    def _warm(cls, value: int) -> int:
        if faults:
            raise ValueError(faults.pop())
        return value


def create(messages: list[Any], **more: Any) -> Any:
    """An answer of the patched client, without a class."""
    return by_tools.chat.completions.create(model=MODEL, messages=messages, response_model=None, **more)


def chat() -> dict[str, Any]:
    """Return the texts of a conversation of two turns, and the usage of both."""
    messages: list[Any] = [{"role": "user", "content": HELLO}]
    first = create(messages)
    messages += [first.choices[0].message.model_dump(), {"role": "user", "content": AND_NOW}]
    second = create(messages)
    return result([turn.choices[0].message.content for turn in (first, second)], first.usage, second.usage)


def tools() -> dict[str, Any]:
    """A value by way of a tool; the first one is refused, and asked for again."""
    value, done = by_tools.chat.completions.create_with_completion(
        model=MODEL, messages=[{"role": "user", "content": WARMTH}], response_model=Refused, max_retries=2
    )
    assert not faults
    return result(value.model_dump(), done.usage)


def stream() -> dict[str, Any]:
    """Return the text of a stream, and its usage."""
    text, usages = "", []
    for chunk in create([{"role": "user", "content": COUNT}], stream=True, stream_options={"include_usage": True}):
        text += "".join(choice.delta.content or "" for choice in chunk.choices)
        usages += [chunk.usage] if chunk.usage else []
    return result(text, *usages)


def structured() -> dict[str, Any]:
    """A value by way of a JSON schema."""
    value, done = by_schema.chat.completions.create_with_completion(
        model=MODEL, messages=[{"role": "user", "content": DESCRIBE}], response_model=City
    )
    return result(value.model_dump(), done.usage)


def once() -> dict[str, Any]:
    """The same call twice, with one Idempotency-Key."""
    first, second = (create([{"role": "user", "content": ONCE}], extra_headers=IDEMPOTENCY) for _ in range(2))
    return result([turn.choices[0].message.content for turn in (first, second)], first.usage)


attend("instructor", (chat, tools, stream, structured, once))

"""LiteLLM as a client."""

import json
import os
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # its list of prices would be loaded from the network

import litellm
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

litellm.enable_json_schema_validation = True


class City(BaseModel):
    """What a structured answer has."""

    city: str
    degrees: int


def create(messages: list[Any], **more: Any) -> Any:
    """Return the answer to a chat, with the options passed on to LiteLLM."""
    return litellm.completion(f"openai/{MODEL}", messages, api_base=BASE_URL, api_key=API_KEY, **more)


def chat() -> dict[str, Any]:
    """Two turns; the first answer is sent back as LiteLLM has it."""
    messages: list[Any] = [{"role": "user", "content": HELLO}]
    first = create(messages)
    messages += [first.choices[0].message.model_dump(), {"role": "user", "content": AND_NOW}]
    second = create(messages)
    return result([turn.choices[0].message.content for turn in (first, second)], first.usage, second.usage)


def tools() -> dict[str, Any]:
    """A call of a tool, and its result."""
    messages: list[Any] = [{"role": "user", "content": WARMTH}]
    asked = create(messages, tools=[TEMPERATURE])
    message = asked.choices[0].message
    found = temperature(**json.loads(message.tool_calls[0].function.arguments))
    reply = {"role": "tool", "name": "temperature", "tool_call_id": message.tool_calls[0].id, "content": found}
    told = create([*messages, message.model_dump(), reply], tools=[TEMPERATURE])
    return result(told.choices[0].message.content, asked.usage, told.usage)


def stream() -> dict[str, Any]:
    """A stream, put together by LiteLLM."""
    chunks = list(create([{"role": "user", "content": COUNT}], stream=True, stream_options={"include_usage": True}))
    whole = litellm.stream_chunk_builder(chunks)
    return result(whole.choices[0].message.content, whole.usage)


def structured() -> dict[str, Any]:
    """Return an answer that was parsed into a `City`, and its usage."""
    done = create([{"role": "user", "content": DESCRIBE}], response_format=City)
    return result(json.loads(done.choices[0].message.content), done.usage)


def once() -> dict[str, Any]:
    """The same call twice, with one Idempotency-Key."""
    first, second = (create([{"role": "user", "content": ONCE}], extra_headers=IDEMPOTENCY) for _ in range(2))
    return result([turn.choices[0].message.content for turn in (first, second)], first.usage)


attend("litellm", (chat, tools, stream, structured, once))

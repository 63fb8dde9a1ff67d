"""OpenAI's SDK for Python before llama-cpp-python, which has a form of its own for schemas."""

import json
from typing import Any

from openai_sdk import City, chat, create, once, stream
from protocol import DESCRIBE, TEMPERATURE, WARMTH, attend, result, temperature

FORCED = {"type": "function", "function": {"name": "temperature"}}


def tools() -> dict[str, Any]:
    """A call of a tool that the model has to make, and its result."""
    messages: list[Any] = [{"role": "user", "content": WARMTH}]
    asked = create(messages, tools=[TEMPERATURE], tool_choice=FORCED)
    (call,) = asked.choices[0].message.tool_calls
    found = temperature(**json.loads(call.function.arguments))
    messages += [asked.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": found}]
    told = create(messages)
    return result(told.choices[0].message.content, asked.usage, told.usage)


def structured() -> dict[str, Any]:
    """A value of a class, as llama-cpp-python is asked for it."""
    form: Any = {"type": "json_object", "schema": City.model_json_schema()}
    done = create([{"role": "user", "content": DESCRIBE}], response_format=form, max_tokens=400)
    return result(City.model_validate_json(done.choices[0].message.content).model_dump(), done.usage)


attend("openai", (chat, tools, stream, structured, once))

"""LangChain's ChatOpenAI."""

from typing import Any

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI
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

model = ChatOpenAI(model=MODEL, base_url=BASE_URL, api_key=API_KEY, stream_usage=True)


class City(BaseModel):
    """The structured output asked for: a city and its temperature."""

    city: str
    degrees: int


def summed(answer: Any, *messages: AIMessage) -> dict[str, Any]:
    """The result, with the usage of these messages."""
    usages = [message.usage_metadata for message in messages]
    return total(
        answer, sum(usage["input_tokens"] for usage in usages), sum(usage["output_tokens"] for usage in usages)
    )


def chat() -> dict[str, Any]:
    """Return the texts of a conversation of two turns, and the usage of both."""
    first = model.invoke([HumanMessage(HELLO)])
    second = model.invoke([HumanMessage(HELLO), first, HumanMessage(AND_NOW)])
    return summed([first.content, second.content], first, second)


def tools() -> dict[str, Any]:
    """A call of a bound tool, and its result."""
    able = model.bind_tools([temperature])
    asked = able.invoke([HumanMessage(WARMTH)])
    (call,) = asked.tool_calls
    found = ToolMessage(temperature(**call["args"]), tool_call_id=call["id"], name=call["name"])
    told = able.invoke([HumanMessage(WARMTH), asked, found])
    return summed(told.content, asked, told)


def stream() -> dict[str, Any]:
    """The chunks of a stream, added up as LangChain does."""
    chunks = list(model.stream([HumanMessage(COUNT)]))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    return summed(whole.content, whole)


def structured() -> dict[str, Any]:
    """Return an answer that was parsed into a `City`, and its usage."""
    done = model.with_structured_output(City, include_raw=True).invoke([HumanMessage(DESCRIBE)])
    return summed(done["parsed"].model_dump(), done["raw"])


def once() -> dict[str, Any]:
    """The same call twice, with one Idempotency-Key."""
    first, second = (model.invoke([HumanMessage(ONCE)], extra_headers=IDEMPOTENCY) for _ in range(2))
    return summed([first.content, second.content], first)


attend("langchain-openai", (chat, tools, stream, structured, once))

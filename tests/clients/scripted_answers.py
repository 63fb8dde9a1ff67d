"""What the upstream behind the tried clients says: it repeats the user, calls tools, fills schemas, and reports usage.

Its messages have the empty properties that vLLM and others add: a client sends them back in the next turn.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.fake_upstream import CREATED, DONE, MODEL, Script, chunk, event

VALUES: Mapping[str, Any] = {"city": "Paris", "degrees": 21}
EMPTY = {"refusal": None, "annotations": None, "audio": None, "function_call": None, "reasoning_content": None}
HEAD = {"id": "up-1", "created": CREATED, "model": MODEL}


def answer(body: dict[str, Any]) -> Script:
    """Return the answer to a request, streamed if it asks for that."""
    message, finish = _message(body)
    usage = _usage(body)
    if body.get("stream"):
        return Script([*_chunks(message, finish), _usage_chunk(usage), DONE])
    choice = {"index": 0, "message": {"role": "assistant", **EMPTY, **message}, "finish_reason": finish}
    whole = {**HEAD, "object": "chat.completion", "choices": [choice], "usage": usage}
    return Script([json.dumps(whole).encode()], content_type="application/json")


def _usage(body: dict[str, Any]) -> dict[str, int]:
    """Return a usage that differs from one turn to the next."""
    turns = len(body["messages"])
    prompt, completion = 9 + 3 * turns, 4 + turns
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _message(body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    messages, tools = body["messages"], body.get("tools")
    result = messages[-1]["content"] if messages[-1]["role"] == "tool" else None
    if tools and (result is None or isinstance(body.get("tool_choice"), dict)):
        function = tools[0]["function"]
        call = {"name": function["name"], "arguments": json.dumps(_values(function["parameters"]))}
        calls = [{"id": f"call_{len(messages)}", "type": "function", "function": call}]
        return {"content": None, "tool_calls": calls}, "tool_calls"
    if result is not None:
        return {"content": _warmth(str(result)), "tool_calls": []}, "stop"
    if str((body.get("response_format") or {}).get("type", "")).startswith("json"):
        return {"content": json.dumps(VALUES), "tool_calls": []}, "stop"
    said = [_text(message["content"]) for message in messages if message["role"] == "user"]
    return {"content": " / ".join(said), "tool_calls": []}, "stop"


def _values(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: VALUES[name] for name in schema["properties"]}


def _warmth(result: str) -> str:
    found = re.search(r"\d+", result)
    return f"It is {found[0] if found else 'unknown'} degrees in Paris."


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def _chunks(message: dict[str, Any], finish: str) -> list[bytes]:
    calls = [{"index": index, **call} for index, call in enumerate(message["tool_calls"])]
    words = re.findall(r"\S+\s*", message["content"] or "")
    texts = [chunk({"content": word}) for word in words]
    return [
        chunk({"role": "assistant", "content": ""}),
        *([chunk({"tool_calls": calls})] if calls else texts),
        chunk({}, finish=finish),
    ]


def _usage_chunk(usage: dict[str, int]) -> bytes:
    return event({**HEAD, "object": "chat.completion.chunk", "choices": [], "usage": usage})

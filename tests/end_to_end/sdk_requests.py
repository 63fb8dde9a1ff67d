"""Requests in the wire form of the providers' SDKs."""

import json
from typing import Any

AGENT_TOOLS, HISTORY_CHARACTERS = 20, 100_000


def agent_tools() -> list[dict[str, Any]]:
    """Return tools as a coding agent has them, in Anthropic's form."""
    schema = {
        "type": "object",
        "properties": {
            "file_path": {"type": "string", "description": "The absolute path of the file."},
            "pattern": {"type": "string", "description": "The regular expression to search for."},
            "limit": {"type": "integer", "minimum": 1},
            "mode": {"type": "string", "enum": ["content", "files", "count"]},
            "edits": {"type": "array", "items": {"type": "object", "properties": {"old": {"type": "string"}}}},
        },
        "required": ["file_path"],
        "additionalProperties": False,
        "$schema": "http://json-schema.org/draft-07/schema#",
    }
    return [
        {"name": f"Tool{number}", "description": f"Tool {number} of an agent. " * 30, "input_schema": schema}
        for number in range(AGENT_TOOLS)
    ]


def agent_request(model: str) -> dict[str, Any]:
    """Return a request of a coding agent: system texts with cache marks, tools, and a history of calls and results."""
    cached = {"cache_control": {"type": "ephemeral"}}
    messages: list[dict[str, Any]] = [{"role": "user", "content": [{"type": "text", "text": "Find the fault."}]}]
    while len(json.dumps(messages)) < HISTORY_CHARACTERS:
        use_id = f"toolu_{len(messages)}"
        call = {"type": "tool_use", "id": use_id, "name": "Tool3", "input": {"file_path": "/src/a.py", "limit": 20}}
        result = {"type": "tool_result", "tool_use_id": use_id, "content": [{"type": "text", "text": SOURCE * 8}]}
        messages += [
            {"role": "assistant", "content": [{"type": "text", "text": "I look at the file."}, call]},
            {"role": "user", "content": [result]},
        ]
    messages[-1]["content"][-1] |= cached
    return {
        "model": model,
        "system": [{"type": "text", "text": "You are a coding agent. " * 200, **cached}],
        "messages": messages,
        "tools": agent_tools(),
    }


SOURCE = """def weigh(lorry: Lorry) -> Decimal:
    # Twice: once loaded, once empty.
    return lorry.loaded - lorry.empty
"""

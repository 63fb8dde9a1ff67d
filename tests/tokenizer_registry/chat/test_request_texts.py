"""All texts of a request are found, wherever they stand, and media are none."""

from typing import Any

import pytest

from tokenizer_registry.chat.count import read_request
from tokenizer_registry.chat.request_texts import request_texts

SCHEMA = {"type": "object", "properties": {"PROPERTY": {"type": "string", "enum": ["ENUM"]}}, "description": "SCHEMA"}
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
BODIES: dict[str, Any] = {
    "openai_chat": {
        "messages": [
            {"role": "system", "content": "SYSTEM", "name": "NAME"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "USER"},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
                ],
            },
            {
                "role": "assistant",
                "tool_calls": [
                    {"id": "a", "type": "function", "function": {"name": "CALLED", "arguments": '{"ARGUMENT": 1}'}}
                ],
            },
            {"role": "tool", "tool_call_id": "a", "content": "RESULT"},
        ],
        "tools": [
            {"type": "function", "function": {"name": "TOOL", "description": "DESCRIPTION", "parameters": SCHEMA}}
        ],
        "response_format": {"type": "json_schema", "json_schema": {"name": "FORMAT", "schema": SCHEMA}},
    },
    "anthropic_messages": {
        "system": "SYSTEM",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "USER"}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "THOUGHT"},
                    {"type": "tool_use", "id": "a", "name": "CALLED", "input": {"ARGUMENT": 1}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "RESULT"}]}
                ],
            },
        ],
        "tools": [{"name": "TOOL", "description": "DESCRIPTION", "input_schema": SCHEMA}],
    },
    "gemini_contents": {
        "systemInstruction": {"parts": [{"text": "SYSTEM"}]},
        "contents": [
            {"role": "user", "parts": [{"text": "USER"}, {"inlineData": {"mimeType": "image/png", "data": PNG}}]},
            {"role": "model", "parts": [{"functionCall": {"name": "CALLED", "args": {"ARGUMENT": 1}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "CALLED", "response": {"RESULT": 1}}}]},
        ],
        "tools": [{"functionDeclarations": [{"name": "TOOL", "description": "DESCRIPTION", "parameters": SCHEMA}]}],
    },
}
ALL = ("SYSTEM", "USER", "CALLED", "ARGUMENT", "RESULT", "TOOL", "DESCRIPTION", "PROPERTY", "ENUM", "SCHEMA")
MORE = {"openai_chat": ("NAME", "FORMAT"), "anthropic_messages": ("THOUGHT",), "gemini_contents": ()}


@pytest.mark.parametrize("shape", BODIES)
def test_every_text_is_found(shape: str) -> None:
    """Messages, tools, calls, results and schemas have texts; the bytes of an image are none."""
    found = "\n".join(request_texts(read_request(shape, BODIES[shape])))
    assert [word for word in (*ALL, *MORE[shape]) if word not in found] == []
    assert PNG not in found

"""Requests that a provider would refuse: the error names the place of the fault."""

from typing import Any

import pytest

from tokenizer_registry.chat.count import read_request
from tokenizer_registry.chat.errors import BadChatRequest
from tokenizer_registry.chat.request import MediaBlock, TextBlock, ToolCallBlock, ToolResultBlock, UnknownBlock

FAULTS: list[tuple[str, Any, str, str]] = [
    ("openai_chat", [], "", "must be an object"),
    ("openai_chat", {}, "messages", "is missing"),
    ("openai_chat", {"messages": {}}, "messages", "must be an array"),
    ("openai_chat", {"messages": []}, "messages", "at least one"),
    ("openai_responses", {"input": []}, "input", "at least one"),
    ("anthropic_messages", {"messages": [], "system": "Hi"}, "messages", "at least one"),
    ("gemini_contents", {"contents": []}, "contents", "at least one"),
    ("gemini_contents", {"contents": [{}], "generateContentRequest": {"contents": [{}]}}, "contents", "one of the two"),
    ("bedrock_converse", {"messages": []}, "messages", "at least one"),
    ("openai_chat", {"messages": ["Hi"]}, "messages[0]", "must be an object"),
    ("openai_chat", {"messages": [{"role": "wizard"}]}, "messages[0].role", "must be one of"),
    ("openai_chat", {"messages": [{"content": "Hi"}]}, "messages[0].role", "is missing"),
    ("openai_chat", {"messages": [{"role": "user", "content": 1}]}, "messages[0].content", "must be an array"),
    ("openai_chat", {"messages": [{"role": "user", "content": [{}]}]}, "messages[0].content[0].type", "is missing"),
    (
        "openai_chat",
        {"messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]},
        "messages[0].content[0].text",
        "must be a string",
    ),
    (
        "openai_chat",
        {"messages": [{"role": "user"}], "tools": [{"type": "function"}]},
        "tools[0].function",
        "is missing",
    ),
    (
        "openai_chat",
        {"messages": [{"role": "user"}], "tools": [{"type": "function", "function": {"name": "a", "parameters": []}}]},
        "tools[0].function.parameters",
        "must be an object",
    ),
    ("openai_chat", {"messages": [{"role": "user"}], "tool_choice": "perhaps"}, "tool_choice", "must be auto"),
    (
        "openai_chat",
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "a", "width": 0}}]}]},
        "messages[0].content[0].image_url.width",
        "must be above 0",
    ),
    (
        "openai_chat",
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "a", "height": -1}]}]},
        "messages[0].content[0].height",
        "must be a whole number",
    ),
    ("openai_responses", {"input": 5}, "input", "must be an array"),
    ("openai_responses", {"input": [{"type": "function_call"}]}, "input[0].name", "is missing"),
    ("anthropic_messages", {"messages": [{"role": "tool"}]}, "messages[0].role", "must be one of"),
    (
        "anthropic_messages",
        {"messages": [{"role": "user", "content": [{"type": "image"}]}]},
        "messages[0].content[0].source",
        "is missing",
    ),
    (
        "anthropic_messages",
        {"messages": [{"role": "user"}], "tool_choice": {"type": "most"}},
        "tool_choice.type",
        "must be auto",
    ),
    (
        "anthropic_messages",
        {"messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking_tokens": -1}]}]},
        "messages[0].content[0].thinking_tokens",
        "must be a whole number",
    ),
    ("gemini_contents", {"contents": [{"role": "system"}]}, "contents[0].role", "must be one of"),
    ("gemini_contents", {"contents": [{"parts": [{"text": 1}]}]}, "contents[0].parts[0].text", "must be a string"),
    (
        "gemini_contents",
        {"contents": [{}], "toolConfig": {"functionCallingConfig": {"mode": "MAYBE"}}},
        "toolConfig.functionCallingConfig.mode",
        "must be one of",
    ),
    ("bedrock_converse", {"messages": [{"role": "user"}]}, "messages[0].content", "is missing"),
    ("cohere_chat", {"message": "Hi", "chat_history": [{"role": "X"}]}, "chat_history[0].role", "must be one of"),
]


@pytest.mark.parametrize(("shape", "body", "path", "fault"), FAULTS)
def test_faults_are_named_by_their_place(shape: str, body: Any, path: str, fault: str) -> None:
    """As a path into the JSON, and with what it must be."""
    with pytest.raises(BadChatRequest) as caught:
        read_request(shape, body)
    assert caught.value.path == path
    assert fault in caught.value.fault
    assert str(caught.value).startswith(path or "the request")


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ("openai_chat", {"messages": [{"role": "user", "content": [{"type": "scent"}]}]}),
        ("openai_responses", {"input": [{"type": "telepathy_call"}]}),
        ("anthropic_messages", {"messages": [{"role": "user", "content": [{"type": "scent"}]}]}),
        ("gemini_contents", {"contents": [{"parts": [{"scent": {}}]}]}),
        ("bedrock_converse", {"messages": [{"role": "user", "content": [{"scent": {}}]}]}),
    ],
)
def test_unknown_parts_are_kept_as_unknown(shape: str, body: Any) -> None:
    """They are not errors, since providers add kinds."""
    (turn,) = read_request(shape, body).turns
    assert [type(block) for block in turn.blocks] == [UnknownBlock]


def test_shapes_are_read_into_one_form() -> None:
    """A text, an image with the caller's size, a call and its result in three shapes."""
    openai = {
        "messages": [
            {
                "role": "user",
                "content": ["Hi", {"type": "image_url", "image_url": "http://a/b", "width": 3, "height": 2}],
            },
            {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "1", "content": "Ho"},
        ]
    }
    image = {"type": "image", "source": {"type": "url", "url": "http://a/b", "width": 3, "height": 2}}
    anthropic = {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Hi"}, image]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "Ho"}]},
        ]
    }
    for shape, body in (("openai_chat", openai), ("anthropic_messages", anthropic)):
        blocks = [block for turn in read_request(shape, body).turns for block in turn.blocks]
        text, media, call, result = blocks
        assert text == TextBlock("Hi")
        assert isinstance(media, MediaBlock)
        assert (media.kind, media.width, media.height) == ("image", 3, 2)
        assert isinstance(call, ToolCallBlock)
        assert (call.name, call.id) == ("f", "1")
        assert isinstance(result, ToolResultBlock)
        assert result.blocks == (TextBlock("Ho"),)


def test_gemini_may_be_spelt_either_way() -> None:
    """Both spellings of every property give the same request."""
    camel = {
        "systemInstruction": {"parts": [{"text": "S"}]},
        "contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]}],
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object"}}]}],
        "generationConfig": {"responseMimeType": "application/json", "responseSchema": {"type": "OBJECT"}},
    }
    snake = {
        "system_instruction": {"parts": [{"text": "S"}]},
        "contents": {"parts": {"inline_data": {"mime_type": "image/png", "data": "AA=="}}},
        "tools": {"function_declarations": {"name": "f", "parameters_json_schema": {"type": "object"}}},
        "generation_config": {"response_mime_type": "application/json", "response_schema": {"type": "OBJECT"}},
    }
    first, second = read_request("gemini_contents", camel), read_request("gemini_contents", snake)
    assert [len(turn.blocks) for turn in first.turns] == [len(turn.blocks) for turn in second.turns] == [1, 1]
    assert [(tool.name, tool.parameters) for tool in first.tools] == [
        (tool.name, tool.parameters) for tool in second.tools
    ]
    assert first.response_format is not None
    assert second.response_format is not None
    assert first.response_format.schema == second.response_format.schema

"""Requests that no number is known for, or that are refused: by the HTTP API and by the command alike."""

from typing import Any, Final, NamedTuple

NO_IMAGE: Final = "aGVsbG8="
RECURSIVE: Final = {
    "type": "object",
    "properties": {"a": {"$ref": "#/$defs/N"}},
    "$defs": {"N": {"type": "object", "properties": {"n": {"$ref": "#/$defs/N"}}}},
}
CALL: Final = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
RESULT: Final = {"type": "tool_result", "tool_use_id": "t", "content": "1"}


class BadChat(NamedTuple):
    """A request, and words of what is said of it. `is_refused`: it is a fault of the request, not a gap of ours."""

    name: str
    shape: str
    model: str
    body: dict[str, Any]
    words: str
    is_refused: bool = False


def _asked(content: Any, **others: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}], **others}


def _contents(*parts: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": list(parts)}], **others}


def _picture(url: str) -> dict[str, Any]:
    return _asked([{"type": "image_url", "image_url": {"url": url}}])


def _functions(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "function", "function": {"name": "f", "parameters": schema}}]


_GEMINI_PICTURE: Final = _contents({"inlineData": {"mimeType": "image/png", "data": NO_IMAGE}})
_SIGNED_CLAUDE: Final = {
    "messages": [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "x", "signature": "abc"}, CALL]},
        {"role": "user", "content": [RESULT]},
    ],
    "max_tokens": 1,
}
_SIGNED_GEMINI: Final = {
    "contents": [
        {"role": "user", "parts": [{"text": "a"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "abc"}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"a": 1}}}]},
    ]
}
_SIGNED_GPT: Final = {
    "input": [
        {"role": "user", "content": "a"},
        {"type": "reasoning", "id": "r", "summary": [], "encrypted_content": "abc"},
        {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c"},
        {"type": "function_call_output", "call_id": "c", "output": "1"},
    ]
}
_PLACE: Final = "messages[0].content[0]"
_TEMPLATE: Final = "is not rendered"

BAD_CHATS: Final = [
    BadChat("part", "openai_chat", "gpt-4o", _asked([{"type": "hologram"}]), f"{_PLACE} (hologram)"),
    BadChat("Claude's part", "anthropic_messages", "claude-sonnet-4-5", _asked([{"type": "hologram"}]), "(hologram)"),
    BadChat("Gemini's part", "gemini_contents", "gemini-2.5-flash", _contents({"hologram": {}}), "parts[0] (hologram)"),
    BadChat("item", "openai_responses", "gpt-5", {"input": [{"type": "hologram"}]}, "input[0] (hologram)"),
    BadChat("a template's part", "openai_chat", "qwen3-32b", _asked([{"type": "hologram"}]), f"{_PLACE} (hologram)"),
    BadChat("no size", "openai_chat", "gpt-4o", _picture("https://a.example/b.png"), f"{_PLACE}: width, height"),
    BadChat("no size", "openai_chat", "qwen3.5-27b", _picture("https://a.example/b.png"), f"{_PLACE}: width, height"),
    BadChat("no image", "openai_chat", "gpt-4o", _picture(f"data:image/png;base64,{NO_IMAGE}"), "not a PNG"),
    BadChat("no base64", "openai_chat", "gpt-4o", _picture("data:image/png;base64,!!!!"), "not a PNG"),
    BadChat("no image", "gemini_contents", "gemini-3-pro-preview", _GEMINI_PICTURE, "not a PNG"),
    BadChat("no image of one size", "gemini_contents", "gemini-2.5-flash", _GEMINI_PICTURE, "not a PNG"),
    BadChat("template", "openai_chat", "gpt-4o", _asked("a", chat_template="{{ 1 }}"), _TEMPLATE, True),
    BadChat(
        "template's option",
        "openai_chat",
        "qwen3-32b",
        _asked("a", chat_template_kwargs={"chat_template": "{{ 1 }}"}),
        _TEMPLATE,
        True,
    ),
    BadChat("recursion", "openai_chat", "gpt-4o", _asked("a", tools=_functions(RECURSIVE)), "recursive #/$defs/N"),
    BadChat(
        "recursion",
        "gemini_contents",
        "gemini-2.5-flash",
        _contents({"text": "a"}, tools=[{"functionDeclarations": [{"name": "f", "parametersJsonSchema": RECURSIVE}]}]),
        "recursive #/$defs/N",
    ),
    BadChat("role", "openai_chat", "gpt-4o", {"messages": [{"role": "wizard", "content": "a"}]}, "wizard", True),
    BadChat("role", "anthropic_messages", "gpt-4o", {"messages": [{"role": "wizard", "content": "a"}]}, "wizard", True),
    BadChat("role", "gemini_contents", "gpt-4o", {"contents": [{"role": "wizard", "parts": []}]}, "wizard", True),
    BadChat("signed", "anthropic_messages", "claude-sonnet-4-5", _SIGNED_CLAUDE, "content[0].thinking_tokens"),
    BadChat("signed", "gemini_contents", "gemini-3-pro-preview", _SIGNED_GEMINI, "parts[0].thoughtsTokenCount"),
    BadChat("hidden", "openai_responses", "gpt-5", _SIGNED_GPT, "input[1].thinking_tokens"),
    BadChat(
        "completion", "openai_chat", "gpt-3.5-turbo-instruct", _asked("a"), "continues a text and takes no messages"
    ),
    BadChat("embedding", "openai_chat", "text-embedding-3-small", _asked("a"), "gives the vector of a text"),
]
BAD_NAMES: Final = [f"{bad.name}, {bad.model}, {bad.shape}" for bad in BAD_CHATS]

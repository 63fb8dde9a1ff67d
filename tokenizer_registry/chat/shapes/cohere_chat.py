"""Cohere's first chat API, for logs."""

from typing import Final

from tokenizer_registry.chat.request import CommonRequest, TextBlock, Tool, Turn, UnknownBlock
from tokenizer_registry.chat.shapes.fields import Field

ROLES: Final = {"system": "system", "user": "user", "chatbot": "assistant"}


def read_cohere_chat(body: Field) -> CommonRequest:
    """Return the request in the common form. Raise BadChatRequest."""
    preamble, message = body.get("preamble").optional_text(), body.need("message")
    system = (Turn("system", (TextBlock(preamble),)),) if preamble else ()
    last = Turn("user", (TextBlock(message.text()),))
    return CommonRequest(
        "cohere_chat",
        (*system, *map(_turn, body.get("chat_history").items()), last),
        tuple(Tool(each.need("name").text(), "", None, each.path) for each in body.get("tools").items()),
        missing=tuple(
            f"{name}: what it costs" for name in ("documents", "tool_results", "connectors") if body.has(name)
        ),
    )


def _turn(entry: Field) -> Turn:
    role = entry.need("role")
    if role.text().lower() not in ROLES:
        raise role.fault(f"must be one of {', '.join(sorted(ROLES))}, not {role.value!r}")
    text = TextBlock(entry.need("message").text())
    calls = (UnknownBlock("tool_calls", entry.path),) if entry.has("tool_calls") else ()
    return Turn(ROLES[role.text().lower()], (text, *calls))

"""The chat of a request: the body of a provider's call, in one of the shapes that are known."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from service.http.validation import InvalidRequest, typed
from tokenizer_registry.chat.count import read_request
from tokenizer_registry.chat.errors import BadChatRequest
from tokenizer_registry.chat.request import CommonRequest
from tokenizer_registry.chat.request_texts import text_sizes
from tokenizer_registry.vocabulary import MAX_CHARACTER_BYTES

# The shapes that a request may have; shapes of logs alone are left out.
SHAPES: Final = ("openai_chat", "openai_responses", "anthropic_messages", "gemini_contents")
HOST: Final = "host"
CHAT_PROPERTIES: Final = (*SHAPES, HOST)
MAX_HOST_CHARACTERS: Final = 64
# Characters of a place or a fault, which may quote what was sent.
MAX_SHOWN_CHARACTERS: Final = 300


class ChatInput(NamedTuple):
    """A chat that is valid in its shape, and the host that sells the models if one was named.

    `characters` are those of all its texts together, `texts` how many it has: names and strings of schemas too.
    """

    shape: str
    request: CommonRequest
    host: str | None
    characters: int
    texts: int

    @property
    def size_bytes(self) -> int:
        """Return about how much memory the texts take."""
        return self.characters * MAX_CHARACTER_BYTES


def chat_input(fields: Mapping[str, Any]) -> ChatInput:
    """Return the chat of a request that has exactly one shape. Raise InvalidRequest, which names the place."""
    shapes = [shape for shape in SHAPES if shape in fields]
    if len(shapes) != 1:
        found = " and ".join(shapes) or "none"
        raise InvalidRequest(f"A chat is exactly one of {', '.join(SHAPES)}; this request has {found}.")
    host = typed(fields, HOST, str, "the name of a host") if HOST in fields else None
    if host is not None and not 1 <= len(host) <= MAX_HOST_CHARACTERS:
        raise InvalidRequest(f"host: must have 1 to {MAX_HOST_CHARACTERS} characters, not {len(host)}.")
    return chat_of(shapes[0], fields[shapes[0]], host, f"{shapes[0]}.")


def refuse_input(fields: Mapping[str, Any]) -> None:
    """Raise InvalidRequest for a chat that is sent where a text belongs."""
    if "input" in fields:
        raise InvalidRequest(
            f"input: is for a text; send the body of the provider's request as one of {', '.join(SHAPES)}, "
            f'such as "openai_chat": {{"messages": […]}}.'
        )


def chat_of(shape: str, body: Any, host: str | None = None, prefix: str = "") -> ChatInput:
    """Return the chat of a body. Raise InvalidRequest, which names the place after `prefix`."""
    return as_input(shape, read_shape(shape, body, prefix), host)


def as_input(shape: str, request: CommonRequest, host: str | None = None) -> ChatInput:
    """Return a request in the common form with the size of its texts."""
    return ChatInput(shape, request, host, *text_sizes(request))


def read_shape(shape: str, body: Any, prefix: str = "") -> CommonRequest:
    """Return a body in the common form. Raise InvalidRequest, which names the place after `prefix`."""
    try:
        return read_request(shape, body)
    except BadChatRequest as error:
        path = f"{prefix}{error.path}".rstrip(".") or "The body"
        raise InvalidRequest(f"{path[:MAX_SHOWN_CHARACTERS]}: {error.fault[:MAX_SHOWN_CHARACTERS]}.") from None

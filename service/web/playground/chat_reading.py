"""A typed chat or a pasted request as a chat to count, or the fault with its field."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from service.http.json import NotJson, decode
from service.tokens.chat_requests import MAX_SHOWN_CHARACTERS, SHAPES, ChatInput, as_input
from service.web.playground.draft import MAX_MESSAGES, ROLES, ChatDraft, MessageDraft, PictureDraft
from service.web.playground.json_lines import line_of
from tokenizer_registry.chat.count import read_request
from tokenizer_registry.chat.errors import BadChatRequest
from tokenizer_registry.chat.recognition import shape_of
from tokenizer_registry.chat.shapes.media import MAX_SIDE

SHAPE_NAMES: Final = {
    "openai_chat": "OpenAI Chat Completions",
    "openai_responses": "OpenAI Responses",
    "anthropic_messages": "Anthropic Messages",
    "gemini_contents": "Gemini generateContent",
}
NO_SHAPE: Final = (
    "This is no request of OpenAI (chat or responses), Anthropic or Gemini: it needs messages, input or contents."
)
NO_MESSAGE: Final = {"role": "user", "content": ""}
CONVERSE: Final = "Requests of Bedrock's Converse are not counted here; `weighbridge count --chat` counts them."


class FieldFault(NamedTuple):
    """What is wrong in a field of the form: `messages`, `message`, `tools` or `request`.

    `place` is the number of the message, from 0.
    """

    field: str
    sentence: str
    place: int = 0


class ReadChat(NamedTuple):
    """A chat to count, and its request if that is not the text of the field `request`."""

    chat: ChatInput
    body: Mapping[str, Any] | None = None


class _BadField(Exception):
    """Carries the fault of a field."""

    def __init__(self, fault: FieldFault) -> None:
        super().__init__(fault)
        self.fault = fault


def read_typed_request(text: str) -> ReadChat | FieldFault | None:
    """Return the chat of a pasted request; None if there is none."""
    if not text.strip():
        return None
    try:
        body = _json(text, "request", "The request")
        shape = shape_of(body)
        if shape not in SHAPES:
            return FieldFault("request", CONVERSE if shape else NO_SHAPE)
        return ReadChat(as_input(shape, read_request(shape, body)))
    except _BadField as error:
        return error.fault
    except BadChatRequest as error:
        return FieldFault("request", _placed(text, error.path, error))


def read_typed_chat(draft: ChatDraft) -> ReadChat | FieldFault | None:
    """Return the chat of a draft in OpenAI's shape; None if it has no messages that are not empty."""
    if len(draft.messages) > MAX_MESSAGES:
        return FieldFault(
            "messages", f"A chat has at most {MAX_MESSAGES} messages here: paste a longer one as a request."
        )
    places = [place for place, message in enumerate(draft.messages) if not message.is_empty]
    try:
        tools = _tools(draft.tools) if draft.tools.strip() else []
        # Without messages an empty one stands for them, so that the tools are read for their faults.
        body: dict[str, Any] = {"messages": list(_messages(draft, places)) or [NO_MESSAGE]}
        if tools:
            body["tools"] = tools
        request = read_request("openai_chat", body)
        return ReadChat(as_input("openai_chat", request), body) if places else None
    except _BadField as error:
        return error.fault
    except BadChatRequest as error:
        return _fault_of(draft, places, error)


def _fault_of(draft: ChatDraft, places: list[int], error: BadChatRequest) -> FieldFault:
    head, _, rest = error.path.partition("[")
    number, _, inner = rest.partition("]")
    if head == "tools":
        prefix = "tools" if draft.tools.lstrip().startswith("{") else ""
        path = f"{prefix}[{number}]{inner}"
        return FieldFault("tools", _placed(draft.tools, path, error))
    if head == "messages" and number:
        return FieldFault(
            "message", f"{inner.removeprefix('.')} {error.fault}."[:MAX_SHOWN_CHARACTERS], places[int(number)]
        )
    return FieldFault("messages", f"{error}."[:MAX_SHOWN_CHARACTERS])


def _placed(text: str, path: str, error: BadChatRequest) -> str:
    return f"Line {line_of(text, path)}: {error}."[:MAX_SHOWN_CHARACTERS]


def _json(text: str, field: str, what: str, place: int = 0) -> Any:
    """Return the JSON of a field. Raise _BadField, which names the line."""
    try:
        return decode(text.encode())
    except NotJson as error:
        sentence = str(error).replace("The body", what, 1).replace("JSON: EOF", "JSON: it ends")
        raise _BadField(FieldFault(field, sentence.replace(" at column", " at line 1 column"), place)) from None


def _tools(text: str) -> list[Any]:
    """Return tools as OpenAI's shape has them, from an array, a single tool, or a request's `tools`."""
    value = _json(text, "tools", "The list of tools")
    if isinstance(value, dict):
        value = value.get("tools", [value])
    if not isinstance(value, list):
        raise _BadField(FieldFault("tools", "Tools are a JSON array of functions."))
    return list(map(_tool, value))


def _tool(tool: Any) -> Any:
    """Return a function in OpenAI's shape, from that of Responses or of Anthropic; others unchanged."""
    if not isinstance(tool, dict) or "function" in tool or "name" not in tool:
        return tool
    function = {name: value for name, value in tool.items() if name != "type"}
    if "input_schema" in tool:
        function["parameters"] = function.pop("input_schema")
    elif tool.get("type", "function") != "function":
        return tool
    return {"type": "function", "function": function}


def _messages(draft: ChatDraft, places: list[int]) -> Iterator[dict[str, Any]]:
    """Yield the messages at these places. Results belong to the calls before them, in their order."""
    open_calls: list[str] = []
    made = 0
    for place in places:
        message = draft.messages[place]
        if message.role not in ROLES:
            sentence = f"The role {message.role[:40]!r} is not known: choose {', '.join(ROLES[:-1])} or {ROLES[-1]}."
            raise _BadField(FieldFault("message", sentence, place))
        body: dict[str, Any] = {"role": message.role}
        if message.content or message.pictures:
            body["content"] = _content(message, place)
        if message.calls:
            body["tool_calls"] = list(_calls(message, place, made))
            open_calls += [call["id"] for call in body["tool_calls"]]
            made += len(message.calls)
        if message.role == "tool" and open_calls:
            body["tool_call_id"] = open_calls.pop(0)
        yield body


def _content(message: MessageDraft, place: int) -> str | list[dict[str, Any]]:
    if not message.pictures:
        return message.content
    texts = [{"type": "text", "text": message.content}] if message.content else []
    return [*texts, *({"type": "image_url", "image_url": _size(picture, place)} for picture in message.pictures)]


def _size(picture: PictureDraft, place: int) -> dict[str, int]:
    """Return the sides that were given; the count says what a picture without them lacks."""
    return {
        name: _side(name, value, place)
        for name, value in (("width", picture.width), ("height", picture.height))
        if value
    }


def _side(name: str, value: str, place: int) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) <= len(str(MAX_SIDE)) and 1 <= int(value) <= MAX_SIDE):
        sentence = f"The {name} of a picture is a whole number of pixels from 1 to {MAX_SIDE:,}, not {value[:20]!r}."
        raise _BadField(FieldFault("message", sentence, place))
    return int(value)


def _calls(message: MessageDraft, place: int, made: int) -> Iterator[dict[str, Any]]:
    for number, call in enumerate(message.calls, made + 1):
        if not call.name:
            raise _BadField(FieldFault("message", "A call needs the name of a function.", place))
        arguments = call.arguments.strip() or "{}"
        _json(arguments, "message", f"The argument text of {call.name[:40]}", place)
        # Mistral's templates take ids of nine letters and digits alone.
        yield {
            "id": f"call{number:05}",
            "type": "function",
            "function": {"name": call.name, "arguments": arguments},
        }

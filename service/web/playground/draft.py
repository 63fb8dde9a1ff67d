"""The chat of a form as it was typed: messages with pictures and calls, and the tools as text."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from service.web.forms import WebForm

Item = TypeVar("Item")

ROLES: Final = ("system", "user", "assistant", "tool")
MAX_MESSAGES: Final = 200


@dataclass(frozen=True, slots=True)
class PictureDraft:
    """The size of a picture in pixels, as typed. The picture itself is never sent."""

    width: str = ""
    height: str = ""


@dataclass(frozen=True, slots=True)
class CallDraft:
    """A call of a function that the model made; `arguments` is JSON text."""

    name: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class MessageDraft:
    """One message. An empty one is not counted."""

    role: str = "user"
    content: str = ""
    pictures: tuple[PictureDraft, ...] = ()
    calls: tuple[CallDraft, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to count."""
        return not (self.content or self.pictures or self.calls)


EMPTY_MESSAGES: Final = (MessageDraft("system"), MessageDraft("user"))


@dataclass(frozen=True, slots=True)
class ChatDraft:
    """A chat as typed; a form without messages has two empty ones."""

    messages: tuple[MessageDraft, ...] = EMPTY_MESSAGES
    tools: str = ""

    @property
    def is_empty(self) -> bool:
        """Return whether nothing was typed."""
        return not self.tools and all(message.is_empty for message in self.messages)

    @property
    def characters(self) -> int:
        """Return the number of characters of all texts."""
        calls = (call for message in self.messages for call in message.calls)
        return (
            sum(len(message.content) for message in self.messages)
            + sum(len(call.name) + len(call.arguments) for call in calls)
            + len(self.tools)
        )


@dataclass(slots=True)
class _MessageFields:
    role: str
    content: str = ""
    pictures: list[PictureDraft] = field(default_factory=list)
    calls: list[CallDraft] = field(default_factory=list)

    def take(self, name: str, value: str) -> None:
        """Take over a field; `height` and `arguments` complete the picture or the call before them."""
        match name:
            case "content":
                self.content = value
            case "width":
                self.pictures.append(PictureDraft(value.strip()))
            case "height" if self.pictures:
                self.pictures[-1] = replace(self.pictures[-1], height=value.strip())
            case "call":
                self.calls.append(CallDraft(value.strip()))
            case "arguments" if self.calls:
                self.calls[-1] = replace(self.calls[-1], arguments=value)

    def draft(self) -> MessageDraft:
        return MessageDraft(self.role, self.content, tuple(self.pictures), tuple(self.calls))


def read_draft(form: WebForm) -> ChatDraft:
    """Return the chat of a form. Each field `role` begins a message; the fields up to the next belong to it."""
    messages: list[_MessageFields] = []
    for name, value in form.pairs:
        if name == "role":
            messages.append(_MessageFields(value))
        elif messages:
            messages[-1].take(name, value)
    return ChatDraft(tuple(message.draft() for message in messages) or EMPTY_MESSAGES, form.one("tools"))


def edited(draft: ChatDraft, edit: str) -> ChatDraft:
    """Return the chat after a button was pressed: a word, the place of a message, and that of something in it.

    A place that does not exist changes nothing.
    """
    word, *places = edit.split() or [""]
    if word == "add":
        role = "assistant" if draft.messages and draft.messages[-1].role == "user" else "user"
        return replace(draft, messages=(*draft.messages, MessageDraft(role)))
    numbers = [int(place) for place in places if place.isdecimal() and len(place) < 9]
    if not numbers or numbers[0] >= len(draft.messages):
        return draft
    return replace(draft, messages=_messages_after(draft.messages, word, *numbers))


def _messages_after(
    messages: Sequence[MessageDraft], word: str, place: int, inner: int = 0
) -> tuple[MessageDraft, ...]:
    found, message = list(messages), messages[place]
    match word:
        case "remove":
            del found[place]
        case "up" | "down":
            del found[place]
            found.insert(max(place + (1 if word == "down" else -1), 0), message)
        case "picture":
            found[place] = replace(message, pictures=(*message.pictures, PictureDraft()))
        case "call":
            found[place] = replace(message, calls=(*message.calls, CallDraft()))
        case "drop-picture":
            found[place] = replace(message, pictures=_without(message.pictures, inner))
        case "drop-call":
            found[place] = replace(message, calls=_without(message.calls, inner))
    return tuple(found)


def _without(items: tuple[Item, ...], place: int) -> tuple[Item, ...]:
    return items[:place] + items[place + 1 :]

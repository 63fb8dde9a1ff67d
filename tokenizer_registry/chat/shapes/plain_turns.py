"""Messages that have a role and one text, as most do, read without a field for each value."""

from collections.abc import Callable, Collection
from typing import Any, Final, NamedTuple

from tokenizer_registry.chat.request import TextBlock, Turn
from tokenizer_registry.chat.shapes.fields import Field

# Makes a named tuple of all of its fields, in half the time of its own constructor.
_new: Final = tuple.__new__


class PlainForm(NamedTuple):
    """What plain messages have in a shape: one of these roles, and a text or an array of one part of these types."""

    roles: Collection[str]
    types: Collection[str]


def read_turns(messages: Field, plain: PlainForm, read: Callable[[Field], Turn]) -> tuple[Turn, ...]:
    """Return the turns of an array of messages: plain ones directly, all others by `read`. Raise BadChatRequest."""
    turns: list[Turn] = []
    for place, message in enumerate(messages.array()):
        role = text = None
        if type(message) is dict and len(message) == 2:
            role, text = message.get("role"), message.get("content")
            if type(text) is list and len(text) == 1:
                text = _text_of(text[0], plain.types)
        if type(text) is str and type(role) is str and role in plain.roles:
            block = _new(TextBlock, (text, False, None, ""))
            turns.append(_new(Turn, (role, (block,), None)))
        else:
            turns.append(read(Field(message, messages, place)))
    return tuple(turns)


def _text_of(part: Any, types: Collection[str]) -> Any:
    """Return the text of a part that has a type and a text, None for any other."""
    if type(part) is not dict or len(part) != 2:
        return None
    kind = part.get("type")
    return part.get("text") if type(kind) is str and kind in types else None

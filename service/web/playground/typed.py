"""Everything that a form of the playground may have: a text, a chat and a request, of which one is counted."""

from typing import NamedTuple

from service.web.forms import WebForm
from service.web.playground.choice import CHAT, TEXT
from service.web.playground.draft import ChatDraft, edited, read_draft
from service.web.playground.examples import CHAT_EXAMPLE, REQUEST_EXAMPLE, TEXT_EXAMPLE


class Typed(NamedTuple):
    """What a visitor has typed, for each of the things to count."""

    text: str = ""
    chat: ChatDraft = ChatDraft()
    request: str = ""

    @property
    def call_characters(self) -> int:
        """Return the number of characters of the chat and the request."""
        return self.chat.characters + len(self.request)


def read_typed(form: WebForm, mode: str) -> Typed:
    """Return what was typed, after the button that was pressed: an edit of the chat, or the example of the mode."""
    typed = Typed(form.one("input"), read_draft(form), form.one("request"))
    if edit := form.one("edit"):
        return typed._replace(chat=edited(typed.chat, edit))
    if not form.one("example"):
        return typed
    if mode == TEXT:
        return typed._replace(text=TEXT_EXAMPLE)
    return typed._replace(chat=CHAT_EXAMPLE) if mode == CHAT else typed._replace(request=REQUEST_EXAMPLE)

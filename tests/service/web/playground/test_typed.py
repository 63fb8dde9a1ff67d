"""What a form has for the three things to count, after its button."""

import pytest

from service.web.forms import WebForm
from service.web.playground.examples import CHAT_EXAMPLE, REQUEST_EXAMPLE, TEXT_EXAMPLE
from service.web.playground.typed import Typed, read_typed

PAIRS = [("input", "a"), ("role", "user"), ("content", "bc"), ("request", "{}")]


def test_all_of_a_form_is_kept() -> None:
    """What is typed for one thing stays while another is counted."""
    typed = read_typed(WebForm(PAIRS), "text")
    assert (typed.text, typed.chat.messages[0].content, typed.request) == ("a", "bc", "{}")
    assert typed.call_characters == 4
    assert read_typed(WebForm([]), "chat") == Typed()


@pytest.mark.parametrize("mode", ["text", "chat", "request"])
def test_an_example_replaces_what_is_counted_alone(mode: str) -> None:
    """The example of a mode leaves what was typed for the others."""
    typed = read_typed(WebForm([*PAIRS, ("example", "1")]), mode)
    kept = read_typed(WebForm(PAIRS), mode)
    examples = Typed(TEXT_EXAMPLE, CHAT_EXAMPLE, REQUEST_EXAMPLE)
    changed = {"text": 0, "chat": 1, "request": 2}[mode]
    assert [*typed] == [examples[place] if place == changed else kept[place] for place in range(3)]


def test_an_edit_changes_the_chat() -> None:
    """A button of a message is pressed without scripts."""
    assert len(read_typed(WebForm([*PAIRS, ("edit", "add")]), "chat").chat.messages) == 2

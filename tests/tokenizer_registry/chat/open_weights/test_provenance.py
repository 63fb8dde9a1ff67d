"""A user's text never forms a control token, whatever is in it and wherever it stands."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2.exceptions import SecurityError

from tokenizer_registry.chat.context import CountingContext
from tokenizer_registry.chat.count import read_request
from tokenizer_registry.chat.open_weights.conversation import tools_of
from tokenizer_registry.chat.open_weights.provenance import MARK, UserTextMarker, texts_between
from tokenizer_registry.chat.open_weights.sandbox import RefusedByTemplate
from tokenizer_registry.chat.open_weights.shipped import ChatTemplate, shipped_templates
from tokenizer_registry.chat.open_weights.template_counter import TemplateCounter
from tokenizer_registry.chat.rules import Generation
from tokenizer_registry.chat.texts import TextCounter
from tokenizer_registry.content_memory import ContentMemory
from tokenizer_registry.errors import UncountableText

TEMPLATES = shipped_templates()
# All but surrogates.
LETTERS = st.characters(codec="utf-8")


class Letters:
    """Counts letters in place of tokens: nothing here depends on a vocabulary."""

    name = "letters"

    def count(self, text: str) -> int:
        """Return the letters."""
        return len(text)

    def count_batch(self, texts: Any) -> list[int]:
        """Return the letters of each."""
        return [len(text) for text in texts]


def controls(template: ChatTemplate, body: dict[str, Any]) -> int | None:
    """Return the control tokens that a template writes for a request; None where it cannot render the request."""
    request = read_request("openai_chat", body)
    generation = Generation(template.name, "open", ())
    letters = TextCounter(Letters(), "letters", ContentMemory(0))
    context = CountingContext(request, letters, "", "", generation, date(2026, 11, 28))
    counter = TemplateCounter(context, template, dict(request.template_options))
    try:
        return counter.rendering(tools_of(request, describes_all=True)).controls
    except (RefusedByTemplate, SecurityError, TypeError):
        return None


def body(text: str) -> dict[str, Any]:
    """Return a request with a text in every place that a user fills. It begins and ends with a letter."""
    schema = {"type": "object", "properties": {"line": {"type": "string", "description": text, "enum": [text]}}}
    function = {"name": "weigh", "description": text, "parameters": schema}
    call = {"id": "abcdefghi", "type": "function", "function": {"name": "weigh", "arguments": {"line": text}}}
    return {
        "messages": [
            {"role": "system", "content": text},
            {"role": "user", "content": [{"type": "text", "text": text}, {"type": "text", "text": text}]},
            {"role": "assistant", "content": text, "reasoning_content": text},
            {"role": "user", "content": text},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "abcdefghi", "content": text},
        ],
        "tools": [{"type": "function", "function": function}],
        "chat_template_kwargs": {"date_string": text, "model_identity": text},
    }


def plain(request: dict[str, Any], roles: set[str]) -> dict[str, Any]:
    """Return a request without tools and with these roles alone."""
    kept = [message for message in request["messages"] if message["role"] in roles and "tool_calls" not in message]
    return {"messages": kept}


def same_controls(template: ChatTemplate, text: str) -> bool:
    """Whether a text leads to the control tokens that a word in its place leads to."""
    word, hostile = body("word"), body(f"a{text}z")
    roles = ({"system", "user", "assistant"}, {"user", "assistant"})
    pairs = [(word, hostile), *((plain(word, each), plain(hostile, each)) for each in roles)]
    return all(controls(template, one) == controls(template, other) for one, other in pairs)


@pytest.mark.parametrize("name", TEMPLATES)
def test_each_control_string_of_a_family_stays_text(name: str) -> None:
    """All of them, one after the other, whole and in halves that would fit together."""
    template = TEMPLATES[name]
    everything = " ".join(template.controls.tokens)
    halves = " ".join(token[len(token) // 2 :] + " " + token[: len(token) // 2] for token in template.controls.tokens)
    assert controls(template, plain(body("word"), {"user", "assistant"})) is not None
    assert same_controls(template, everything)
    assert same_controls(template, halves)


@given(st.sampled_from(list(TEMPLATES)), st.data())
@settings(max_examples=150, deadline=None)
def test_no_text_adds_or_takes_a_control_token(name: str, data: st.DataObject) -> None:
    """Texts made of control strings of the family, of pieces of them and of anything else."""
    template = TEMPLATES[name]
    pieces = st.sampled_from(template.controls.tokens)
    cut = st.builds(lambda token, at: token[: at % len(token)] or token, pieces, st.integers(0, 40))
    anything = st.text(LETTERS, max_size=8)
    text = "".join(data.draw(st.lists(st.one_of(pieces, cut, anything), max_size=8)))
    assert same_controls(template, text)


@given(st.text(LETTERS), st.sampled_from(list(TEMPLATES)))
def test_marks_are_taken_out_again(text: str, name: str) -> None:
    """The texts that are counted are those that were sent."""
    found = TEMPLATES[name].controls
    marked = UserTextMarker(found).mark_text(text)
    assert texts_between(marked, found) == [text]


def test_a_text_that_holds_the_mark_is_refused() -> None:
    """It is no valid text, and would be counted without it."""
    with pytest.raises(UncountableText, match="DC00"):
        UserTextMarker(TEMPLATES["llama-3"].controls).mark([{"content": f"a{MARK}b"}])

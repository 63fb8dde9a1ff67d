"""Plain messages are read as all others are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenizer_registry.chat.count import read_request
from tokenizer_registry.chat.errors import BadChatRequest

ROLES = st.sampled_from(["user", "assistant", "system", "developer", "tool", "model", "", 3, None])
PART = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["text", "input_text", "output_text", "other"]),
        "text": st.sampled_from(["a", "", None, 1]),
    }
)
CONTENT = st.one_of(st.text(), st.none(), st.integers(), PART, st.lists(PART, max_size=2))
MESSAGES = st.lists(
    st.one_of(st.fixed_dictionaries({"role": ROLES, "content": CONTENT}), st.text(), st.none()), min_size=1
)


def outcome(shape: str, messages: list[Any]) -> Any:
    """Return the turns, or the fault."""
    body = {"input": messages} if shape == "openai_responses" else {"messages": messages}
    try:
        return read_request(shape, body).turns
    except BadChatRequest as fault:
        return fault.path, fault.fault


@pytest.mark.parametrize("shape", ["openai_chat", "openai_responses", "anthropic_messages"])
@given(messages=MESSAGES)
def test_a_plain_message_is_read_as_one_that_has_an_unknown_property(shape: str, messages: list[Any]) -> None:
    """Which makes it one that is not plain."""
    others = [{**each, "unknown": 1} if isinstance(each, dict) else each for each in messages]
    assert outcome(shape, messages) == outcome(shape, others)


@given(st.lists(st.tuples(ROLES, st.sampled_from(["a", "", None, 1])), min_size=1))
def test_a_plain_content_is_read_as_one_that_has_an_unknown_property(given_turns: list[tuple[Any, Any]]) -> None:
    """The same for Gemini's shape."""

    def read(more: dict[str, Any]) -> Any:
        contents = [{"role": role, "parts": [{"text": text}], **more} for role, text in given_turns]
        try:
            return read_request("gemini_contents", {"contents": contents}).turns
        except BadChatRequest as fault:
            return fault.path, fault.fault

    assert read({}) == read({"unknown": 1})

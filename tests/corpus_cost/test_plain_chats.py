"""The short way for chats of plain texts: the same numbers as whole requests, for any texts and roles."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_cost.chat_counting import ChatCounters
from corpus_cost.plain_chats import chat_model, plain_roles
from corpus_cost.readers.chats import Chat
from tokenizer_registry import Registry
from tokenizer_registry.chat.count import count_request, read_request

REGISTRY = Registry.from_package()
MODELS = [chat_model(REGISTRY, name) for name in ("gpt-4o", "gpt-4", "gpt-5", "o3-mini", "gemini-2.5-pro")]
MESSAGE = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["system", "developer", "user", "assistant"]),
        "content": st.one_of(
            st.text(max_size=30), st.just([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}])
        ),
    },
    optional={"name": st.just("ada")},
)
BODY = st.fixed_dictionaries(
    {"messages": st.lists(MESSAGE, min_size=1, max_size=4)},
    optional={
        "reasoning_effort": st.just("low"),
        "response_format": st.just({"type": "json_object"}),
        "tools": st.just([{"type": "function", "function": {"name": "f"}}]),
    },
)


@settings(max_examples=150, deadline=None)
@given(bodies=st.lists(BODY, min_size=1, max_size=4))
def test_a_tally_has_the_numbers_of_single_requests(bodies: list[dict[str, Any]]) -> None:
    """Tokens, and the sums of exact and estimated chats with their bounds."""
    chats = [Chat(read_request("openai_chat", body), None, 0) for body in bodies]
    found = ChatCounters(REGISTRY, MODELS).count(chats)
    for model in MODELS:
        counts = [count_request(REGISTRY, "openai_chat", body, model.name) for body in bodies]
        exact = [count.tokens or 0 for count in counts if count.method == "exact"]
        guessed = [count for count in counts if count.method == "estimate"]
        assert found[model.key].tokens == [count.tokens for count in counts]
        assert found[model.key].sums == (
            len(exact),
            sum(exact),
            len(guessed),
            sum(count.tokens or 0 for count in guessed),
            sum(count.low for count in guessed),
            sum(count.high or 0 for count in guessed),
        )


@pytest.mark.parametrize(
    ("body", "roles"),
    [
        ({"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": ""}]}, ("system", "user")),
        ({"messages": [{"role": "user", "content": "a", "name": "ada"}]}, None),
        ({"messages": [{"role": "user", "content": "a"}] * 65}, None),
        ({"messages": [{"role": "user", "content": "a"}], "reasoning_effort": "low"}, None),
    ],
)
def test_only_plain_texts_have_the_short_way(body: dict[str, Any], roles: tuple[str, ...] | None) -> None:
    """Anything beside roles and texts is counted as a whole request."""
    assert plain_roles(read_request("openai_chat", body)) == roles

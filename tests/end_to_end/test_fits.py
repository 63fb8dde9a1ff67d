"""`POST /v1/tokens/fits`: which context windows a text fits into."""

from typing import Any

import httpx2
import pytest

from tokenizer_registry import Registry
from tokenizer_registry.facts import value_of

PATH = "/v1/tokens/fits"


def entries(client: httpx2.Client, **fields: Any) -> list[dict[str, Any]]:
    """Return the entries of a successful call."""
    answer = client.post(PATH, json={"input": "a " * 5_000, "type": "text", "models": ["gpt-4", "gpt-4o"], **fields})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def test_each_entry_follows_from_the_count_and_the_facts(client: httpx2.Client) -> None:
    """For the whole catalogue: what fits, and the room that is left, follow from the other numbers of the entry."""
    facts = Registry.from_package().facts
    found = entries(client, models=["*"], output_tokens=1_000)
    assert len(found) == len(facts)
    for entry in found:
        known = facts[entry["model"]]
        tokens, window = entry["token_count"], entry["context_window"]
        assert (window, entry["max_output_tokens"]) == (
            value_of(known.context_window), value_of(known.max_output_tokens)
        )  # fmt: skip
        if tokens is None or window is None:
            assert (entry["fits"], entry["output_room"]) == (None, None)
            continue
        taken = tokens <= min(window, entry["max_input_tokens"] or window)
        room = max(0, min(window - tokens, entry["max_output_tokens"] or window)) if taken else 0
        assert entry["output_room"] == room
        assert entry["fits"] is (taken and room >= 1_000)
    assert {entry["fits"] for entry in found} == {True, False, None}


def test_the_expected_output_counts_too(client: httpx2.Client) -> None:
    """A text that fits alone may leave too little room for the output."""
    (alone,) = entries(client, models=["gpt-4"])
    room = alone["output_room"]
    assert alone["fits"] is True
    assert [entries(client, models=["gpt-4"], output_tokens=output)[0]["fits"] for output in (room, room + 1)] == [
        True,
        False,
    ]


def test_names_are_resolved_and_keep_their_order(client: httpx2.Client) -> None:
    """A name in another spelling stands for its model, and the answer names both."""
    found = entries(client, models=["openai/GPT-4o", "gpt-4"])
    assert [(entry["model"], entry["resolved_model"]) for entry in found] == [
        ("openai/GPT-4o", "gpt-4o"),
        ("gpt-4", "gpt-4"),
    ]


def test_a_large_text_is_counted_off_the_event_loop(client: httpx2.Client) -> None:
    """A text far longer than every small window fits nowhere that is known to be smaller."""
    (small, _) = entries(client, input="a b " * 100_000)
    assert (small["fits"], small["output_room"]) == (False, 0)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"models": ["nobody-1"]}, 'models: unknown model "nobody-1"'),
        ({"models": []}, "models: send 1 to"),
        ({"output_tokens": "many"}, "output_tokens: must be a whole number from 0 to"),
        ({"detail": True}, '"detail" is not a property of this request; it has input, type, models, output_tokens'),
        ({"input": None}, "input: must be a string, not null."),
    ],
)
def test_each_fault_is_named(client: httpx2.Client, changes: dict[str, Any], sentence: str) -> None:
    """One sentence names the property and its value."""
    answer = client.post(PATH, json={"input": "a", "type": "text", "models": ["gpt-4"], **changes})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(sentence)

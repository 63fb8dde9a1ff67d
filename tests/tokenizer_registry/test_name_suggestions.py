"""Suggestions for unknown names."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tokenizer_registry.slow_names import contradictions
from tokenizer_registry.name_suggestions import edit_distance
from tokenizer_registry.names import NameResolver
from tokenizer_registry.registry import Registry


@pytest.fixture(scope="module")
def names(fast: Registry) -> NameResolver:
    """Return the resolver of the shipped catalogue."""
    return fast.names


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("gpt-4p-mini", "gpt-4o-mini"),
        ("gpt-4o-mni", "gpt-4o-mini"),
        ("gpt-4-o-mini", "gpt-4o-mini"),
        ("gpt-oos-120b", "gpt-oss-120b"),
        ("claude-sonet-4-5", "claude-sonnet-4-5"),
        ("anthropic/claude-sonet-4.5", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5-latest", "claude-sonnet-4-5"),
        ("gemini-2.5-flahs", "gemini-2.5-flash"),
        ("deep-seek-r1", "deepseek-r1"),
        ("mistral-lage-latest", "mistral-large-latest"),
        ("text-embeding-3-small", "text-embedding-3-small"),
        ("qwen-2.5-7b", "qwen2.5-7b-instruct"),
        ("gpt-4.5", "gpt-4.5-preview"),
        ("unheard-of/gpt-4o", "gpt-4o"),
    ],
)
def test_a_slip_is_helped(name: str, meant: str, names: NameResolver) -> None:
    assert names.suggest(name) == meant


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("claude-3-opus", "claude-opus-5"),
        ("claude-3.5-sonnet", "claude-sonnet-5"),
        ("claude-4-sonnet", "claude-sonnet-5"),
        ("gemini-pro", "gemini-3.1-pro"),
        ("gemini-1.5-pro-latest", "gemini-pro-latest"),
        ("grok-4-latest", "grok-4.5-latest"),
        ("qwen2.5:7b", "qwen1.5-7b"),
        ("llama3", "llama-30b"),
        ("moonshotai/kimi-k2", "moonshot-v1-8k"),
        ("llama-v3p1-8b-instruct", "codellama-34b-instruct"),
        ("gpt-4.5", "gpt-5.5"),
        ("gpt-image-1", "gpt-neo-125m"),
    ],
)
def test_no_name_leads_to_another_generation(name: str, wrong: str, names: NameResolver) -> None:
    found = names.find(name)
    assert (found.model if found else names.suggest(name)) != wrong


@pytest.mark.parametrize(
    "name",
    [
        *(
            "chatgpt",
            "mistral",
            "claude",
            "gpt",
            "gpt-5-max",
            "gpt-4-mini",
            "gpt-4o-audio-preview",
            "gemini-2.5-flash-preview",
            "gemma-3-270b",
            "gpt-4x",
        ),
        *(
            "llama-3.1-9b",
            "claude-haiku-4-6",
            "claude-3-5-sonnet-20241023",
            "grok-4-fast",
            "ollama/deepseek-r1",
            "gpt-3.5",
        ),
        *("gpt-image-1", "o3-maxi", "x" * 200, "anthropic.", ""),
    ],
)
def test_what_could_mean_another_price_gets_no_suggestion(name: str, names: NameResolver) -> None:
    assert names.suggest(name) is None


@given(
    data=st.data(), at=st.integers(0, 60), letter=st.sampled_from("abcdefghijklmnopqrstuvwxyz"), kind=st.integers(0, 2)
)
def test_a_suggestion_for_a_slip_keeps_generation_and_author(
    data: st.DataObject, at: int, letter: str, kind: int, names: NameResolver, fast: Registry
) -> None:
    model = data.draw(st.sampled_from(sorted(fast.models)))
    at %= len(model)
    changed = model[:at] + ("" if kind == 0 else letter) + model[at + (kind < 2) :]
    suggestion = names.suggest(changed) if names.find(changed) is None else None
    if suggestion is not None and model[at].isalpha():
        assert "version" not in " ".join(contradictions(model, suggestion, fast.models[suggestion].author))


def test_the_distance_counts_single_slips() -> None:
    assert edit_distance("sonnet", "sonnet") == 0
    assert edit_distance("sonet", "sonnet") == 1
    assert edit_distance("flahs", "flash") == 1
    assert edit_distance("mini", "nano") == 3
    assert edit_distance("", "abc") == 3
    assert all(edit_distance(*pair) == edit_distance(*pair[::-1]) for pair in permutations(["mini", "min", "main"], 2))

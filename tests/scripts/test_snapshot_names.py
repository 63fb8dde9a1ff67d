"""Which dated names are taken for snapshots."""

import pytest

from scripts.snapshot_names import azure_snapshots, is_snapshot
from tokenizer_registry.names import NameResolver

MODELS = {"gpt-5.5": None, "gpt-4o": None}


@pytest.mark.parametrize(
    ("name", "plain", "expected"),
    [
        ("anthropic/claude-4.8-opus-20260528", "anthropic/claude-opus-4.8", True),
        ("openai/gpt-5.5-20260423", "openai/gpt-5.5", True),
        ("deepseek/deepseek-v4-flash-20260731", "deepseek/deepseek-v4-flash-0731", True),
        ("deepseek/deepseek-v4-flash-20260423", "deepseek/deepseek-v4-flash-0731", False),
        ("openai/gpt-6-astra-pro-20260903", "openai/gpt-6-astra", False),
        ("google/gpt-5.5-20260423", "openai/gpt-5.5", False),
        ("openai/gpt-5.5", "openai/gpt-5.5", False),
    ],
)
def test_a_snapshot_has_the_words_of_the_plain_name(name: str, plain: str, expected: bool) -> None:
    assert is_snapshot(name, plain) is expected


def test_a_dated_name_at_another_price_is_none() -> None:
    entries = {
        "azure/gpt-5.5": {"input_cost_per_token": 5},
        "azure/gpt-5.5-2026-04-24": {"input_cost_per_token": 5},
        "azure/gpt-4o": {"input_cost_per_token": 2},
        "azure/gpt-4o-2024-05-13": {"input_cost_per_token": 5},
    }
    assert list(azure_snapshots(NameResolver(MODELS), entries)) == [("gpt-5.5-2026-04-24", "gpt-5.5")]

"""Which names of the sources are left out, and for what reason."""

import pytest

from pricing_data.refresh.naming.left_out import read_left_out


@pytest.mark.parametrize(
    ("author", "name", "reason"),
    [
        ("OpenAI", "gpt-image-2", "makes pictures or film"),
        ("Google", "gemini-3.8-live", "hears or speaks"),
        ("Meta", "llama-guard-4-12b", "ranks or moderates"),
        ("Voyage AI", "rerank-3", "ranks or moderates"),
        ("OpenAI", "ft:gpt-4o-mini-2024-07-18", "a customer's fine-tuned model"),
        ("Snowflake", "claude-4-opus", "made by another author"),
        ("xAI", "grok-4.20-multi-agent", "another name of a listed model"),
    ],
)
def test_a_name_that_is_left_out_has_a_reason(author: str, name: str, reason: str) -> None:
    found = read_left_out().reason(author, name)
    assert found is not None
    assert found.startswith(reason)


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("OpenAI", "gpt-oss-safeguard-20b"),
        ("OpenAI", "whisper-1"),
        ("OpenAI", "gpt-5-search-api"),
        ("Google", "gemini-robotics-er-2-preview"),
        ("Snowflake", "snowflake-arctic-instruct"),
        ("xAI", "grok-4.20-multi-agent-0309"),
    ],
)
def test_a_model_that_writes_texts_is_not_left_out(author: str, name: str) -> None:
    assert read_left_out().reason(author, name) is None

"""What an entry of each source states, and what is not believed."""

from datetime import date
from typing import Any

import pytest

from scripts.model_facts.entries import GENAI_PRICES, LITELLM, MODELS_DEV, Edition, Entry
from scripts.model_facts.statements import is_embedding, stated

DAY = date(2026, 1, 2)


def entry(kind: str, of_undated: bool = False, **fields: Any) -> Entry:
    """An entry of a source with these fields."""
    return Entry(Edition("k", kind, f"{kind} 1", DAY), "a/m", "a", "m", fields, of_undated)


def test_models_dev_states_window_input_and_output_apart() -> None:
    found = stated(
        entry(
            MODELS_DEV,
            limit={"context": 400_000, "input": 272_000, "output": 128_000},
            modalities={"input": ["pdf", "image", "text"], "output": ["text"]},
            reasoning=True,
            tool_call=False,
            knowledge="2024-09-30",
            open_weights=False,
        )
    )
    assert found == {
        "context_window": 400_000,
        "max_input_tokens": 272_000,
        "max_output_tokens": 128_000,
        "input_modalities": ("text", "image", "pdf"),
        "output_modalities": ("text",),
        "reasoning": True,
        "tools": False,
        "knowledge_cutoff": "2024-09-30",
        "open_weights": False,
    }


def test_litellm_states_a_number_that_is_the_window_or_a_bound_on_the_input() -> None:
    found = stated(
        entry(
            LITELLM,
            mode="chat",
            max_input_tokens=272_000,
            max_output_tokens="128000",
            supports_vision=True,
            supports_pdf_input=True,
            supports_function_calling=True,
            deprecation_date="2026-12-11",
        )
    )
    assert found == {
        "litellm_input": 272_000,
        "max_output_tokens": 128_000,
        "output_modalities": ("text",),
        "some_inputs": ("text", "image", "pdf"),
        "tools": True,
        "retires": "2026-12-11",
    }


def test_an_embedding_has_no_most_output() -> None:
    found = stated(entry(LITELLM, mode="embedding", max_input_tokens=8_191, max_output_tokens=3_072))
    assert found == {"litellm_input": 8_191, "output_modalities": ("embedding",), "some_inputs": ("text",)}


def test_genai_prices_states_the_window() -> None:
    assert stated(entry(GENAI_PRICES, context_window=200_000, prices=None)) == {"context_window": 200_000}


@pytest.mark.parametrize("size", [0, -1, 1_000_000_000, 8192.5, True, "many", None])
def test_a_size_that_stands_for_not_known_is_left_out(size: object) -> None:
    assert stated(entry(MODELS_DEV, limit={"context": size, "output": size})) == {}
    assert stated(entry(GENAI_PRICES, context_window=size)) == {}


@pytest.mark.parametrize(
    ("output", "expected"),
    [(1_000, {"max_output_tokens": 1_000}), (8_192, {"output_to_window": 8_192}), (9_000, {})],
)
def test_an_output_as_large_as_the_window_is_kept_apart_and_a_larger_one_left_out(
    output: int, expected: dict[str, int]
) -> None:
    found = stated(entry(MODELS_DEV, limit={"context": 8_192, "output": output}))
    assert found == {"context_window": 8_192, **expected}


def test_a_bound_that_is_the_window_is_none() -> None:
    assert stated(entry(MODELS_DEV, limit={"context": 8_192, "input": 8_192})) == {"context_window": 8_192}


@pytest.mark.parametrize("cutoff", ["2024-13", "spring", "2024-02-", 2024, "24-01"])
def test_a_cut_off_of_another_form_is_left_out(cutoff: object) -> None:
    assert stated(entry(MODELS_DEV, knowledge=cutoff)) == {}


def test_a_day_that_is_none_is_left_out() -> None:
    assert "retires" not in stated(entry(LITELLM, deprecation_date="2026-02-30"))


def test_an_undated_name_states_neither_cut_off_nor_last_day_for_its_snapshots() -> None:
    fields = {"knowledge": "2024-09", "reasoning": True}
    assert stated(entry(MODELS_DEV, of_undated=True, **fields)) == {"reasoning": True}


def test_a_model_is_an_embedding_if_all_entries_of_litellm_say_so() -> None:
    embedding, chat, other = entry(LITELLM, mode="embedding"), entry(LITELLM, mode="chat"), entry(MODELS_DEV)
    assert is_embedding([embedding, other])
    assert not is_embedding([embedding, chat])
    assert not is_embedding([other])

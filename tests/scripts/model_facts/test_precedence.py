"""Which statement of a fact counts, and which differences are no disputes."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from scripts.model_facts.entries import GENAI_PRICES, LITELLM, MODELS_DEV, Edition, Entries, Entry
from scripts.model_facts.precedence import Statement, facts_of

DAY = date(2026, 1, 2)
EDITIONS = {
    key: Edition(key, kind, key, DAY)
    for key, kind in (("m1", MODELS_DEV), ("m2", MODELS_DEV), ("l", LITELLM), ("l1", LITELLM), ("g", GENAI_PRICES))
}


def entry(edition: str, seller: str = "own", **fields: Any) -> Entry:
    """An entry of a seller."""
    return Entry(EDITIONS[edition], f"{seller}/x", seller, "x", fields)


def dev(edition: str, context: int, seller: str = "own", **limit: int) -> Entry:
    """An entry of models.dev with these sizes."""
    return entry(edition, seller, limit={"context": context, **limit})


def stated(
    *own: Entry,
    hosts: tuple[Entry, ...] = (),
    author: str = "OpenAI",
    decisions: Mapping[str, Statement] | None = None,
    defaults: Mapping[str, Statement] | None = None,
) -> dict[str, list[tuple[object, str]]]:
    """The values of each fact with the edition and the seller that states them."""
    facts = facts_of(author, Entries(own, hosts), decisions or {}, defaults or {})
    return {
        fact: [(statement.value, statement.source.removesuffix("/x")) for statement in statements]
        for fact, statements in facts.items()
    }


def test_models_dev_comes_before_litellm_and_genai_prices() -> None:
    own = (entry("g", context_window=9), entry("l", max_input_tokens=8), dev("m1", 7))
    assert stated(*own)["context_window"] == [(7, "m1 own"), (8, "l own"), (9, "g own")]


def test_of_each_source_the_newest_edition_that_states_the_fact_counts() -> None:
    own = (entry("m1", reasoning=True), dev("m2", 8), entry("l", mode="chat"), entry("l1", max_input_tokens=8))
    assert stated(*own)["context_window"] == [(8, "m2 own"), (8, "l1 own")]


def test_hosts_count_only_for_what_the_author_does_not_state() -> None:
    found = stated(dev("m1", 8), hosts=(entry("m1", "host", limit={"context": 9}, reasoning=True),))
    assert found["context_window"] == [(8, "m1 own")]
    assert found["reasoning"] == [(True, "m1 host")]


def test_of_hosts_the_value_of_most_counts_and_the_larger_of_equally_many() -> None:
    most = (dev("m1", 8, "a"), dev("m1", 9, "b"), dev("m1", 8, "c"), dev("m1", 8, "d"))
    assert stated(hosts=most)["context_window"] == [(8, "m1 a"), (8, "m1 c"), (9, "m1 b")]
    assert stated(hosts=most[:2])["context_window"] == [(9, "m1 b"), (8, "m1 a")]


def test_a_host_counts_once_a_source_with_its_newest_entry() -> None:
    hosts = (dev("m1", 9, "a"), dev("m2", 8, "a"), dev("m2", 9, "b"))
    assert stated(hosts=hosts)["context_window"] == [(9, "m1 a"), (9, "m2 b")]


def test_of_open_weights_a_hosts_yes_counts_before_any_no() -> None:
    hosts = tuple(entry("m1", name, open_weights=yes) for name, yes in (("a", False), ("b", False), ("c", True)))
    assert stated(hosts=hosts)["open_weights"] == [(True, "m1 c"), (False, "m1 a"), (False, "m1 b")]


def test_a_decision_counts_before_all_and_keeps_what_the_others_state() -> None:
    found = stated(dev("m1", 8), decisions={"context_window": Statement(9, "d page")})
    assert found["context_window"] == [(9, "d page"), (8, "m1 own")]


def test_a_default_counts_after_the_author_and_before_hosts() -> None:
    default = {"context_window": Statement(9, "p page")}
    assert stated(dev("m1", 8), defaults=default)["context_window"] == [(8, "m1 own"), (9, "p page")]
    assert stated(dev("m1", 9), defaults=default)["context_window"] == [(9, "m1 own")]
    found = stated(hosts=(dev("m1", 8, "a"),), defaults=default)
    assert found["context_window"] == [(9, "p page"), (8, "m1 a")]


@pytest.mark.parametrize(
    ("author", "number", "is_bound"),
    [
        ("OpenAI", 272, True),
        ("OpenAI", 300, False),
        ("Alibaba", 300, True),
        ("Alibaba", 100, False),
        ("Anthropic", 400, False),
    ],
)
def test_litellms_number_is_a_bound_if_the_rest_of_the_window_is_the_output(
    author: str, number: int, is_bound: bool
) -> None:
    own = (dev("m1", 400, output=128), entry("l", max_input_tokens=number, max_output_tokens=128))
    found = stated(*own, author=author)
    assert found.get("max_input_tokens", []) == ([(number, "l own")] if is_bound else [])
    assert ((number, "l own") in found["context_window"]) is not is_bound


def test_a_bound_that_models_dev_states_too_is_no_window() -> None:
    own = (dev("m1", 400, input=300, output=50), entry("l", max_input_tokens=300))
    found = stated(*own)
    assert (found["context_window"], found["max_input_tokens"]) == (
        [(400, "m1 own")],
        [(300, "m1 own"), (300, "l own")],
    )


@pytest.mark.parametrize(("number", "is_window"), [(131_072, True), (1_000_000, True), (129_024, False)])
def test_alone_a_number_of_an_author_that_states_bounds_is_a_window_if_it_is_round(
    number: int, is_window: bool
) -> None:
    found = stated(entry("l", max_input_tokens=number), author="Alibaba")
    assert found[("context_window" if is_window else "max_input_tokens")] == [(number, "l own")]
    assert len(found.keys() & {"context_window", "max_input_tokens"}) == 1


def test_an_output_that_repeats_the_window_counts_only_where_no_other_is_stated() -> None:
    repeats, states = dev("m1", 8, output=8), entry("l", max_input_tokens=8, max_output_tokens=4)
    assert stated(repeats)["max_output_tokens"] == [(8, "m1 own")]
    assert stated(repeats, states)["max_output_tokens"] == [(4, "l own")]


def test_an_output_above_the_window_that_counts_is_left_out() -> None:
    hosts = (dev("m1", 8, "a"), dev("m1", 8, "b"), dev("m1", 32, "c", output=16))
    assert "max_output_tokens" not in stated(hosts=hosts)


def test_modalities_that_litellm_lists_one_by_one_differ_only_if_they_are_more() -> None:
    full = entry("m1", modalities={"input": ["text", "image"]})
    less, more = entry("l", supports_vision=False), entry("l", supports_pdf_input=True)
    assert stated(full, less)["input_modalities"] == [(("text", "image"), "m1 own")]
    assert stated(full, more)["input_modalities"][1:] == [(("text", "pdf"), "l own")]
    assert stated(more)["input_modalities"] == [(("text", "pdf"), "l own")]


def test_an_embedding_has_neither_output_nor_abilities() -> None:
    own = (
        entry(
            "m1",
            limit={"context": 8, "output": 4},
            modalities={"output": ["text"]},
            reasoning=False,
            tool_call=False,
        ),
        entry("l", mode="embedding", max_input_tokens=8),
    )
    found = stated(*own)
    assert found == {
        "context_window": [(8, "m1 own"), (8, "l own")],
        "input_modalities": [(("text",), "l own")],
        "output_modalities": [(("embedding",), "l own")],
    }

"""Which entries belong to a model, and whose they are."""

from collections.abc import Mapping
from datetime import date

from pricing_data.refresh.model_rules import ModelRule
from pricing_data.refresh.naming.authors import Author
from scripts.model_facts.entries import (
    GENAI_PRICES,
    LITELLM,
    MODELS_DEV,
    Edition,
    Entries,
    Entry,
    entries_by_model,
    with_undated,
)

DAY = date(2026, 1, 2)
NEW, OLD, LITE, GENAI = (
    Edition(key, kind, key, DAY)
    for key, kind in (("m1", MODELS_DEV), ("m2", MODELS_DEV), ("l", LITELLM), ("g", GENAI_PRICES))
)
AUTHORS = (
    Author("Anthropic", ["anthropic"], ["anthropic"], ["anthropic"], ["anthropic"]),
    Author("Alibaba", ["qwen", "alibaba"], [], ["dashscope"], ["alibaba"], "^qwen"),
)
ROWS = [
    {"author": author, "name": name}
    for author, name in (
        ("Anthropic", "claude-2"),
        ("Anthropic", "claude-2.1"),
        ("Anthropic", "claude-opus-5"),
        ("Alibaba", "qwen3-32b"),
        ("Alibaba", "qwen2.5-7b-instruct"),
    )
]


def entry(edition: Edition, seller: str, id_: str) -> Entry:
    """An entry whose key is that of its source."""
    return Entry(edition, f"{seller}/{id_}", seller, id_, {})


def found(entries: list[Entry], rules: Mapping[str, ModelRule] | None = None) -> dict[str, Entries]:
    """The models with entries."""
    by_model = entries_by_model(ROWS, rules or {}, AUTHORS, entries)
    return {model: entries for model, entries in by_model.items() if entries.own or entries.hosts}


def test_an_entry_is_the_authors_own_or_that_of_a_host() -> None:
    own, host = entry(NEW, "alibaba", "qwen3-32b"), entry(NEW, "groq", "qwen/Qwen3-32B")
    assert found([host, own]) == {"qwen3-32b": Entries([own], [host])}


def test_names_are_the_same_in_another_case_with_hyphens_for_dots_and_with_marks_of_a_host() -> None:
    same = [
        entry(NEW, "alibaba", "qwen2-5-7b-instruct"),
        entry(NEW, "hub", "Qwen/Qwen2.5-7B-Instruct"),
        entry(NEW, "router", "qwen/qwen2.5-7b-instruct:free"),
    ]
    assert found(same) == {"qwen2.5-7b-instruct": Entries(same[:1], same[1:])}


def test_no_entry_is_taken_for_a_like_name() -> None:
    others = ["qwen3-32", "qwen3-32b-fp8", "qwen3-3.2b", "qwen-3-32b", "qwen2.5-72b-instruct", "claude-opus-5-5"]
    assert found([entry(NEW, "alibaba", id_) for id_ in others]) == {}


def test_another_authors_model_of_the_same_name_is_no_entry() -> None:
    assert found([entry(NEW, "hub", "someone/qwen3-32b")]) == {}


def test_an_entry_of_another_name_counts_if_it_has_the_price_of_one_model_alone() -> None:
    shared, single = entry(GENAI, "anthropic", "claude-two"), entry(GENAI, "anthropic", "claude-five")
    rules = {
        name: ModelRule(name, "first_party", {GENAI_PRICES: key})
        for name, key in (
            ("claude-2", "anthropic/claude-two"),
            ("claude-2.1", "anthropic/claude-two"),
            ("claude-opus-5", "anthropic/claude-five"),
        )
    }
    assert found([shared, single], rules) == {"claude-opus-5": Entries([single], [])}


def test_of_one_edition_the_entry_with_the_price_comes_first_and_newer_editions_before() -> None:
    first, priced = entry(LITE, "anthropic", "claude-2.1"), entry(LITE, "anthropic", "anthropic/claude-2.1")
    new, old = entry(NEW, "anthropic", "claude-2.1"), entry(OLD, "anthropic", "claude-2.1")
    rules = {"claude-2.1": ModelRule("claude-2.1", "first_party", {LITELLM: priced.key})}
    assert found([new, old, first, priced], rules)["claude-2.1"].own == [new, old, priced, first]


def test_a_host_that_has_one_size_for_all_is_left_out() -> None:
    assert found([entry(NEW, "cloudflare-ai-gateway", "workers-ai/qwen/qwen3-32b")]) == {}


def test_a_snapshot_has_the_entries_of_its_undated_name_after_its_own() -> None:
    own, dev, lite = (entry(LITE, "a", "x-1"), entry(NEW, "a", "x"), entry(LITE, "a", "x"))
    merged = with_undated(Entries([own], []), Entries([dev, lite], []))
    assert [(item.id, item.of_undated) for item in merged.own] == [("x-1", False), ("x", True)]
    alone = with_undated(Entries(), Entries([dev, lite], []))
    assert [item.edition.key for item in alone.own] == ["m1", "l"]

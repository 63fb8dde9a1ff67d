"""`GET /v1/tokens/models`: the catalogue with facts, and its filters."""

import asyncio
import json
from datetime import date
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from pricing_data import PriceBook
from service.auth.accounts import KeyScope, Principal
from service.http.errors import Refusal
from service.http.responses import Reply
from service.tokens.models import Catalogue
from tests.corpus_cost.made_facts import facts_of, made_facts
from tokenizer_registry import Registry
from tokenizer_registry.facts import Fact, ModelFacts

DAY = date(2026, 11, 21)
CALLER = Principal("account", "name", "key", frozenset({KeyScope.TOKENS}), None, None)
FACTS = {
    "context_window", "max_output_tokens", "input_modalities", "output_modalities", "reasoning", "tools",
    "knowledge_cutoff", "released", "retires", "licence", "open_weights",
    "max_input_tokens",
}  # fmt: skip

filters = st.fixed_dictionaries(
    {},
    optional={
        "author": st.sampled_from(("OpenAI", "Meta", "Google")),
        "open_weights": st.sampled_from(("true", "false")),
        "min_context": st.sampled_from(("0", "8192", "8193", "1000000", "1000001")),
        "modality": st.sampled_from(("text", "image", "audio", "video", "pdf")),
        "priced": st.sampled_from(("true", "false")),
        "q": st.sampled_from(("gpt", "GPT 4o", "meta llama", "no such model", " ")),
        "detail": st.sampled_from(("true", "false")),
    },
)


@pytest.fixture(scope="module")
def registry() -> Registry:
    """The shipped catalogue with made facts."""
    shipped = Registry.from_package()
    shipped.facts = made_facts(shipped.models)
    return shipped


@pytest.fixture(scope="module")
def catalogue(registry: Registry) -> Catalogue:
    """The catalogue with the prices of one day."""
    return Catalogue(registry, PriceBook.from_package(), lambda: DAY)


def answer(catalogue: Catalogue, **query: str) -> Reply | Refusal:
    """Return the answer to a query."""
    return asyncio.run(catalogue.list_models({"query_string": urlencode(query).encode()}, _receive, CALLER))


async def _receive() -> Message:
    raise AssertionError("a list has no body")


def listed(catalogue: Catalogue, **query: str) -> list[dict[str, Any]]:
    """Return the entries of a list."""
    found = answer(catalogue, **query)
    assert isinstance(found, Reply)
    entries: list[dict[str, Any]] = json.loads(found.body)
    return entries


@given(query=filters)
def test_filters_agree_with_what_the_entries_say(catalogue: Catalogue, query: dict[str, str]) -> None:
    """A list has exactly the entries of the whole list that meet every filter, in the same order."""
    every = listed(catalogue, detail="true")
    words = query.get("q", "").lower().split()
    wanted = [
        entry["name"]
        for entry in every
        if query.get("author") in (None, entry["author"])
        and ("open_weights" not in query or entry["open_weights"] is (query["open_weights"] == "true"))
        and (entry["context_window"] or 0) >= int(query.get("min_context", "0"))
        and ("modality" not in query or query["modality"] in (entry["input_modalities"] or []))
        and ("priced" not in query or (entry["price_per_input_token"] is not None) is (query["priced"] == "true"))
        and all(word in f"{entry['name']} {entry['display_name']} {entry['author']}".lower() for word in words)
    ]
    assert [entry["name"] for entry in listed(catalogue, **query)] == wanted


def test_facts_are_plain_values_with_their_sources_beside_them(registry: Registry, catalogue: Catalogue) -> None:
    """Each fact is a plain value or null; `facts` has the source, the state and differing values of known ones."""
    disputed = Fact(200_000, "litellm 1.80.0", "disputed", DAY, (("genai-prices 0.2.3", 128_000),))
    known = {**registry.facts, "gpt-4o": ModelFacts(context_window=disputed, knowledge_cutoff=None)}
    registry_of_one = Registry(registry.models.values(), registry.vocabularies.values(), registry.vocabularies_folder)
    registry_of_one.facts = known | {"gpt-4": facts_of(released=DAY, input_modalities=("text", "image"))}
    shown = Catalogue(registry_of_one, PriceBook.from_package(), lambda: DAY)
    (entry,) = listed(shown, name="gpt-4o", detail="true")
    assert entry["context_window"] == 200_000
    assert {name: entry[name] for name in FACTS - {"context_window"}} == dict.fromkeys(FACTS - {"context_window"})
    assert entry["facts"] == {
        "context_window": {
            "source": "litellm 1.80.0",
            "state": "disputed",
            "recorded_at": "2026-11-21",
            "others": [{"source": "genai-prices 0.2.3", "value": 128_000}],
        }
    }
    (other,) = listed(shown, name="gpt-4", detail="true")
    assert (other["released"], other["input_modalities"]) == ("2026-11-21", ["text", "image"])


def test_without_detail_an_entry_has_four_properties(catalogue: Catalogue) -> None:
    """A filter changes which entries are listed, never what they are."""
    for entry in listed(catalogue, priced="true", q="gpt"):
        assert list(entry) == ["author", "name", "display_name", "price_per_input_token"]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"open_weights": "yes"}, 'open_weights: must be true or false, not "yes".'),
        ({"priced": ""}, 'priced: must be true or false, not "".'),
        ({"detail": "1"}, 'detail: must be true or false, not "1".'),
        ({"min_context": "128k"}, 'min_context: must be a whole number of tokens, not "128k".'),
        ({"min_context": "-1"}, 'min_context: must be a whole number of tokens, not "-1".'),
        ({"min_context": "٣"}, 'min_context: must be a whole number of tokens, not "\\u0663".'),
        (
            {"modality": "embedding"},
            'modality: must be an input of models, one of text, image, audio, video, pdf, not "embedding".',
        ),
        ({"context": "1"}, '"context" is not a parameter of this path; it has author, name, detail'),
    ],
)
def test_an_unknown_value_is_named(catalogue: Catalogue, query: dict[str, str], sentence: str) -> None:
    """One sentence names the parameter and the value."""
    found = answer(catalogue, **query)
    assert isinstance(found, Refusal)
    assert found.status == 400
    assert found.message.startswith(sentence)


def test_a_name_and_its_author_must_agree(catalogue: Catalogue) -> None:
    """A known model of another author is a 404, and one that a filter leaves out is an empty list."""
    found = answer(catalogue, name="gpt-4o", author="Meta")
    assert isinstance(found, Refusal)
    assert found.status == 404
    assert listed(catalogue, name="gpt-4o", q="llama") == []

"""`POST /v1/tokens/cheapest`: models by the exact cost of a call, over HTTP."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from corpus_cost.cheapest import CheapestQuery, cheapest
from pricing_data import PriceBook
from pricing_data.usage import Terms
from tokenizer_registry import Registry

PATH = "/v1/tokens/cheapest"
TEXT = "Each lorry is weighed twice: once loaded, once empty."
BODY = {"input": TEXT, "type": "text"}
DAY = "2026-11-01"


def body(answer: httpx2.Response) -> Any:
    """Return the answer's JSON, with exact numbers."""
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_float=Decimal)


def test_the_answer_is_that_of_the_library(client: httpx2.Client) -> None:
    """Models, counts and costs equal those of the library, for the terms of the request."""
    answer = client.post(PATH, json={**BODY, "output_tokens": 500, "as_of": DAY, "max_results": 1_000})
    found = body(answer)
    terms = Terms(datetime.fromisoformat(DAY).date())
    ranking = cheapest(Registry.from_package(), PriceBook.from_package(), TEXT, CheapestQuery(terms, 500))
    assert [(each["model"], each["token_count"], each["cost"]) for each in found["models"]] == [
        (each.model, each.counted.tokens, each.usd) for each in ranking.models
    ]
    assert found["found"] == len(ranking.models) > 200
    assert sum(entry["count"] for entry in found["left_out"]) == len(ranking.left_out)
    assert answer.headers["x-pricing-version"] == found["pricing_version"]
    assert (found["at"], found["service_tier"], found["output_tokens"]) == (DAY, "standard", 500)


def test_an_entry_has_its_lines_and_its_method(client: httpx2.Client) -> None:
    """Each entry says how it was counted, what each rate charges and which row states the rates."""
    found = body(client.post(PATH, json={**BODY, "output_tokens": 500, "as_of": DAY, "authors": ["OpenAI"]}))
    assert len(found["models"]) == 20
    for entry in found["models"]:
        assert entry["author"] == "OpenAI"
        assert (entry["method"], entry["token_count"] > 0) == ("exact", True)
        assert [line["unit"] for line in entry["lines"]] == ["input", "output"]
        assert sum(line["amount"] for line in entry["lines"]) == entry["cost"]
        assert entry["row"].startswith(f"{entry['model']}@")


def test_estimates_are_let_in_and_labelled(client: httpx2.Client) -> None:
    """With `exactness: estimate` models without a public vocabulary are ranked too, with their error band."""
    asked = {**BODY, "authors": ["Anthropic", "OpenAI"], "max_results": 1_000}
    exact = body(client.post(PATH, json=asked))
    both = body(client.post(PATH, json={**asked, "exactness": "estimate"}))
    assert {entry["method"] for entry in exact["models"]} == {"exact"}
    estimated = [entry for entry in both["models"] if entry["method"] == "estimate"]
    assert len(both["models"]) > len(exact["models"])
    assert all(entry["estimate_error"]["low"] < 0 and entry["vocabulary"] is None for entry in estimated)


def test_those_left_out_are_listed_on_request(client: httpx2.Client) -> None:
    """A few models are named for each reason; `list_left_out` names all of them."""
    some = body(client.post(PATH, json={**BODY, "authors": ["Meta"]}))["left_out"]
    every = body(client.post(PATH, json={**BODY, "authors": ["Meta"], "list_left_out": True}))["left_out"]
    assert [(entry["reason"], entry["count"]) for entry in some] == [
        (entry["reason"], entry["count"]) for entry in every
    ]
    for few, all_of_them in zip(some, every, strict=True):
        assert few["models"] == all_of_them["models"][:5]
        assert len(all_of_them["models"]) == all_of_them["count"]
        assert all(entry["why"] for entry in all_of_them["models"])


def test_nothing_fits_is_an_empty_list(client: httpx2.Client) -> None:
    """If no model meets the constraints, the answer says why each is left out."""
    found = body(client.post(PATH, json={**BODY, "min_context": 1_000_000_000}))
    assert (found["found"], found["models"]) == (0, [])
    assert sum(entry["count"] for entry in found["left_out"]) > 1_000


def test_a_large_text_is_counted(client: httpx2.Client) -> None:
    """A text far beyond those that are counted on the event loop is ranked too; one above the limits is a 413."""
    found = body(client.post(PATH, json={**BODY, "input": "a b " * 50_000, "authors": ["OpenAI"]}))
    assert found["models"][0]["token_count"] > 90_000
    assert client.post(PATH, json={**BODY, "input": "a" * 900_001}).status_code == 413


TOMORROW = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"models": ["gpt-4o"]}, '"models" is not a property of this request; it has input, type'),
        ({"openai_chat": {}}, '"openai_chat" is not a property of this request'),
        ({"type": "image"}, 'type: "image" is not known; the types are "text" and "chat".'),
        ({"input": 5}, "input: must be a string, not 5."),
        ({"output_tokens": -1}, "output_tokens: must be a whole number from 0 to 1,000,000,000, not -1."),
        ({"output_tokens": True}, "output_tokens: must be a whole number from 0 to 1,000,000,000, not true."),
        ({"min_context": 0}, "min_context: must be a whole number from 1 to"),
        ({"authors": []}, "authors: send 1 to 1000 names, not 0."),
        ({"authors": ["OpenAl"]}, 'authors: there is no author "OpenAl". Did you mean OpenAI?'),
        ({"authors": [["OpenAI"]]}, "authors: a list is not the name of an author; names are strings."),
        ({"open_weights": "yes"}, 'open_weights: must be true or false, not "yes".'),
        ({"modality": "smell"}, 'modality: must be one of text, image, audio, video, pdf, not "smell".'),
        ({"exactness": "rough"}, 'exactness: must be one of exact, estimate, not "rough".'),
        ({"as_of": TOMORROW}, f"as_of: {TOMORROW} is not over yet; the newest prices are of"),
        ({"as_of": "today"}, 'as_of: must be a date such as "2026-01-31", not "today".'),
        ({"service_tier": "slow"}, 'service_tier: "slow" is not a known tier; there are'),
        ({"region": 5}, "region: must be the name of a region, not 5."),
        ({"max_results": 1_001}, "max_results: must be a whole number from 1 to 1,000, not 1001."),
        ({"list_left_out": None}, "list_left_out: must be true or false, not null."),
    ],
)
def test_each_fault_is_named(client: httpx2.Client, changes: dict[str, Any], sentence: str) -> None:
    """One sentence names the property and its value."""
    answer = client.post(PATH, json={**BODY, **changes})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(sentence)


def test_the_body_must_be_an_object(client: httpx2.Client) -> None:
    """A list, and an object without the text, are refused."""
    assert client.post(PATH, json=[]).json()["message"] == "The body must be a JSON object with input and type."
    assert client.post(PATH, json={"type": "text"}).json()["message"] == "input: this property is missing."


def test_a_key_is_needed(client: httpx2.Client) -> None:
    """The path is a call of the token API: without a key it is refused, and with one it counts."""
    assert httpx2.post(client.base_url.join(PATH), json=BODY).status_code == 400
    assert client.post(PATH, json=BODY).headers["X-Rate-Limit-Total-Calls"] == "100000"

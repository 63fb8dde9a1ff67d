"""`GET /v1/models?format=openrouter`: what an editor reads of the gateway's model."""

from typing import Any

import pytest

from service.gateway.openrouter_models import openrouter_list
from service.gateway.request import RULES
from service.runtime.settings import Settings
from tests.corpus_cost.made_facts import facts_of
from tests.service.gateway.served_gateway import Caller, Gateway
from tokenizer_registry.facts import NO_FACTS, ModelFacts

PATH = "/v1/models?format=openrouter"


def entry(facts: ModelFacts = NO_FACTS, **settings: Any) -> dict[str, Any]:
    """Return the one entry of the list, for these facts of the upstream's model and these settings."""
    listed: Any = openrouter_list(Settings.model_validate(settings), facts, 1)
    (found,) = listed["data"]
    return found  # type: ignore[no-any-return]


def test_the_properties_are_openrouters(gateway: Gateway, caller: Caller) -> None:
    """The list has the one model that can be called, and the upstream's name is nowhere in it."""
    answer = caller.http.get(PATH)
    (model,) = answer.json()["data"]
    assert (model["id"], model["name"], model["created"]) == ("cipher", "cipher", 1716900000)
    assert {"context_length", "architecture", "pricing", "top_provider", "supported_parameters"} <= set(model)
    assert set(model["architecture"]) >= {"modality", "input_modalities", "output_modalities", "tokenizer"}
    assert set(model["top_provider"]) == {"context_length", "max_completion_tokens", "is_moderated"}
    assert gateway.upstream.url not in answer.text
    assert caller.http.get("/v1/models?format=other").json()["error"]["message"] == (
        'format: must be openrouter, or missing, not "other".'
    )
    assert caller.http.get(f"{PATH}&format=other").status_code == 400
    assert caller.http.get("/v1/models").json()["object"] == "list"


def test_what_is_not_known_is_null() -> None:
    """Without facts of the upstream's model there is no context; rupees are no price in USD."""
    found = entry()
    assert found["context_length"] is None
    assert found["top_provider"] == {"context_length": None, "max_completion_tokens": 16_384, "is_moderated": None}
    assert (found["pricing"]["prompt"], found["pricing"]["completion"]) == (None, None)
    assert found["charges"] == {"currency": "INR", "prompt": "0.000025", "completion": "0.0001"}


def test_a_price_is_0_only_where_nothing_is_charged() -> None:
    """A price of 0 rupees is 0 in every currency; a call as such is never charged."""
    found = entry(price_input_inr=0, price_output_inr=1)
    assert (found["pricing"]["prompt"], found["pricing"]["completion"], found["pricing"]["request"]) == ("0", None, "0")
    assert found["charges"]["prompt"] == "0"


@pytest.mark.parametrize(("known", "limit", "shown"), [(4_096, 16_384, 4_096), (64_000, 16_384, 16_384)])
def test_the_longest_output_is_the_smaller_limit(known: int, limit: int, shown: int) -> None:
    """An answer is as long as the model and the gateway both allow."""
    found = entry(facts_of(max_output_tokens=known, context_window=128_000), gateway_max_output_tokens=limit)
    assert found["top_provider"]["max_completion_tokens"] == shown
    assert found["context_length"] == 128_000


def test_parameters_are_those_that_a_call_may_set() -> None:
    """Every parameter is one that the gateway accepts; tools and reasoning only where the model may have them."""
    every = set(entry(gateway_forward_properties="top_k")["supported_parameters"])
    assert every - {"top_k"} <= set(RULES)
    assert {"tools", "temperature", "max_tokens", "top_k", "reasoning_effort"} <= every
    plain_model = set(entry(facts_of(tools=False, reasoning=False))["supported_parameters"])
    assert every - plain_model == {
        "tools", "tool_choice", "parallel_tool_calls", "functions", "function_call", "reasoning_effort", "top_k",
    }  # fmt: skip

"""Names of models as people have them, over HTTP: what they stand for, what they cost, and hostile ones."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.end_to_end.server import running

TEXT = "hello world"
BEDROCK = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
FINE_TUNED = "ft:gpt-4o-mini-2024-07-18:acme::AbC12"


def body(answer: httpx2.Response) -> Any:
    """The answer's JSON, with exact numbers."""
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_float=Decimal)


def counted(client: httpx2.Client, models: list[Any], **fields: Any) -> httpx2.Response:
    """A count of two tokens."""
    return client.post("/v1/tokens/count", json={"input": TEXT, "type": "text", "models": models, **fields})


def test_names_of_one_model_have_one_count_and_entries_of_their_own(client: httpx2.Client) -> None:
    """Each entry has its name as it was sent; without `detail` nothing else tells them from the model's own name."""
    names = ["gpt-4o", "openai/gpt-4o", "GPT-4o", "azure/gpt-4o", "gpt-4o"]
    assert body(counted(client, names)) == [
        {"model": name, "token_count": 2, "token_cost": Decimal("0.000005")} for name in names
    ]
    assert [entry["resolved_model"] for entry in body(counted(client, names, detail=True))] == ["gpt-4o"] * 5


def test_what_a_name_says_changes_its_price(client: httpx2.Client) -> None:
    """A batch costs half; a fine-tuned model and a free offer have no price of the base, but its count."""
    names = ["gpt-4o-mini:batch", "gpt-4o-mini", FINE_TUNED, "deepseek/deepseek-v4-flash:free"]
    batch, standard, tuned, free = body(counted(client, names, detail=True))
    assert batch["token_cost"] * 2 == standard["token_cost"] == Decimal("0.0000003")
    assert (tuned["token_count"], tuned["token_cost"]) == (2, None)
    assert (free["token_count"], free["token_cost"]) == (2, None)
    assert tuned["reason"] == "a fine-tuned model has a price of its own, which is not known"
    assert free["reason"] == "a free offer has terms of its own, and no price by the token is known"
    assert (batch["reason"], standard["reason"]) == (None, None)
    (regional,) = body(counted(client, [BEDROCK], detail=True))
    assert (regional["token_count"], regional["price_per_input_token"]) == (None, Decimal("0.0000033"))
    assert regional["resolved_model"] == "claude-sonnet-4-5-20250929"


def test_an_unknown_name_fails_the_call_unless_it_may_be_null(client: httpx2.Client) -> None:
    """With `"unknown_models": "null"` the known names are counted, and each unknown one has a reason."""
    names = ["gpt-4o", "gpt-4oo", "openai/gpt-4o"]
    refused = counted(client, names)
    assert refused.status_code == 400
    assert 'models: unknown model "gpt-4oo" (did you mean gpt-4o?).' in refused.json()["message"]
    first, unknown, last = body(counted(client, names, unknown_models="null"))
    assert [first["token_count"], last["token_count"]] == [2, 2]
    assert unknown == {
        "model": "gpt-4oo",
        "token_count": None,
        "token_cost": None,
        "reason": 'unknown model "gpt-4oo" (did you mean gpt-4o?)',
    }
    detailed = body(counted(client, names, unknown_models="null", detail=True))[1]
    assert detailed.keys() == body(counted(client, ["gpt-4o"], detail=True))[0].keys()
    assert (detailed["resolved_model"], detailed["method"], detailed["reason"]) == (None, "none", unknown["reason"])
    (alone,) = body(counted(client, ["nothing-like-it"], unknown_models="null"))
    assert (alone["token_count"], alone["reason"]) == (None, 'unknown model "nothing-like-it"')
    assert counted(client, names, unknown_models="error").status_code == 400
    wrong = counted(client, ["gpt-4o"], unknown_models=None)
    assert (wrong.status_code, "unknown_models" in wrong.json()["message"]) == (400, True)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "*",
        "\x00",
        "gpt-4o\x00",
        "gpt-4o\u202e",
        "a" * 100_000,
        "openai/" * 20_000,
        "us." * 1_000 + "gpt-4o",
        "ft:",
        "ft:gpt-4o:" + ":" * 5_000,
        "../../etc/passwd",
        "arn:aws:bedrock:::",
        "projects/../publishers/x/models/y",
    ],
)
@pytest.mark.parametrize("more", [{}, {"unknown_models": "null"}])
def test_hostile_names_are_unknown_names(client: httpx2.Client, name: str, more: dict[str, str]) -> None:
    """Names of any length and content are answered in one short sentence, and never with a fault of the server."""
    answer = counted(client, ["gpt-4o", name], **more)
    assert answer.status_code == (200 if more and len(name) <= 256 else 400)
    assert "unknown model" in answer.text
    assert len(answer.content) < 1_000
    for sent in (
        client.post("/v1/tokens/encode", json={"input": TEXT, "model": name}),
        client.post("/v1/cost", json={"model": name, "usage": {"prompt_tokens": 1, "completion_tokens": 1}}),
    ):
        assert (sent.status_code, len(sent.content) < 1_000) == (400, True)
    if 0 < len(name) < 10_000:
        listed = client.get("/v1/tokens/models", params={"name": name})
        assert (listed.status_code in (404, 414), len(listed.content) < 1_000) == (True, True)


@pytest.mark.parametrize("path", ["count", "encode"])
def test_a_lone_surrogate_in_a_name_is_no_json(client: httpx2.Client, path: str) -> None:
    """A name that no UTF-8 can have is refused with the body."""
    named = r'"models": ["\ud800"], "type": "text"' if path == "count" else r'"model": "\ud800"'
    answer = client.post(
        f"/v1/tokens/{path}",
        content=f'{{"input": "a", {named}}}'.encode(),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 400


def test_prices_models_and_tokens_by_any_name(client: httpx2.Client) -> None:
    """Prices keep the name as it was sent; the list of models and the tokens are those of its model."""
    prices = body(client.get("/v1/tokens/prices/openai/GPT-4o"))
    assert (prices["model"], prices["resolved_model"], prices["reason"]) == ("openai/GPT-4o", "gpt-4o", None)
    assert prices["history"] == body(client.get("/v1/tokens/prices/gpt-4o"))["history"]
    regional = body(client.get(f"/v1/tokens/prices/{BEDROCK}"))
    assert regional["price_per_input_token"] == Decimal("0.0000033")
    assert (regional["name_terms"]["host"], regional["name_terms"]["region"]) == ("bedrock", "us")
    tuned = body(client.get(f"/v1/tokens/prices/{FINE_TUNED}"))
    assert (tuned["current"], tuned["history"], tuned["name_terms"]["fine_tuned"]) == (None, [], True)
    assert client.get("/v1/tokens/prices/openai/gpt-4oo").status_code == 404
    (model,) = body(client.get("/v1/tokens/models", params={"name": "openai/GPT-4o"}))
    assert model["name"] == "gpt-4o"
    by_name, by_model = (
        client.post("/v1/tokens/encode", json={"input": TEXT, "model": name}) for name in ("azure/gpt-4o", "gpt-4o")
    )
    assert by_name.content == by_model.content
    assert client.get("/models/openai/GPT-4o").status_code == 200


def test_a_usage_is_priced_by_its_name(client: httpx2.Client) -> None:
    """The region of a name is in the terms, and terms that contradict the name are refused."""
    usage = {"input_tokens": 1_000, "output_tokens": 1_000}
    regional = body(client.post("/v1/cost", json={"model": BEDROCK, "usage": usage}))
    assert (regional["total"], regional["region"], regional["model"]) == (Decimal("0.0198"), "us", BEDROCK)
    contradictions: dict[str, dict[str, str]] = {
        BEDROCK: {"region": "eu"},
        "gpt-4o:batch": {"service_tier": "standard"},
    }
    for name, stated in contradictions.items():
        refused = client.post("/v1/cost", json={"model": name, "usage": usage, **stated})
        assert refused.status_code == 400
        assert "contradicts the name" in refused.json()["message"]
    tuned = body(client.post("/v1/cost", json={"model": FINE_TUNED, "usage": usage}))
    assert (tuned["total"], tuned["unpriced"][0]["property"]) == (None, "model")


ALIASES = '"house-large" = "gpt-4o"\n"house-west" = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"\n'
OWN = """
[[override]]
model = "ft:gpt-4o-mini-2024-07-18:acme::AbC12"
effective_from = 2026-01-01
input = "0.0000003"
output = "0.0000012"
url = "https://example.org/prices"
reason = "fine-tuned model"

[[override]]
model = "our-own-model"
effective_from = 2026-01-01
input = "0"
output = "0"
url = "https://example.org/prices"
reason = "runs on our own machines"
"""


def test_an_operators_aliases_and_own_names(tmp_path: Path) -> None:
    """An alias counts and costs as what it stands for; an own price of an own name wins, a price of 0 too."""
    aliases, own = tmp_path / "aliases.toml", tmp_path / "own.toml"
    aliases.write_text(ALIASES, encoding="utf-8")
    own.write_text(OWN, encoding="utf-8")
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 100_000}
    with (
        running(tmp_path / "data", {"ALIASES": str(aliases), "PRICE_OVERRIDES": str(own)}) as server,
        httpx2.Client(base_url=server.url, headers={"X-Api-Key": server.demo_key}) as client,
    ):
        large, west, tuned = body(counted(client, ["house-large", "house-west", FINE_TUNED], detail=True))
        costs = [
            body(client.post("/v1/cost", json={"model": name, "usage": usage}))["total"]
            for name in ("house-large", FINE_TUNED, "our-own-model")
        ]
    assert (large["model"], large["resolved_model"], large["token_cost"]) == (
        "house-large", "gpt-4o", Decimal("0.000005"),
    )  # fmt: skip
    assert west["price_per_input_token"] == Decimal("0.0000033")
    assert (tuned["token_count"], tuned["token_cost"]) == (2, Decimal("0.0000006"))
    assert costs == [Decimal("3.5"), Decimal("0.42"), 0]

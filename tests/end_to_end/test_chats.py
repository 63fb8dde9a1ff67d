"""Chats over HTTP: counted, priced, fitted and ranked."""

import base64
import json
import struct
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from tests.bad_chats import BAD_CHATS, BAD_NAMES, BadChat
from tokenizer_registry import Registry
from tokenizer_registry.chat.count import count_request

COUNT, FITS, CHEAPEST = "/v1/tokens/count", "/v1/tokens/fits", "/v1/tokens/cheapest"
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How heavy is a lorry?"}]
TOOL = {
    "type": "function",
    "function": {
        "name": "weigh",
        "description": "Weigh a lorry",
        "parameters": {"type": "object", "properties": {"plate": {"type": "string"}}, "required": ["plate"]},
    },
}
BODIES: dict[str, Any] = {
    "openai_chat": {"messages": MESSAGES, "tools": [TOOL], "temperature": 0},
    "openai_responses": {"input": [{"role": "user", "content": "How heavy is a lorry?"}], "instructions": "Be brief."},
    "anthropic_messages": {"system": "Be brief.", "messages": MESSAGES[1:], "max_tokens": 100},
    "gemini_contents": {"contents": [{"role": "user", "parts": [{"text": "How heavy is a lorry?"}]}]},
}
MODELS = ["gpt-4o", "claude-sonnet-4-5", "gemini-2.5-flash", "o3"]
PARTS = ["text", "frame", "tools", "tool_calls", "schema", "images", "audio", "files"]


def posted(client: httpx2.Client, path: str = COUNT, **fields: Any) -> httpx2.Response:
    """Send a chat of two messages, or other fields."""
    return client.post(path, json={"type": "chat", "openai_chat": {"messages": MESSAGES}, **fields})


def entries(client: httpx2.Client, **fields: Any) -> list[dict[str, Any]]:
    """Return the entries of a count."""
    answer = posted(client, **{"models": ["gpt-4o"], **fields})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def refused(answer: httpx2.Response, status: int = 400) -> str:
    """Return the sentence of a refusal."""
    assert answer.status_code == status, answer.text
    message: str = answer.json()["message"]
    return message


@pytest.mark.parametrize("shape", BODIES)
def test_every_shape_is_counted_for_every_model(client: httpx2.Client, shape: str) -> None:
    """The numbers are those of the library, translated where the shape is another provider's."""
    registry = Registry.from_package()
    body = {"type": "chat", "models": MODELS, "estimate": True, shape: BODIES[shape]}
    found = client.post(COUNT, json=body).json()
    for entry in found:
        expected = count_request(registry, shape, BODIES[shape], entry["model"])
        assert (entry["token_count"], entry["method"]) == (expected.tokens, expected.method)
        assert (entry["low"], entry["high"], entry["host"]) == (expected.low, expected.high, expected.host)
        assert list(entry["parts"]) == PARTS
        assert entry["parts"]["tools"]["tokens"] == expected.parts.tools.tokens
        assert entry["low"] == sum(part["low"] for part in entry["parts"].values())


def test_an_estimate_is_null_unless_it_is_asked_for(client: httpx2.Client) -> None:
    """A number without a label is exact; the reason of a null says how to have the estimate."""
    plain = entries(client, models=["claude-sonnet-4-5", "gpt-4o"])
    assert plain[0] == {"model": "claude-sonnet-4-5", "token_count": None, "token_cost": None}
    assert list(plain[1]) == ["model", "token_count", "token_cost"]
    detailed = entries(client, models=["claude-sonnet-4-5"], detail=True)[0]
    assert (detailed["token_count"], detailed["method"]) == (None, "none")
    assert detailed["reason"] == "the count is an estimate; send estimate: true for it"
    labelled = entries(client, models=["claude-sonnet-4-5"], estimate=True)[0]
    assert labelled["method"] == "estimate"
    assert labelled["low"] <= labelled["token_count"] <= labelled["high"]
    assert labelled["reason"] is None


def test_a_chat_is_priced_as_input_at_the_tier_that_it_reaches(client: httpx2.Client) -> None:
    """Cost is count times rate, and a long chat has the rate of its tier."""
    short = entries(client, detail=True)[0]
    assert short["token_cost"] == pytest.approx(short["token_count"] * short["price_per_input_token"])
    text = "lorry " * 210_000
    chat = {"messages": [{"role": "user", "content": text[:800_000]}]}
    long = entries(client, models=["gemini-2.5-pro", "gpt-4o"], openai_chat=chat, estimate=True)
    of_text = client.post(
        COUNT, json={"type": "text", "input": text[:800_000], "models": ["gpt-4o"], "detail": True}
    ).json()[0]
    assert long[1]["price_above_tokens"] == of_text["price_above_tokens"]
    assert long[1]["token_count"] == of_text["token_count"] + 7
    tiers = [entry["price_above_tokens"] for entry in long]
    assert all(bound < entry["token_count"] for bound, entry in zip(tiers, long, strict=True) if bound is not None)


def test_names_hosts_and_days(client: httpx2.Client) -> None:
    """Names are those of texts; a host changes price and rules; a day before the rules has no number."""
    found = entries(client, models=["openai/GPT-4o", "nope", "gpt-4o", "gpt-4o"], unknown_models="null", detail=True)
    assert [entry["token_count"] for entry in found] == [found[0]["token_count"], None, *[found[0]["token_count"]] * 2]
    assert "unknown model" in found[1]["reason"]
    assert "parts" not in found[1]
    hosted = entries(client, host="azure", detail=True)[0]
    assert (hosted["host"], hosted["method"]) == ("azure-openai", "exact")
    strange = entries(client, host="mars", estimate=True)[0]
    assert (strange["method"], strange["token_cost"]) == ("estimate", None)
    assert strange["reason"] == 'the prices of the host "mars" are not known'
    assert "as_of" in refused(posted(client, models=["gpt-4o"], as_of="2999-01-01"))


def test_the_whole_catalogue_in_one_call(client: httpx2.Client) -> None:
    """Every model has an entry; what has no rule says so."""
    found = entries(client, models=["*"], estimate=True)
    assert len(found) > 500
    for entry in found:
        assert (entry["token_count"] is None) == (entry["method"] == "none")
        assert entry["token_count"] is not None or entry["reason"]


def test_a_model_that_refuses_the_request_has_no_count(client: httpx2.Client) -> None:
    """A template without a role for the system's text refuses it; other models are counted."""
    found = entries(client, models=["gemma-2-9b-it", "gpt-4o"], detail=True)
    assert (found[0]["token_count"], found[0]["method"]) == (None, "none")
    assert "refused by the chat template of gemma-2-9b-it" in found[0]["reason"]
    assert found[1]["token_count"] is not None
    answer = client.post("/v1/messages/count_tokens", json={"model": "gemma-2-9b-it", **BODIES["anthropic_messages"]})
    assert answer.status_code == 400
    assert "refused by the chat template" in answer.json()["error"]["message"]


def image(width: int, height: int) -> str:
    """Return the head of a PNG of this size as a data URL; more is not looked at."""
    head = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", width, height) + b"\x08\x06\x00\x00\x00"
    return f"data:image/png;base64,{base64.b64encode(head + bytes(20)).decode()}"


def test_an_image_without_a_size_says_what_is_missing(client: httpx2.Client) -> None:
    """A size from the header or from the request gives a number, without one there are bounds."""

    def of_part(part: dict[str, Any]) -> dict[str, Any]:
        chat = {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": part}]}]}
        return entries(client, openai_chat=chat, estimate=True)[0]

    sized, given = of_part({"url": image(640, 480)}), of_part({"url": "https://a.b/c.png", "width": 640, "height": 480})
    assert sized["parts"]["images"]["tokens"] == given["parts"]["images"]["tokens"] > 0
    unknown = of_part({"url": "https://a.b/c.png"})
    assert (unknown["token_count"], unknown["method"]) == (None, "none")
    assert unknown["missing"] == ["images: messages[0].content[0]: width, height"]
    assert unknown["reason"] == unknown["missing"][0]
    assert unknown["low"] < sized["token_count"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"anthropic_messages": {}}, "exactly one of"),
        ({"openai_chat": []}, "openai_chat: must be an object"),
        ({"openai_chat": {}}, "openai_chat.messages: is missing"),
        ({"openai_chat": {"messages": [{"role": "user", "content": 5}]}}, "openai_chat.messages[0].content: must"),
        ({"openai_chat": {"messages": [{"role": "x" * 9_000}]}}, "openai_chat.messages[0].role: must be one of"),
        ({"openai_chat": {"messages": [{"role": "user", "content": {"a": "b"}}]}}, "openai_chat.messages[0].content"),
        ({"host": 5}, "host: must be the name of a host"),
        ({"host": ""}, "host: must have 1 to 64 characters"),
        ({"input": "a"}, "input: is for a text; send the body"),
        ({"input": [{"role": "user"}], "openai_chat": None}, "input: is for a text; send the body"),
        ({"models": []}, "models: send 1 to"),
        ({"models": ["gpt4-o"]}, "unknown model"),
        ({"estimate": 1}, "estimate: must be true or false"),
        ({"type": "tool"}, "is not"),
    ],
)
def test_what_is_wrong_is_named(client: httpx2.Client, fields: dict[str, Any], sentence: str) -> None:
    """A refusal names the place in the provider's shape, in one short sentence."""
    message = refused(posted(client, **{"models": ["gpt-4o"], **fields}))
    assert sentence in message
    assert len(message) < 1_000
    assert "\n" not in message


@pytest.mark.parametrize("bad", BAD_CHATS, ids=BAD_NAMES)
def test_what_is_not_known_has_no_number(client: httpx2.Client, bad: BadChat) -> None:
    """Null with what is missing, or a 400 that names the place; an estimate that was asked for does not change that."""
    fields = {"type": "chat", "models": [bad.model], "estimate": True, bad.shape: bad.body}
    answer = client.post(COUNT, json=fields)
    if bad.is_refused:
        assert bad.words in refused(answer)
        return
    (entry,) = answer.json()
    assert (entry["token_count"], entry["token_cost"], entry["method"]) == (None, None, "none")
    assert bad.words in " ".join(entry["missing"])


def nested(depth: int) -> Any:
    """Return a JSON Schema of so many objects in each other."""
    schema: Any = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


def with_parameters(schema: Any) -> dict[str, Any]:
    """Return a chat with a tool of these parameters."""
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
    return {"messages": MESSAGES, "tools": [tool]}


def test_deep_and_recursive_schemas(client: httpx2.Client) -> None:
    """A schema that is too deep is a 400; one that refers to itself has no number."""
    assert "nested" in refused(posted(client, models=["gpt-4o"], openai_chat=with_parameters(nested(60))))
    assert "nested too deeply" in refused(
        client.post(COUNT, content=b"[" * 9_000, headers={"Content-Type": "application/json"})
    )
    recursive = {"$defs": {"n": {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}}}, "$ref": "#/$defs/n"}
    found = entries(client, models=MODELS, openai_chat=with_parameters(recursive), estimate=True)
    assert all(entry["token_count"] is None or entry["method"] == "estimate" for entry in found)


def test_long_histories_and_many_tools(client: httpx2.Client) -> None:
    """Thousands of messages and hundreds of large tools are counted for several models."""
    history = [{"role": role, "content": "a short turn"} for role in ("user", "assistant")] * 5_000
    assert entries(client, models=MODELS, openai_chat={"messages": history}, estimate=True)[0]["token_count"] > 30_000
    tool = {**TOOL["function"], "description": "weigh " * 200}  # type: ignore[dict-item]  # a dictionary
    tools = [{"type": "function", "function": {**tool, "name": f"weigh_{number}"}} for number in range(500)]
    chat = {"messages": MESSAGES, "tools": tools}
    found = entries(client, models=MODELS, openai_chat=chat, estimate=True)
    assert all(entry["parts"]["tools"]["tokens"] is None or entry["parts"]["tools"]["tokens"] > 500 for entry in found)


def test_a_long_history_is_not_counted_for_all_models_together(client: httpx2.Client) -> None:
    """The work of one call is limited: texts times models."""
    history = [{"role": role, "content": "a short turn"} for role in ("user", "assistant")] * 5_000
    answer = posted(client, models=["*"], openai_chat={"messages": history})
    assert "a chat of 20000 texts can be counted for 100 models in one call" in refused(answer, 413)


def test_too_large_a_chat_is_refused(client: httpx2.Client) -> None:
    """The texts of a chat together have the limit of a text, also after NFKC, wherever they stand."""
    half = "a" * 450_001
    chat = {"messages": [{"role": "user", "content": half}, {"role": "user", "content": half}]}
    assert "longer than 900000 characters" in refused(posted(client, models=["gpt-4o"], openai_chat=chat), 413)
    wide = with_parameters({"type": "object", "description": "\ufdfa" * 200_000})
    assert "bytes after NFKC" in refused(posted(client, models=["gpt-4o"], openai_chat=wide), 413)
    body = json.dumps({"type": "chat", "openai_chat": chat, "pad": "a" * 200_000})
    answer = client.post(COUNT, content=body.encode(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


def test_a_text_that_cannot_be_counted(client: httpx2.Client) -> None:
    """A lone surrogate is refused by the reader of JSON."""
    body = b'{"type":"chat","models":["gpt-4o"],"openai_chat":{"messages":[{"role":"user","content":"\\ud800"}]}}'
    answer = client.post(COUNT, content=body, headers={"Content-Type": "application/json"})
    assert "surrogate" in refused(answer)


def test_a_chat_is_fitted(client: httpx2.Client) -> None:
    """What a chat leaves of a window is what its own count leaves."""
    counted = entries(client, detail=True)[0]
    fitted = posted(client, FITS, models=["gpt-4o", "claude-sonnet-4-5"], output_tokens=5).json()
    assert (fitted[0]["token_count"], fitted[0]["fits"]) == (counted["token_count"], True)
    assert fitted[0]["output_room"] <= counted["context_left"]
    assert (fitted[1]["token_count"], fitted[1]["fits"]) == (None, None)
    assert posted(client, FITS, models=["claude-sonnet-4-5"], estimate=True).json()[0]["fits"] is True


def test_the_cheapest_models_for_a_chat(client: httpx2.Client) -> None:
    """Each model is priced by its own count of the chat; estimates are ranked only if they are allowed."""
    exact = posted(client, CHEAPEST, output_tokens=10, max_results=1_000).json()["models"]
    assert {entry["method"] for entry in exact} == {"exact"}
    costs = [entry["cost"] for entry in exact]
    assert costs == sorted(costs)
    counts = {entry["model"]: entry["token_count"] for entry in entries(client, models=[e["model"] for e in exact])}
    assert counts == {entry["model"]: entry["token_count"] for entry in exact}
    allowed = posted(client, CHEAPEST, output_tokens=10, max_results=1_000, exactness="estimate").json()["models"]
    assert {entry["method"] for entry in allowed} == {"exact", "estimate"}
    assert "exactly one of" in refused(client.post(CHEAPEST, json={"type": "chat"}))


SOUND = {"inlineData": {"mimeType": "audio/mp3", "data": "AAAA"}, "seconds": 600}


def test_sound_has_its_own_price(client: httpx2.Client) -> None:
    """A second of sound is 32 tokens, which Gemini 2.5 Flash prices at three times those of the text; Pro does not."""
    chat = {"contents": [{"role": "user", "parts": [{"text": "Hi"}, SOUND]}]}
    body = {"type": "chat", "gemini_contents": chat, "models": ["gemini-2.5-flash", "gemini-2.5-pro"], "estimate": True}
    found = client.post(COUNT, json=body).json()
    for entry, text_rate, sound_rate in zip(
        found, ("0.0000003", "0.00000125"), ("0.000001", "0.00000125"), strict=True
    ):
        sound = entry["parts"]["audio"]["tokens"]
        assert sound == 19_200
        others = entry["token_count"] - sound
        assert Decimal(str(entry["token_cost"])) == others * Decimal(text_rate) + sound * Decimal(sound_rate)
    asked = {"type": "chat", "gemini_contents": chat, "exactness": "estimate", "authors": ["Google"]}
    ranked = client.post(CHEAPEST, json={**asked, "max_results": 100}).json()["models"]
    costs = {entry["model"]: entry["cost"] for entry in ranked}
    assert [costs[entry["model"]] for entry in found] == [entry["token_cost"] for entry in found]

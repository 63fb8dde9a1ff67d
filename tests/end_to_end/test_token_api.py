"""The token API over HTTP, against the published descriptions of it."""

import json
import re
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from tests.end_to_end.server import Server

SENTENCE = "Felis nunc phasellus arcu ad bibendum elementum taciti."
LIMIT_HEADERS = [
    "X-Rate-Limit-Total-Calls",
    "X-Rate-Limit-Remaining-Calls",
    "X-Rate-Limit-Retry-After",
    "X-Quota-Limit-Total-Calls",
    "X-Quota-Limit-Remaining-Calls",
    "X-Quota-Limit-Retry-After",
]


def counted(client: httpx2.Client, **fields: Any) -> httpx2.Response:
    """A count of the seed's sentence, with other fields where given."""
    return client.post("/v1/tokens/count", json={"input": SENTENCE, "type": "text", "models": ["gpt-4o"], **fields})


def test_the_published_count_to_the_byte(client: httpx2.Client) -> None:
    """The published sentence is answered in the published bytes; count and cost are null independently."""
    models = ["claude-2.1", "titan-text-lite-v1", "llama-3.2-1b", "gpt-4o"]
    answer = counted(client, models=models)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.content.startswith(
        b'[{"model":"claude-2.1","token_count":18,"token_cost":0.000144},'
        b'{"model":"titan-text-lite-v1","token_count":null,"token_cost":null},'
        b'{"model":"llama-3.2-1b","token_count":18,"token_cost":null},'
        b'{"model":"gpt-4o","token_count":14,"token_cost":0.000035}]'
    )


def test_names_may_repeat(client: httpx2.Client) -> None:
    """A name listed twice is answered twice, in place."""
    entries = counted(client, models=["gpt-4o", "claude-2.1", "gpt-4o"]).json()
    assert [entry["model"] for entry in entries] == ["gpt-4o", "claude-2.1", "gpt-4o"]
    assert entries[0] == entries[2]


def test_the_whole_catalogue_in_one_call(client: httpx2.Client) -> None:
    """`["*"]` answers every model of the list, in the list's order."""
    names = [model["name"] for model in client.get("/v1/tokens/models").json()]
    assert [entry["model"] for entry in counted(client, models=["*"]).json()] == names


def test_an_empty_text_has_no_tokens_and_costs_nothing(client: httpx2.Client) -> None:
    """The empty string is counted: 0 tokens, at a cost written as 0."""
    assert counted(client, input="").content == b'[{"model":"gpt-4o","token_count":0,"token_cost":0}]'


def test_a_large_text_equals_its_small_count(client: httpx2.Client) -> None:
    """A text long enough for the thread pool is counted like one counted inline."""
    small = counted(client, input="ab\n" * 10).json()[0]["token_count"]
    large = counted(client, input="ab\n" * 100_000).json()[0]["token_count"]
    assert large == small * 10_000


def test_detail_shows_where_the_numbers_come_from(client: httpx2.Client) -> None:
    """`detail` adds vocabulary, method, price, its date, source and state, the model, and the reason of a null."""
    entry = counted(client, detail=True).json()[0]
    assert list(entry)[:12] == [
        "model", "token_count", "token_cost", "vocabulary", "method",
        "price_per_input_token", "price_above_tokens", "price_effective_from", "price_source", "price_state",
        "resolved_model", "reason",
    ]  # fmt: skip
    assert (entry["vocabulary"], entry["method"]) == ("o200k_base", "exact")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", entry["price_effective_from"])
    assert entry["price_source"]
    assert (entry["context_window"], entry["context_left"]) == (128_000, 128_000 - entry["token_count"])


def test_estimates_come_only_where_they_are_asked_for(client: httpx2.Client) -> None:
    """Without `estimate`, in both kinds of entries, a model without a vocabulary has neither count nor label."""
    plain, detailed = (counted(client, models=["grok-4"], detail=detail).json()[0] for detail in (False, True))
    assert plain == {"model": "grok-4", "token_count": None, "token_cost": None}
    assert (detailed["token_count"], detailed["token_cost"], detailed["method"]) == (None, None, "none")
    assert not {"estimator", "estimate_error"} & detailed.keys()


def test_an_estimate_is_labelled_and_has_its_band_beside_it(client: httpx2.Client) -> None:
    """`estimate` fills the null with method, estimator and band, and prices it; an exact count has none of them."""
    reply = counted(client, models=["claude-opus-4-5", "gpt-4o", "grok-4"], estimate=True)
    claude, exact, grok = reply.json(parse_float=Decimal)
    assert list(exact)[-2:] == ["estimator", "estimate_error"]
    assert (claude["token_count"], claude["method"], claude["vocabulary"]) == (19, "estimate", None)
    assert claude["token_cost"] == 19 * claude["price_per_input_token"]
    assert (claude["estimator"], grok["estimator"], exact["estimator"]) == ("claude-3", "large", None)
    assert b'"estimate_error":{"low":-0.01,"high":0.01,"basis":"reconstruction"}' in reply.content
    assert grok["estimate_error"]["low"] < 0 < grok["estimate_error"]["high"]
    assert grok["estimate_error"]["basis"] == "spread"
    assert (exact["token_count"], exact["method"], exact["estimate_error"]) == (14, "exact", None)


def test_estimate_never_invents_a_count(client: httpx2.Client) -> None:
    """Where no estimator exists the count stays null and says that there is no method."""
    entry = counted(client, models=["pplx-7b-online"], estimate=True).json()[0]
    assert (entry["token_count"], entry["method"], entry["vocabulary"]) == (None, "none", None)
    assert (entry["estimator"], entry["estimate_error"]) == (None, None)


def test_a_large_text_is_estimated_like_a_small_one(client: httpx2.Client) -> None:
    """The thread pool counts as the event loop does, for the whole catalogue in one call; an empty one has 0."""
    small, large = (
        counted(client, input="ab cd\n" * times, models=["claude-opus-5"], estimate=True).json()[0]["token_count"]
        for times in (10, 100_000)
    )
    assert large + 1 == (small + 1) * 10_000  # the last line feed joins those that end a message
    entries = counted(client, input="", models=["*"], estimate=True).json()
    assert {entry["token_count"] for entry in entries if entry["method"] == "estimate"} == {0}


@pytest.mark.parametrize(
    "entry",
    [
        b'{"author":"AI21","name":"jamba-1.5-large","display_name":"Jamba 1.5 Large","price_per_input_token":0.000002}',
        b'{"author":"AI21","name":"jamba-1.5-mini","display_name":"Jamba 1.5 Mini","price_per_input_token":0.0000002}',
        b'{"author":"Meta","name":"llama-2-7b","display_name":"Llama 2 7B","price_per_input_token":0.00000052}',
        b'{"author":"Meta","name":"llama-2-7b-chat","display_name":"Llama 2 7B Chat",'
        b'"price_per_input_token":0.00000052}',
        b'{"author":"Meta","name":"llama-3.2-1b","display_name":"Llama 3.2 1B","price_per_input_token":null}',
    ],
)
def test_the_published_models_to_the_byte(client: httpx2.Client, entry: bytes) -> None:
    """The published entries stand in the whole list, in their author's list and alone, in these bytes."""
    model = json.loads(entry)
    assert entry in client.get("/v1/tokens/models").content
    assert entry in client.get("/v1/tokens/models", params={"author": model["author"]}).content
    alone = client.get("/v1/tokens/models", params={"author": model["author"], "name": model["name"]})
    assert alone.content == b"[" + entry + b"]"


def test_models_are_sorted_and_authors_listed(client: httpx2.Client) -> None:
    """Models come by author, then name; the authors are exactly theirs, sorted."""
    models = client.get("/v1/tokens/models").json()
    keys = [(model["author"], model["name"]) for model in models]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys) >= 200
    authors = client.get("/v1/tokens/authors").json()
    assert authors == sorted({author for author, _ in keys})
    assert len(authors) >= 12


def test_no_price_is_written_with_an_exponent(client: httpx2.Client) -> None:
    """Every price of the catalogue is a plain decimal."""
    text = client.get("/v1/tokens/models").text
    prices = re.findall(r'"price_per_input_token":([^}]+)}', text)
    assert all(price == "null" or re.fullmatch(r"\d+(\.\d*[1-9])?", price) for price in prices)
    assert all(price == "null" or Decimal(price) > 0 for price in prices)


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ("author=Mta", 404, 'There is no author "Mta". Did you mean Meta?'),
        ("author=meta", 404, 'There is no author "meta". Did you mean Meta?'),
        ("name=gpt-4oo", 404, 'There is no model "gpt-4oo". Did you mean gpt-4o?'),
        ("name=", 404, 'There is no model "".'),
        ("author=Meta&name=gpt-4o", 404, 'The model "gpt-4o" is not by the author "Meta".'),
        ("author=Meta&author=AI21", 400, "author: this parameter is given twice"),
        ("autor=Meta", 400, '"autor" is not a parameter of this path; it has author, name, detail, open_weights,'),
    ],
)
def test_unknown_authors_and_names(client: httpx2.Client, query: str, status: int, sentence: str) -> None:
    """An author or name that is not in the catalogue is a 404 that names it and the nearest one."""
    answer = client.get(f"/v1/tokens/models?{query}")
    assert answer.status_code == status
    assert sentence in answer.json()["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/tokens/count", 405),
        ("DELETE", "/v1/tokens/models", 405),
        ("OPTIONS", "/v1/tokens/models", 405),
        ("GET", "/v1/tokens/models/", 404),
        ("GET", "/v1/tokens", 404),
        ("GET", "/nothing", 404),
        ("GET", "/v1/tokens/%00", 404),
    ],
)
def test_routes_and_methods_that_do_not_exist(server: Server, method: str, path: str, status: int) -> None:
    """They are refused in shape T, without a key being looked at and without a redirect."""
    answer = httpx2.request(method, server.url + path, follow_redirects=False)
    assert answer.status_code == status
    assert answer.json()["status_code"] == status
    assert answer.json()["trace_id"] == answer.headers["X-Request-Id"]
    assert ("Allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_is_not_declared_as_json(client: httpx2.Client, content_type: str) -> None:
    """Another Content-Type than JSON is a 415, for any body."""
    answer = client.post("/v1/tokens/count", content=b"{}", headers={"Content-Type": content_type})
    assert answer.status_code == 415


def test_a_charset_in_the_content_type_is_accepted(client: httpx2.Client) -> None:
    """`application/json; charset=utf-8`, which many clients send, is JSON."""
    body = json.dumps({"input": "a", "type": "text", "models": ["gpt-4o"]}).encode()
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert client.post("/v1/tokens/count", content=body, headers=headers).status_code == 200


def test_every_authenticated_reply_carries_the_limits(client: httpx2.Client) -> None:
    """Answers and refusals of an authenticated call all have the six headers, and no Retry-After below 429."""
    answers = [
        client.get("/v1/tokens/authors"),
        client.get("/v1/tokens/models?name=nobody"),
        client.post("/v1/tokens/count", content=b"no", headers={"Content-Type": "application/json"}),
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 400]
    for answer in answers:
        assert [name for name in LIMIT_HEADERS if name not in answer.headers] == []
        assert "Retry-After" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({}, 400, "Authorization header not found."),
        ({"X-Api-Key": "abc"}, 401, "Invalid API key."),
        ({"X-Api-Key": "atms_sk_short"}, 401, "Invalid API key."),
        ({"X-Api-Key": "atms_sk_" + "A" * 38}, 401, "Invalid API key."),
        ({"Authorization": "Bearer atms_sk_" + "A" * 38}, 401, "Invalid API key."),
    ],
)
def test_calls_without_a_valid_key(server: Server, headers: dict[str, str], status: int, message: str) -> None:
    """No key and a wrong key have different errors; all wrong keys look alike; neither shows anybody's limits."""
    answer = httpx2.get(f"{server.url}/v1/tokens/authors", headers=headers)
    assert (answer.status_code, answer.json()["message"]) == (status, message)
    assert not any(name in answer.headers for name in LIMIT_HEADERS)


def test_a_key_without_the_scope(server: Server) -> None:
    """A key for the gateway alone is a 403 here."""
    key = server.new_key("gateway-only", "--scope", "gateway")
    answer = httpx2.get(f"{server.url}/v1/tokens/authors", headers={"X-Api-Key": key})
    assert (answer.status_code, answer.json()["message"]) == (403, "The API key doesn't have permissions.")


def test_keys_of_one_account_share_its_limits(server: Server) -> None:
    """A call with one key uses up the quota of the account's other key, and nothing of another account's."""
    one, other, stranger = server.new_key("sharing"), server.new_key("sharing"), server.new_key("not-sharing")
    left = [
        int(httpx2.get(f"{server.url}/v1/tokens/authors", headers={"X-Api-Key": key}).headers[LIMIT_HEADERS[4]])
        for key in (one, other, one, stranger)
    ]
    assert left == [999_999, 999_998, 999_997, 999_999]


def test_a_valid_traceparent_is_the_request_id(client: httpx2.Client) -> None:
    """The caller's trace id comes back in the header and in the error."""
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = client.get("/v1/tokens/models?name=no", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert answer.headers["X-Request-Id"] == answer.json()["trace_id"] == trace


def test_replies_are_private(client: httpx2.Client) -> None:
    """No cache may keep a reply, and no page learns the address with a key in it."""
    headers = client.get("/v1/tokens/authors").headers
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Server" not in headers

"""`POST /v1/cost` over HTTP: one usage or response, lists of them, and what is refused."""

import json
from typing import Any

import httpx2
import pytest

from tests.end_to_end.server import Server

PATH = "/v1/cost"
USAGE = {"prompt_tokens": 1_000, "completion_tokens": 200, "total_tokens": 1_200}
ITEM = {"model": "gpt-4o", "usage": USAGE, "at": "2026-10-01"}
HEADERS = {"Content-Type": "application/json"}


def test_a_usage_is_answered_with_its_lines(client: httpx2.Client) -> None:
    """Total, a line for each rate with who states it, the terms, and the book's version in the header and the body."""
    answer = client.post(PATH, json=ITEM)
    assert answer.status_code == 200
    priced = json.loads(answer.text, parse_float=str)
    assert priced["total"] == "0.0045"
    assert [(line["unit"], line["count"], line["rate"], line["amount"]) for line in priced["lines"]] == [
        ("input", 1_000, "0.0000025", "0.0025"),
        ("output", 200, "0.00001", "0.002"),
    ]
    assert all(line["row"].startswith("gpt-4o@") and line["source"] and line["state"] for line in priced["lines"])
    assert (priced["at"], priced["at_from"], priced["service_tier"]) == ("2026-10-01", "item", "standard")
    assert (priced["usage"], priced["unpriced"]) == ({"input_tokens": 1_000, "output_tokens": 200}, [])
    assert answer.headers["x-pricing-version"] == priced["pricing_version"]


def test_a_whole_response_is_priced_at_its_own_time(client: httpx2.Client) -> None:
    """It may be the body itself, or stand in `response` beside what wins over it."""
    response = {"id": "x", "object": "chat.completion", "created": 1_790_000_000, "model": "gpt-4o", "usage": USAGE}
    alone = client.post(PATH, json=response).json()
    assert (alone["at"], alone["at_from"], alone["total"]) == ("2026-09-21T14:13:20Z", "response", 0.0045)
    within = client.post(PATH, json={"response": response, "service_tier": "batch"}).json()
    assert (within["service_tier"], within["total"]) == ("batch", 0.00225)


def test_what_has_no_price_is_a_null_with_its_name(client: httpx2.Client) -> None:
    """An answer, not a refusal: the usage was understood."""
    priced = client.post(PATH, json={**ITEM, "usage": {**USAGE, "dream_tokens": 7}}).json()
    assert priced["total"] is None
    assert priced["unpriced"] == [
        {"property": "usage.dream_tokens", "reason": "7 is not a known property of OpenAI"},
    ]


def test_each_of_a_list_has_its_answer_or_its_error(client: httpx2.Client) -> None:
    """Answers are in the order of the requests, of any size; a bad request fails no other."""
    bad = {**ITEM, "usage": {**USAGE, "prompt_tokens": -1}}
    for times in (1, 500):
        answers = client.post(PATH, json=[ITEM, bad, 5, {**ITEM, "model": "gpt-4oo"}] * times).json()
        assert len(answers) == 4 * times
        for priced, negative, number, unknown in zip(*[iter(answers)] * 4, strict=True):
            assert priced["total"] == 0.0045
            message = "usage.prompt_tokens: must be a whole number, 0 or more, not -1."
            assert negative == {"total": None, "error": {"property": "usage.prompt_tokens", "message": message}}
            assert number["error"]["message"] == "item: must be an object, not 5."
            assert unknown["error"]["message"] == 'model: unknown model "gpt-4oo" (did you mean gpt-4o?).'


def test_ten_thousand_usages_are_priced_and_no_more(server: Server) -> None:
    """A list that is too long is a 400 that says so; the longest one is answered whole."""
    details = {"prompt_tokens_details": {"cached_tokens": 0}}
    many = json.dumps([{"model": "gpt-4o", "usage": USAGE | details}] * 10_000, separators=(",", ":"))
    with httpx2.Client(base_url=server.url, headers={"X-Api-Key": server.demo_key, **HEADERS}, timeout=60) as client:
        too_large = client.post(PATH, content=many)
        assert (too_large.status_code, "limit" in too_large.json()["message"]) == (413, True)
        short = json.dumps([{}] * 10_001, separators=(",", ":"))
        refused = client.post(PATH, content=short)
        assert (refused.status_code, refused.json()["message"]) == (400, "Send at most 10,000 usages in one list.")
        answered = client.post(PATH, content=json.dumps([{}] * 10_000)).json()
        assert len(answered) == 10_000


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"5", "The body must be an object with usage or response, or a list of such objects."),
        (b"[]", "The body must be an object with usage or response, or a list of such objects."),
        (b"{}", "item: send either usage or response."),
        (b'{"model":"gpt-4o","usage":{},"usage":{}}', 'The body names "usage" more than once in one object.'),
        (b'[{"model":NaN}]', "The body is not JSON: expected value at column 11."),
        (b'[{"a":1},]', "The body is not JSON: trailing comma at column 10."),
        (b'[{"a":1} {"a":1}]', "The body is not JSON: expected `,` or `]` at column 10."),
        (b'[{"a":1}] 5', "The body is not JSON: trailing characters at column 11."),
        (b'["\\ud800"]', "The body is not JSON: incomplete escape or lone surrogate at column 9."),
        (b"[" * 50_000, "The body is nested too deeply."),
        (json.dumps({**ITEM, "currency": "INR"}).encode(), 'currency: "INR" has no rate: costs are in USD.'),
        (json.dumps({**ITEM, "at": "yesterday"}).encode(), 'at: must be a day such as "2026-01-31", or an instant'),
    ],
)
def test_what_is_wrong_is_named(client: httpx2.Client, body: bytes, message: str) -> None:
    """In the shape of the token API's errors, with a trace id."""
    answer = client.post(PATH, content=body, headers=HEADERS)
    assert answer.status_code == 400
    error = answer.json()
    assert error["message"].startswith(message)
    assert error["trace_id"] == answer.headers["x-request-id"]


def test_it_takes_a_key_and_counts_as_a_call(client: httpx2.Client) -> None:
    """Without a key it is refused as the token API refuses; with one the reply has the limits."""
    assert httpx2.post(f"{client.base_url}{PATH}", json=ITEM).status_code == 400
    assert "x-rate-limit-remaining-calls" in client.post(PATH, json=ITEM).headers
    wrong = httpx2.get(f"{client.base_url}{PATH}")
    assert (wrong.status_code, wrong.json()["status_code"]) == (405, 405)


def test_a_hostile_body_is_refused_or_answered(client: httpx2.Client) -> None:
    """Deep, wide and odd values in every place: never a 500."""
    odd: list[Any] = [None, True, -1, 1e300, "x" * 500, "\u0000", [], [[]], {}, {"a": {"b": [1]}}, 10**90]
    for value in odd:
        for item in (
            {**ITEM, "usage": value},
            {**ITEM, "model": value},
            {**ITEM, "at": value},
            {**ITEM, "provider": value},
            {**ITEM, "region": value},
            {**ITEM, "usage": {**USAGE, "prompt_tokens_details": value}},
            {**ITEM, "usage": {"input_tokens": 1, "cache_creation": value, "iterations": value, "speed": value}},
            {**ITEM, "usage": {"promptTokenCount": 1, "promptTokensDetails": value, "trafficType": value}},
            {"response": {"usage": USAGE, "model": "gpt-4o", "output": value, "created": value}},
            {"response": value, "model": "gpt-4o"},
            {value if isinstance(value, str) else "x": value, "usage": USAGE},
        ):
            answer = client.post(PATH, json=item)
            assert answer.status_code in {200, 400}, item
            assert client.post(PATH, json=[item]).status_code == 200

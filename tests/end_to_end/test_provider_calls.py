"""The counting calls of providers in the wire form of their SDKs, and vLLM's calls."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest

from tests.end_to_end.sdk_requests import agent_request
from tests.end_to_end.server import Server
from tokenizer_registry import Registry
from tokenizer_registry.chat.count import count_request

ANTHROPIC, RESPONSES = "/v1/messages/count_tokens", "/v1/responses/input_tokens"
GEMINI = "/v1beta/models/gemini-2.5-flash:countTokens"
TOKENIZE, DETOKENIZE = "/tokenize", "/detokenize"
HELLO = [{"role": "user", "content": "Hello, world"}]
CONTENTS = [{"role": "user", "parts": [{"text": "Hello, world"}]}]
VALID: dict[str, dict[str, Any]] = {
    ANTHROPIC: {"model": "claude-sonnet-4-5", "messages": HELLO},
    RESPONSES: {"model": "gpt-4o", "input": "Hello, world"},
    GEMINI: {"contents": CONTENTS},
    "/v1/models/gpt-4o:countTokens": {"contents": CONTENTS},
    TOKENIZE: {"model": "gpt-4o", "prompt": "Hello, world"},
    DETOKENIZE: {"model": "gpt-4o", "tokens": [13225, 11, 2375]},
}


@pytest.fixture(scope="module")
def anonymous(server: Server) -> Iterator[httpx2.Client]:
    """Yield a client without a key."""
    with httpx2.Client(base_url=server.url, timeout=30) as client:
        yield client


def expected(shape: str, body: Any, model: str, host: str | None = None) -> tuple[int, dict[str, str]]:
    """Return the library's count, and the headers that say how sure it is."""
    counted = count_request(Registry.from_package(), shape, body, model, host)
    assert counted.tokens is not None
    headers = {"x-token-method": counted.method, "x-token-low": str(counted.low), "x-token-high": str(counted.high)}
    return counted.tokens, headers


def token_headers(answer: httpx2.Response) -> dict[str, str]:
    """Return the headers about the count."""
    assert answer.status_code == 200, answer.text
    return {name: value for name, value in answer.headers.items() if name.startswith("x-token")}


@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "claude-3-5-sonnet-latest", "gpt-4o", "gemini-2.5-flash"])
def test_anthropics_count(anonymous: httpx2.Client, server: Server, model: str) -> None:
    """The answer is Anthropic's, for its models and for translated ones."""
    body = {"messages": HELLO, "system": "Be brief.", "tools": [{"name": "f", "input_schema": {"type": "object"}}]}
    headers = {"x-api-key": server.demo_key, "anthropic-version": "2023-06-01"}
    answer = anonymous.post(ANTHROPIC, json={"model": model, **body}, headers=headers)
    tokens, about = expected("anthropic_messages", body, model)
    assert (answer.json(), token_headers(answer)) == ({"input_tokens": tokens}, about)


def test_openais_count_with_its_sdk(server: Server) -> None:
    """The official SDK counts the input of a response, with another base URL and nothing else."""
    body: dict[str, Any] = {
        "input": [{"role": "user", "content": "How heavy is it?"}],
        "instructions": "Be brief.",
        "tools": [{"type": "function", "name": "weigh", "parameters": {"type": "object", "properties": {}}}],
    }
    tokens, _ = expected("openai_responses", body, "gpt-4o")
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.demo_key, max_retries=0) as client:
        counted = client.responses.input_tokens.count(model="gpt-4o", **body)
        assert (counted.object, counted.input_tokens) == ("response.input_tokens", tokens)
        with pytest.raises(openai.NotFoundError, match="Did you mean gpt-4o"):
            client.responses.input_tokens.count(model="gpt4-o", input="Hello")
    with (
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="wrong", max_retries=0) as wrong,
        pytest.raises(openai.AuthenticationError),
    ):
        wrong.responses.input_tokens.count(model="gpt-4o", input="Hello")


@pytest.mark.parametrize("model", ["gemini-2.5-flash", "models/gemini-2.5-flash", "gpt-4o", "openai/gpt-4o"])
@pytest.mark.parametrize("folder", ["/v1beta/models/", "/v1/models/"])
def test_geminis_count(anonymous: httpx2.Client, server: Server, folder: str, model: str) -> None:
    """The model stands in the path, and the request in the body or in a property of it."""
    body = {"contents": CONTENTS, "systemInstruction": {"parts": [{"text": "Be brief."}]}}
    tokens, about = expected("gemini_contents", body, model)
    detail = [{"modality": "TEXT", "tokenCount": tokens}]
    for sent in (body, {"generateContentRequest": {"model": model, **body}}):
        answer = anonymous.post(f"{folder}{model}:countTokens", json=sent, headers={"x-goog-api-key": server.demo_key})
        assert answer.json() == {"totalTokens": tokens, "promptTokensDetails": detail}
        assert token_headers(answer) == about


VERTEX_FOLDERS = [
    "/v1beta1/models/",
    "/v1/publishers/google/models/",
    "/v1beta1/publishers/google/models/",
    "/v1/projects/our-project/locations/us-central1/publishers/google/models/",
    "/v1beta1/projects/our-project/locations/europe-west1/publishers/google/models/",
]


@pytest.mark.parametrize("folder", VERTEX_FOLDERS)
def test_vertex_ai_counts_by_its_own_rules(client: httpx2.Client, folder: str) -> None:
    """It adds nothing to contents, where AI Studio adds 1 for each and 1 for the system's; other models are as ever."""
    body = {"contents": CONTENTS, "systemInstruction": {"parts": [{"text": "Be brief."}]}}
    tokens, about = expected("gemini_contents", body, "gemini-2.5-flash", "google-vertex")
    answer = client.post(f"{folder}gemini-2.5-flash:countTokens", json=body)
    assert (answer.json()["totalTokens"], token_headers(answer)) == (tokens, about)
    assert tokens == expected("gemini_contents", body, "gemini-2.5-flash")[0] - 1 - len(CONTENTS)
    for model, host in (("claude-sonnet-4-5@20250929", "google-vertex"), ("gpt-4o", None)):
        tokens, about = expected("gemini_contents", body, model, host)
        answer = client.post(f"{folder}{model}:countTokens", json=body)
        assert (answer.json()["totalTokens"], token_headers(answer)) == (tokens, about)


def test_media_have_their_modality(client: httpx2.Client) -> None:
    """Tokens of images stand apart from those of texts."""
    part = {"fileData": {"fileUri": "https://a.b/c.png", "mimeType": "image/png", "width": 64, "height": 64}}
    answer = client.post(GEMINI, json={"contents": [{"role": "user", "parts": [{"text": "Hello"}, part]}]}).json()
    assert [entry["modality"] for entry in answer["promptTokensDetails"]] == ["TEXT", "IMAGE"]
    assert sum(entry["tokenCount"] for entry in answer["promptTokensDetails"]) == answer["totalTokens"]


@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "claude-opus-4-1", "gpt-4o"])
def test_a_request_of_a_coding_agent(client: httpx2.Client, model: str) -> None:
    """Twenty tools and a history of 100 kB are counted like any request."""
    request = agent_request(model)
    answer = client.post(ANTHROPIC, json=request)
    tokens, about = expected("anthropic_messages", request, model)
    assert (answer.json(), token_headers(answer)) == ({"input_tokens": tokens}, about)
    assert tokens > 20_000


KEY_PLACES = [
    (ANTHROPIC, "x-api-key", ""),
    (ANTHROPIC, "Authorization", "Bearer "),
    (RESPONSES, "Authorization", "Bearer "),
    (GEMINI, "x-goog-api-key", ""),
    (GEMINI, "Authorization", "Bearer "),
    (TOKENIZE, "Authorization", "Bearer "),
    (DETOKENIZE, "Authorization", "Bearer "),
]


@pytest.mark.parametrize(("path", "name", "scheme"), KEY_PLACES)
def test_keys_stand_where_each_provider_has_them(
    anonymous: httpx2.Client, server: Server, path: str, name: str, scheme: str
) -> None:
    """A valid key is admitted and counts against its account; a wrong one and two different ones are refused."""
    answer = anonymous.post(path, json=VALID[path], headers={name: scheme + server.demo_key})
    assert answer.status_code == 200
    assert int(answer.headers["x-quota-limit-remaining-calls"]) > 0
    assert anonymous.post(path, json=VALID[path], headers={name: scheme + "wrong"}).status_code == 401
    two = [(name, scheme + server.demo_key), (name, scheme + "wrong")]
    assert anonymous.post(path, json=VALID[path], headers=two).status_code == 401


def test_geminis_key_may_stand_in_the_query(anonymous: httpx2.Client, server: Server) -> None:
    """`?key=` is read on Gemini's paths alone, and is not logged."""
    answer = anonymous.post(f"{GEMINI}?key={server.demo_key}", json=VALID[GEMINI])
    assert answer.status_code == 200
    assert anonymous.post(f"{ANTHROPIC}?key={server.demo_key}", json=VALID[ANTHROPIC]).status_code == 401
    server.wait_for(answer.headers["x-request-id"])
    line = next(line for line in server.text.splitlines() if answer.headers["x-request-id"] in line)
    assert server.demo_key not in line


def test_a_key_of_the_gateway_alone_is_refused(anonymous: httpx2.Client, server: Server) -> None:
    """The scope is that of the token API."""
    key = server.new_key("gateway-only", "--scope", "gateway")
    for path in VALID:
        assert anonymous.post(path, json=VALID[path], headers={"Authorization": f"Bearer {key}"}).status_code == 403


def fault(path: str, answer: httpx2.Response) -> tuple[str, str]:
    """Return kind and message of an error in the provider's shape."""
    body = answer.json()
    if path == ANTHROPIC:
        assert body["type"] == "error"
        assert body["request_id"] == answer.headers["x-request-id"]
        assert list(body["error"]) == ["type", "message"]
        return body["error"]["type"], body["error"]["message"]
    if path == RESPONSES:
        assert list(body["error"]) == ["message", "type", "code", "param"]
        return body["error"]["type"], body["error"]["message"]
    if path.endswith(":countTokens"):
        assert list(body["error"]) == ["code", "message", "status"]
        assert body["error"]["code"] == answer.status_code
        return body["error"]["status"], body["error"]["message"]
    assert list(body["error"]) == ["message", "type", "param", "code"]
    assert body["error"]["code"] == answer.status_code
    return body["error"]["type"], body["error"]["message"]


NO_SIZE = {"type": "image", "source": {"type": "url", "url": "https://a.b/c.png"}}
LONG = [{"role": "user", "content": "a" * 900_001}]
STORED = {"model": "gpt-4o", "input": "a", "previous_response_id": "b"}
FAULTS: list[tuple[str, Any, int, str, str]] = [
    (ANTHROPIC, {"messages": HELLO}, 400, "invalid_request_error", "model: this property is missing"),
    (ANTHROPIC, {"model": "gpt4-o", "messages": HELLO}, 404, "not_found_error", "Did you mean gpt-4o?"),
    (ANTHROPIC, {"model": "gpt-4o", "messages": [{"role": "x"}]}, 400, "invalid_request_error", "messages[0].role"),
    (
        ANTHROPIC,
        {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": [NO_SIZE]}]},
        400,
        "invalid_request_error",
        "are not known: images: messages[0].content[0]: width, height",
    ),
    (ANTHROPIC, [], 400, "invalid_request_error", "must be a JSON object"),
    (ANTHROPIC, {"model": "gpt-4o", "messages": LONG}, 413, "request_too_large", "900000"),
    (RESPONSES, {"model": "gpt-4o", "input": 5}, 400, "invalid_request_error", "input"),
    (RESPONSES, {"model": "nope", "input": ""}, 404, "invalid_request_error", "there is no model"),
    (RESPONSES, STORED, 400, "invalid_request_error", "are not known"),
    (GEMINI, {"contents": 5}, 400, "INVALID_ARGUMENT", "contents"),
    (GEMINI, {"contents": [{}], "generateContentRequest": {"contents": [{}]}}, 400, "INVALID_ARGUMENT", "one of"),
    (GEMINI, {"generateContentRequest": 5}, 400, "INVALID_ARGUMENT", "generateContentRequest: must be an object"),
    ("/v1beta/models/nope:countTokens", {"contents": [{}]}, 404, "NOT_FOUND", "there is no model"),
    (f"{VERTEX_FOLDERS[1]}nope:countTokens", {"contents": [{}]}, 404, "NOT_FOUND", "there is no model"),
    (f"{VERTEX_FOLDERS[4]}gpt-4o:countTokens", {"contents": 5}, 400, "INVALID_ARGUMENT", "contents"),
    (TOKENIZE, {"prompt": "a"}, 400, "BadRequestError", "model: must be"),
    (TOKENIZE, {"model": "nope", "prompt": "a"}, 404, "NotFoundError", "there is no model"),
    (TOKENIZE, {"model": "gpt-4o", "messages": HELLO}, 400, "BadRequestError", "the ids of a chat are not known"),
    (TOKENIZE, {"model": "gpt-4o", "prompt": "a", "add_special_tokens": True}, 400, "BadRequestError", "special"),
    (TOKENIZE, {"model": "claude-sonnet-4-5", "prompt": "a"}, 400, "BadRequestError", "is not known"),
    (DETOKENIZE, {"model": "gpt-4o", "tokens": [-1]}, 400, "BadRequestError", "tokens[0]"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "status", "kind", "words"), FAULTS)
def test_errors_have_the_providers_shape(
    client: httpx2.Client, path: str, body: Any, status: int, kind: str, words: str
) -> None:
    """A refusal has status, kind and words as the provider's SDK reads them."""
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    found, message = fault(path, answer)
    assert found == kind
    assert words in message
    assert len(message) < 1_500


EARLY = [
    (ANTHROPIC, "authentication_error", "invalid_request_error"),
    (RESPONSES, "authentication_error", "invalid_request_error"),
    (GEMINI, "UNAUTHENTICATED", "INVALID_ARGUMENT"),
    (TOKENIZE, "Unauthorized", "BadRequestError"),
    (DETOKENIZE, "Unauthorized", "BadRequestError"),
]


@pytest.mark.parametrize(("path", "no_key", "no_json"), EARLY)
def test_what_is_refused_before_the_body_has_the_shape_too(
    client: httpx2.Client, anonymous: httpx2.Client, path: str, no_key: str, no_json: str
) -> None:
    """No key, no JSON, another media type, another method: always the provider's shape, with a trace id."""
    missing = anonymous.post(path, json=VALID[path])
    assert (missing.status_code, fault(path, missing)[0]) == (401, no_key)
    broken = client.post(path, content=b"{", headers={"Content-Type": "application/json"})
    assert (broken.status_code, fault(path, broken)[0]) == (400, no_json)
    assert client.post(path, content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415
    other = client.put(path, json={})
    assert other.status_code == 405
    fault(path, other)


def test_limits_hold_for_all_calls_together(server: Server, anonymous: httpx2.Client) -> None:
    """A counting call uses up the quota of its account as a count does, and says so in the provider's shape."""
    key = server.new_key("two-calls", "--calls-per-month", "2")
    headers = {"x-api-key": key}
    assert anonymous.post(ANTHROPIC, json=VALID[ANTHROPIC], headers=headers).status_code == 200
    count = {"input": "a", "type": "text", "models": ["gpt-4o"]}
    assert anonymous.post("/v1/tokens/count", json=count, headers=headers).status_code == 200
    refused = anonymous.post(ANTHROPIC, json=VALID[ANTHROPIC], headers=headers)
    assert (refused.status_code, fault(ANTHROPIC, refused)[0]) == (429, "rate_limit_error")
    assert refused.headers["retry-after"]
    gemini = anonymous.post(GEMINI, json=VALID[GEMINI], headers={"x-goog-api-key": key})
    assert fault(GEMINI, gemini)[0] == "RESOURCE_EXHAUSTED"


def test_a_text_is_tokenized_and_back(client: httpx2.Client) -> None:
    """The ids are those of `encode`, and give the text back."""
    text = "Each lorry 你好 😀"
    found = client.post(TOKENIZE, json={"model": "gpt-4o", "prompt": text, "return_token_strs": True}).json()
    encoded = client.post("/v1/tokens/encode", json={"model": "gpt-4o", "input": text}).json()["tokens"]
    assert found["tokens"] == [token["id"] for token in encoded]
    assert found["token_strs"] == [token["text"] for token in encoded]
    assert (found["count"], found["max_model_len"]) == (len(encoded), 128_000)
    back = client.post(DETOKENIZE, json={"model": "gpt-4o", "tokens": found["tokens"]})
    assert back.json() == {"prompt": text}
    plain = client.post(TOKENIZE, json={"model": "gpt-4o", "prompt": text, "add_special_tokens": False}).json()
    assert plain == {**found, "token_strs": None}


def test_the_models_of_the_gateway_have_their_path(client: httpx2.Client) -> None:
    """A model of the gateway is looked up as before, whatever stands in its name."""
    key = client.headers["x-api-key"]
    assert client.get("/v1/models", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    unknown = client.get("/v1/models/a/b:c")
    assert json.loads(unknown.content)["error"]["code"] == "model_not_found"

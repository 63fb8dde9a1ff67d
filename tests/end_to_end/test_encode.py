"""`POST /v1/tokens/encode` over HTTP."""

import httpx2
import pytest

PATH = "/v1/tokens/encode"
SENTENCE = "Felis nunc phasellus arcu ad bibendum elementum taciti."


def test_the_tokens_are_those_that_are_counted(client: httpx2.Client) -> None:
    """A model's tokens join into the text, and are as many as its count says."""
    encoded = client.post(PATH, json={"input": SENTENCE, "model": "gpt-4o"}).raise_for_status().json()
    body = {"input": SENTENCE, "type": "text", "models": ["gpt-4o"]}
    counted = client.post("/v1/tokens/count", json=body).json()[0]["token_count"]
    assert encoded["vocabulary"] == "o200k_base"
    assert encoded["token_count"] == len(encoded["tokens"]) == counted
    assert "".join(token["text"] for token in encoded["tokens"]) == SENTENCE


def test_an_empty_text_has_no_tokens(client: httpx2.Client) -> None:
    """The empty string is answered with an empty list."""
    answer = client.post(PATH, json={"input": "", "vocabulary": "o200k_base"})
    assert answer.json() == {"vocabulary": "o200k_base", "token_count": 0, "tokens": []}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"vocabulary": "o200k_base"}, "input: this property is missing."),
        ({"input": "a"}, "Send either vocabulary or model."),
        ({"input": "a", "vocabulary": "o200k_base", "model": "gpt-4o"}, "Send either vocabulary or model."),
        ({"input": 1, "model": "gpt-4o"}, "input: must be a string, not 1."),
        ({"input": "a", "vocabulary": "o200k_bas"}, 'vocabulary: there is no vocabulary "o200k_bas". Did you mean'),
        ({"input": "a", "model": "gpt-4oo"}, 'model: there is no model "gpt-4oo". Did you mean'),
        ({"input": "a", "model": "titan-text-lite-v1"}, "model: the vocabulary of titan-text-lite-v1 is not known: "),
        ({"input": "a", "model": "command-r"}, "model: the licence of command-r does not let it travel"),
        ({"input": "a", "text": "b", "model": "gpt-4o"}, '"text" is not a property of this request'),
        ([], "The body must be a JSON object"),
    ],
)
def test_faults_are_named(client: httpx2.Client, body: object, message: str) -> None:
    """An error names the property at fault and what to do."""
    answer = client.post(PATH, json=body)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(message)


def test_a_lone_surrogate_and_a_long_text_are_refused(client: httpx2.Client) -> None:
    """Half a character is a 400, a text over the limit of this path a 413."""
    headers = {"Content-Type": "application/json"}
    half = client.post(PATH, content=b'{"input":"a\\ud83d","vocabulary":"o200k_base"}', headers=headers)
    assert half.status_code == 400
    long = client.post(PATH, json={"input": "a" * 100_001, "vocabulary": "o200k_base"})
    assert (long.status_code, long.json()["message"]) == (413, "input: the text is longer than 100000 characters.")


def test_it_takes_a_key(client: httpx2.Client) -> None:
    """Without a key it is refused like the other calls."""
    assert httpx2.post(f"{client.base_url}{PATH}", json={"input": "a", "model": "gpt-4o"}).status_code == 400

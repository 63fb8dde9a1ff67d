"""`POST /v1/tokens/truncate`, `/split` and `/decode` over HTTP."""

from itertools import pairwise
from typing import Any

import httpx2
import pytest

TEXT = "Each lorry is weighed twice: once loaded, once empty. 你好 😀\n\nThen it leaves."


def answer(client: httpx2.Client, path: str, **fields: Any) -> dict[str, Any]:
    """Return the answer to a request with this text."""
    reply = client.post(f"/v1/tokens/{path}", json={"input": TEXT, "model": "gpt-4o", **fields})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def counted(client: httpx2.Client, text: str) -> int:
    """Return the tokens of a text."""
    reply = client.post("/v1/tokens/count", json={"input": text, "type": "text", "models": ["gpt-4o"]})
    tokens: int = reply.json()[0]["token_count"]
    return tokens


@pytest.mark.parametrize("keep", ["start", "middle", "end"])
@pytest.mark.parametrize("max_tokens", [0, 1, 7, 1_000])
def test_a_text_is_truncated(client: httpx2.Client, keep: str, max_tokens: int) -> None:
    """What is kept has its place, and counts as it says."""
    found = answer(client, "truncate", max_tokens=max_tokens, keep=keep)
    assert found["text"] == TEXT[found["start"] : found["end"]]
    assert counted(client, found["text"]) == found["token_count"] <= max_tokens
    assert found["truncated"] == (max_tokens < 1_000)


@pytest.mark.parametrize("at", ["token", "sentence", "paragraph", "line"])
def test_a_text_is_split(client: httpx2.Client, at: str) -> None:
    """The pieces less their overlaps are the text."""
    pieces = answer(client, "split", max_tokens=8, overlap_tokens=3, at=at)["pieces"]
    joined = ""
    for piece in pieces:
        assert piece["text"] == TEXT[piece["start"] : piece["end"]]
        assert counted(client, piece["text"]) == piece["token_count"] <= 8
        joined += TEXT[len(joined) : piece["end"]]
    assert joined == TEXT
    assert all(after["start"] <= before["end"] for before, after in pairwise(pieces))


def test_tokens_are_decoded(client: httpx2.Client) -> None:
    """The ids of a text give it back; a part of a character does not."""
    encoded = client.post("/v1/tokens/encode", json={"input": TEXT, "model": "gpt-4o"}).json()
    ids = [token["id"] for token in encoded["tokens"]]
    found = client.post("/v1/tokens/decode", json={"tokens": ids, "vocabulary": "o200k_base"}).json()
    assert found == {"vocabulary": "o200k_base", "text": TEXT, "complete": True}
    part = client.post("/v1/tokens/decode", json={"tokens": [ids[0], 222], "model": "gpt-4o"}).json()
    assert part["complete"] is False


@pytest.mark.parametrize(
    ("path", "fields", "sentence"),
    [
        ("truncate", {"max_tokens": -1}, "max_tokens: must be a whole number"),
        ("truncate", {"max_tokens": 1, "keep": "all"}, "keep: must be one of start, end, middle"),
        ("truncate", {"max_tokens": 1, "model": "claude-sonnet-4-5"}, "vocabulary of claude-sonnet-4-5 is not known"),
        ("truncate", {"max_tokens": 1, "vocabulary": "o200k_base"}, "either vocabulary or model"),
        ("truncate", {}, "max_tokens: this property is missing"),
        ("split", {"max_tokens": 0}, "max_tokens: must be a whole number"),
        ("split", {"max_tokens": 4, "overlap_tokens": 3}, "overlap_tokens: must be a whole number from 0 to 2"),
        ("split", {"max_tokens": 1}, "max_tokens: 1 tokens are too few: the character at"),
        ("split", {"max_tokens": 1, "input": "a " * 20_000}, "more than 10,000 pieces"),
        ("split", {"max_tokens": 4, "at": "word"}, "at: must be one of token"),
        ("split", {"max_tokens": 4, "input": 5}, "input: must be a string"),
    ],
)
def test_what_is_wrong_is_named(client: httpx2.Client, path: str, fields: dict[str, Any], sentence: str) -> None:
    """A refusal names the property and the fault."""
    reply = client.post(f"/v1/tokens/{path}", json={"input": "𓀀 𓀀 𓀀", "model": "gpt-4o", **fields})
    assert reply.status_code == 400
    assert sentence in reply.json()["message"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"tokens": [1, -5]}, "tokens[1]: o200k_base has no token -5"),
        ({"tokens": [True]}, "tokens[0]: must be the id of a token, not true"),
        ({"tokens": [10**90]}, "tokens[0]: o200k_base has no token"),
        ({"tokens": 1}, "tokens: must be a list of ids"),
        ({"tokens": [1], "vocabulary": "bert-uncased"}, "cannot be turned back into a text"),
        ({"tokens": [1], "vocabulary": "nope"}, "there is no vocabulary"),
    ],
)
def test_tokens_that_are_none_are_named(client: httpx2.Client, fields: dict[str, Any], sentence: str) -> None:
    """A refusal names the place of what is no token, and a vocabulary that cannot be decoded."""
    reply = client.post("/v1/tokens/decode", json={"vocabulary": "o200k_base", **fields})
    assert reply.status_code == 400
    assert sentence in reply.json()["message"]


def test_too_long_a_text_is_refused(client: httpx2.Client) -> None:
    """The limits are those of a count."""
    for path in ("truncate", "split"):
        reply = client.post(f"/v1/tokens/{path}", json={"input": "a" * 900_001, "model": "gpt-4o", "max_tokens": 9})
        assert reply.status_code == 413
        reply = client.post(
            f"/v1/tokens/{path}", json={"input": "\ufdfa" * 200_000, "model": "gpt-4o", "max_tokens": 9}
        )
        assert reply.status_code == 413

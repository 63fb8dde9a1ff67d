"""The size of whole calls: the same as the count of the request that is sent, in a short way where there is one."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.gateway.chat_sizes import ChatSize, ChatSizes, chat_sizes, host_of
from service.gateway.prepared_call import PromptCounter, PromptSize
from service.gateway.request import ChatRequest, ChatRequests
from service.http.context import InFlight
from service.http.errors import Refusal
from service.tokens.counting_pool import UNNAMED, CountingPool, TextLimits
from tokenizer_registry import Registry
from tokenizer_registry.chat.count import count_request

OPENAI = "https://api.openai.com/v1"
SYSTEM = "Be brief."
TOOL = {"type": "function", "function": {"name": "weigh", "parameters": {"type": "object", "properties": {}}}}
REGISTRY = Registry.from_package()
REQUESTS = ChatRequests("cipher", ("documents",), with_reasoning=False)
ASKED: dict[str, Any] = {"messages": [{"role": "user", "content": "What is the weight of a lorry?"}]}


def parsed(body: dict[str, Any]) -> ChatRequest:
    """Return the request of a valid body."""
    found = REQUESTS.parse(json.dumps({"model": "cipher", **body}).encode())
    assert isinstance(found, ChatRequest), found
    return found


def sizes_of(model: str, url: str = OPENAI) -> ChatSizes:
    """Return what counts for a model that has rules."""
    found = chat_sizes(REGISTRY, model, url, SYSTEM)
    assert found is not None
    return found


def counted(model: str, body: dict[str, Any], host: str) -> ChatSize:
    """Return the count of the request that the upstream gets."""
    sent = {**body, "messages": [{"role": "system", "content": SYSTEM}, *body["messages"]]}
    found = count_request(REGISTRY, "openai_chat", sent, model, host)
    return ChatSize(found.tokens, found.high)


MESSAGE = st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": st.text(max_size=40)})


@pytest.mark.parametrize(
    ("model", "url", "host"),
    [
        ("gpt-4o", OPENAI, "openai"),
        ("gpt-4", "https://team.openai.azure.com/openai", "azure-openai"),
        ("gpt-5", "http://127.0.0.1:8000/v1", "127.0.0.1"),
        ("claude-opus-4-5", "https://openrouter.ai/api/v1", "openrouter"),
    ],
)
@settings(max_examples=60, deadline=None)
@given(messages=st.lists(MESSAGE, min_size=1, max_size=5))
def test_the_short_way_has_the_same_size(model: str, url: str, host: str, messages: list[dict[str, str]]) -> None:
    """For any plain texts in any order of roles, of a known host or not."""
    asked = ChatRequest(tuple(messages), {"temperature": 1}, (), None, stream=False, include_usage=False)
    assert sizes_of(model, url).size(asked) == counted(model, {"messages": messages}, host)


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [TOOL]},
        {"tools": [TOOL], "tool_choice": "required"},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}},
        {"messages": [{"role": "user", "content": "hi", "name": "ada"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]},
    ],
)
def test_tools_schemas_and_names_are_counted(more: dict[str, Any]) -> None:
    """What is not plain text is counted as the whole request is."""
    body = {**ASKED, **more}
    assert sizes_of("gpt-4o").size(parsed(body)) == counted("gpt-4o", body, "openai")


def test_a_property_that_the_gateway_does_not_know_has_no_size() -> None:
    """An operator may forward it, and its tokens are not known."""
    assert sizes_of("gpt-4o").size(parsed({**ASKED, "documents": ["a b c"]})) == (None, None)


def test_models_without_rules_have_no_sizes() -> None:
    """Neither an unknown name nor a model of which no frame is known."""
    assert [chat_sizes(REGISTRY, name, OPENAI, None) for name in ("secret-7b", "claude-2.1")] == [None, None]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://api.openai.com/v1", "openai"),
        ("https://us-central1-aiplatform.googleapis.com/v1", "google-vertex"),
        ("https://api.openai.com.example.org", "api.openai.com.example.org"),
        ("http://evil-api.openai.com", "openai"),
        ("http://localhost:8080", "localhost"),
        ("", ""),
    ],
)
def test_hosts_are_found_by_their_servers(url: str, host: str) -> None:
    """A server of no known host keeps its name, for which no rule was compared."""
    assert host_of(url) == host


@pytest.fixture
def pool() -> Iterator[CountingPool]:
    """Return a pool for texts of at most 5,000 characters."""
    made = CountingPool(REGISTRY, TextLimits(5_000, 20_000), InFlight(1 << 20), threads=1)
    yield made
    made.close()


def counter(pool: CountingPool, model: str) -> PromptCounter:
    """Return the counter of a gateway in front of OpenAI."""
    return PromptCounter(pool, "o200k_base", SYSTEM, chat_sizes(REGISTRY, model, OPENAI, SYSTEM))


@pytest.mark.anyio
@pytest.mark.parametrize("words", [1, 900])
async def test_a_hold_is_the_high_bound_of_the_count(pool: CountingPool, words: int) -> None:
    """On the event loop or in a thread."""
    body = {"messages": [{"role": "user", "content": "word " * words}], "tools": [TOOL]}
    found = await counter(pool, "gpt-4o").size(parsed(body), UNNAMED)
    assert isinstance(found, PromptSize)
    assert tuple(found) == tuple(counted("gpt-4o", body, "openai"))
    assert found.bound > found.counted


@pytest.mark.anyio
async def test_without_a_count_texts_and_a_margin_are_held(pool: CountingPool) -> None:
    """A model without rules, and a request without a count, are held as before; known images are within the bound."""
    request = parsed({**ASKED, "documents": ["a b c"]})
    known = await counter(pool, "gpt-4o").size(request, UNNAMED)
    assert known == await counter(pool, "secret-7b").size(request, UNNAMED)
    assert isinstance(known, PromptSize)
    assert known.bound > known.counted + 64


@pytest.mark.anyio
@pytest.mark.parametrize(("content", "status"), [("x" * 6_000, 413), ("\ud800", 400)])
async def test_what_cannot_be_counted_is_refused(pool: CountingPool, content: str, status: int) -> None:
    """The limits of texts and the refusal of surrogates hold for whole requests too, and name the messages."""
    request = ChatRequest(
        ({"role": "user", "content": content},), {}, (content,), None, stream=False, include_usage=False
    )
    found = await counter(pool, "gpt-4o").size(request, UNNAMED)
    assert isinstance(found, Refusal)
    assert found.status == status
    assert "messages" in found.message


@pytest.mark.parametrize(("model", "is_short"), [("gpt-4o", True), ("gemini-2.5-pro", True), ("qwen3-32b", False)])
def test_templates_are_not_short_work(model: str, is_short: bool) -> None:
    """A rendering takes longer than the event loop may wait; constants do not."""
    assert sizes_of(model).is_short_work is is_short

"""Providers' counts replace estimates if a provider answers, and fail no call if it does not."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from service.tokens.providers import counts as counts_module
from service.tokens.providers.client import ProviderClient
from service.tokens.providers.counts import REST_SECONDS, ProviderCounts
from service.tokens.providers.endpoints import ENDPOINTS, CountingProvider
from tests.logs import lines_of
from tests.service.clocks import Clock
from tests.service.tokens.providers.fake_provider import KEY, VOCABULARY, FakeProvider, running
from tests.tokenizer_registry.shipped import shared_registry
from tokenizer_registry import Count, Model

pytestmark = pytest.mark.anyio

TEXT = "Felis nunc phasellus arcu ad bibendum elementum taciti."
MODELS = {
    model.name: model
    for model in (
        Model("claude-x", "Anthropic", "Claude X"),
        Model("claude-y", "Anthropic", "Claude Y"),
        Model("gemini-x", "Google", "Gemini X"),
        Model("gemma-x", "Google", "Gemma X"),
        Model("gpt-x", "OpenAI", "GPT X"),
        Model("grok-x", "xAI", "Grok X"),
    )
}
FAILED = "provider_count_failed"
ESTIMATE = Count(99, None, "estimate", "large")
EXPECTED = Count(shared_registry().vocabulary(VOCABULARY).count(TEXT), None, "provider")


@pytest.fixture
def fake() -> Iterator[FakeProvider]:
    """Yield a fake server for all three providers."""
    with running() as server:
        yield server


@asynccontextmanager
async def asking(
    url: str, clock: Clock | None = None, *, key: str = KEY, timeout_seconds: float = 5
) -> AsyncIterator[ProviderCounts]:
    """Return the counts of all three providers at one address."""
    client = ProviderClient(timeout_seconds)
    client.open()  # as a server does that has providers
    providers = [CountingProvider(name, endpoint, url, key) for name, endpoint in ENDPOINTS.items()]
    clock = clock or Clock()
    yield ProviderCounts(providers, MODELS, client, timeout_seconds=timeout_seconds, clock=clock.monotonic)
    await client.close()


async def improved(counts: ProviderCounts, *models: str, text: str = TEXT) -> list[Count]:
    """Return estimates of these models, replaced by providers' counts."""
    return await counts.improve(text, models, [ESTIMATE] * len(models))


async def test_each_provider_counts_its_own_models(fake: FakeProvider) -> None:
    """Each provider is asked in its own format, for its own models, and the frame around a text is subtracted."""
    names = ["claude-x", "gemini-x", "gpt-x", "gemma-x", "grok-x"]
    async with asking(fake.url) as counts:
        assert await improved(counts, *names) == [EXPECTED] * 3 + [ESTIMATE] * 2
    assert {model for model, _ in fake.asked} == {"claude-x", "gemini-x", "gpt-x"}
    assert fake.texts("claude-x") == ["a", TEXT]


async def test_exact_counts_and_empty_texts_are_not_asked_for(fake: FakeProvider) -> None:
    """Nothing is sent for an exact count, for an empty text, or where no provider is enabled."""
    exact, zero = Count(14, "o200k_base", "exact"), ESTIMATE._replace(tokens=0)
    async with asking(fake.url) as counts:
        assert await counts.improve(TEXT, ["gpt-x"], [exact]) == [exact]
        assert await counts.improve("", ["gpt-x"], [zero]) == [zero]
        none = ProviderCounts([], MODELS, ProviderClient(1), timeout_seconds=1, clock=Clock().monotonic)
        assert await improved(none, "gpt-x") == [ESTIMATE]
    assert fake.asked == []


async def test_an_answer_is_remembered(fake: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text is sent once for a model, and its frame once; the cache is limited, and drops the oldest answer first."""
    monkeypatch.setattr(counts_module, "MAX_CACHED", 2)
    async with asking(fake.url) as counts:
        for _ in range(3):
            assert await improved(counts, "claude-x", "claude-x") == [EXPECTED] * 2
        assert fake.texts("claude-x") == ["a", TEXT]
        await improved(counts, "claude-x", text="two")
        await improved(counts, "claude-x")
        await improved(counts, "claude-x", text="three")
        await improved(counts, "claude-x")
        assert fake.texts("claude-x") == ["a", TEXT, "two", "three"]
        await improved(counts, "claude-x", text="two")
        assert fake.texts("claude-x") == ["a", TEXT, "two", "three", "two"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"oops"),
        (401, b"{}"),
        (403, b"{}"),
        (429, b"{}"),
        (307, b"{}"),
        (200, b"<html>"),
        (200, b""),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"input_tokens": "9"}'),
        (200, b'{"input_tokens": true}'),
        (200, b'{"input_tokens": -1}'),
        (200, b'{"input_tokens": 1e3}'),
        (200, b'{"input_tokens": 99999999999}'),
        (200, b'{"input_tokens": 9, "more": "' + b"x" * 100_000 + b'"}'),
        (200, b"[" * 60_000),
    ],
)
async def test_a_provider_that_fails_is_left_alone_for_a_while(fake: FakeProvider, status: int, body: bytes) -> None:
    """The estimate is kept, one line gives the reason, and the provider is asked again only after a pause."""
    clock = Clock()
    async with asking(fake.url, clock) as counts:
        fake.status, fake.body = status, body
        with capture_logs() as logs:
            assert await improved(counts, "claude-x") == [ESTIMATE]
        (line,) = lines_of(FAILED, logs)
        assert (line["provider"], line["model"]) == ("anthropic", "claude-x")
        assert KEY not in str(logs)
        fake.status, fake.body, sent = 200, None, len(fake.asked)
        assert await improved(counts, "claude-x", "claude-y", "gpt-x") == [ESTIMATE, ESTIMATE, EXPECTED]
        assert fake.texts("claude-y") == []
        assert len(fake.asked) == sent + 2
        clock.advance(REST_SECONDS)
        assert await improved(counts, "claude-x", "claude-y") == [EXPECTED] * 2


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_refused_text_is_no_fault_of_the_provider(fake: FakeProvider, status: int) -> None:
    """A text that the provider refuses is estimated, and the next text is sent."""
    async with asking(fake.url) as counts:
        fake.status = status
        assert await improved(counts, "claude-x") == [ESTIMATE]
        fake.status = 200
        assert await improved(counts, "claude-x") == [EXPECTED]


async def test_an_unknown_model_is_left_alone_by_itself(fake: FakeProvider) -> None:
    """A model that the provider does not know is not sent again; its other models are."""
    fake.unknown_models = {"claude-x"}
    async with asking(fake.url) as counts:
        for _ in range(3):
            assert await improved(counts, "claude-x", "claude-y") == [ESTIMATE, EXPECTED]
    assert len(fake.texts("claude-x")) == 1


async def test_a_wrong_key_leaves_the_estimate_and_no_trace_of_itself(fake: FakeProvider) -> None:
    """A key that is refused is not in the log."""
    async with asking(fake.url, key="sk-wrong-key-9876") as counts:
        with capture_logs() as logs:
            assert await improved(counts, "claude-x", "gemini-x", "gpt-x") == [ESTIMATE] * 3
    assert [line["reason"] for line in lines_of(FAILED, logs)] == ["HTTP 401"] * 3
    assert "sk-wrong" not in str(logs)


async def test_a_silent_provider_costs_a_bounded_wait(fake: FakeProvider) -> None:
    """A provider that does not answer is given up after one time-out for all models, and not asked for a while."""
    fake.go_on.clear()
    async with asking(fake.url, timeout_seconds=0.2) as counts:
        assert await improved(counts, "claude-x", "claude-y") == [ESTIMATE] * 2
        assert await improved(counts, "claude-x", "claude-y") == [ESTIMATE] * 2
    assert sorted(fake.asked) == [("claude-x", "a"), ("claude-y", "a")]


async def test_an_unreachable_provider_leaves_the_estimate(fake: FakeProvider) -> None:
    """With a refused connection or an invalid address the estimate is kept."""
    for url in ("http://127.0.0.1:1", "http://[::", "http://host name"):
        async with asking(url) as counts:
            assert await improved(counts, "claude-x") == [ESTIMATE]


async def test_a_provider_does_not_print_its_key(fake: FakeProvider) -> None:
    """The repr of a provider does not contain its key."""
    assert KEY not in repr(CountingProvider("openai", ENDPOINTS["openai"], fake.url, KEY))

"""The gateway in front of a real second gateway: LiteLLM's proxy with a mocked model, called by OpenAI's client."""

from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest

from tests.end_to_end.conftest import SETTINGS
from tests.end_to_end.server import Server, running
from tests.litellm_proxy import ABSENT, KEY, MODEL, is_installed, litellm_proxy, mocked

pytestmark = pytest.mark.skipif(not is_installed(), reason=ABSENT)
ANSWER = "Hello from behind two gateways."
MESSAGES: Any = [{"role": "user", "content": "Hello!"}]
# The proxy's answer for a mocked model, for every request: ₹0.000025 and ₹0.0001 a token make this cost.
TOKENS, COST = (10, 20), "0.002250"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Our gateway before the proxy."""
    folder = tmp_path_factory.mktemp("litellm")
    with litellm_proxy(folder, mocked(ANSWER)) as url:
        settings = {**SETTINGS, "UPSTREAM_URL": url, "UPSTREAM_API_KEY": KEY, "UPSTREAM_MODEL": MODEL}
        with running(folder / "data", settings) as started:
            yield started


@pytest.fixture
def sdk(server: Server) -> Iterator[openai.OpenAI]:
    """The official client."""
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.demo_key, max_retries=0) as client:
        yield client


def last_call(server: Server) -> dict[str, Any]:
    """What the usage look-up says of the newest call."""
    page = httpx2.get(f"{server.url}/api/gateway/usage", headers={"X-API-Key": server.demo_key}).json()
    call: dict[str, Any] = page["data"][0]
    return call


def test_a_whole_answer_through_two_gateways(sdk: openai.OpenAI, server: Server) -> None:
    """The proxy's answer comes through in our name, and the tokens that it reports are charged."""
    raw = sdk.chat.completions.with_raw_response.create(model="cipher", messages=MESSAGES)
    answer = raw.parse()
    assert (answer.model, answer.choices[0].message.content) == ("cipher", ANSWER)
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == TOKENS
    assert raw.headers["x-request-cost-inr"] == last_call(server)["request_cost_inr"] == COST


@pytest.mark.parametrize("asked", [False, True])
def test_a_stream_through_two_gateways(sdk: openai.OpenAI, server: Server, asked: bool) -> None:
    """The proxy's stream comes through; its usage, which stands in a chunk with a choice, is charged as it says, and
    passed on where it was asked for."""
    options: Any = {"stream_options": {"include_usage": True}} if asked else {}
    text, billing, usage = "", None, None
    for chunk in sdk.chat.completions.create(model="cipher", messages=MESSAGES, stream=True, **options):
        assert chunk.model == "cipher"
        text += "".join(choice.delta.content or "" for choice in chunk.choices)
        billing = (chunk.model_extra or {}).get("billing") or billing
        usage = chunk.usage or usage
    call = last_call(server)
    assert text == ANSWER
    assert billing is not None
    counted = (call["prompt_tokens"], call["completion_tokens"])
    assert (billing["tokens_input"], billing["tokens_output"]) == counted
    assert (usage and (usage.prompt_tokens, usage.completion_tokens)) == (counted if asked else None)
    assert (billing["request_cost_inr"], call["estimated"]) == (call["request_cost_inr"], False)

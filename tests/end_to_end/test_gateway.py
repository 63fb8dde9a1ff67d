"""The gateway of a real server, called by the official client of OpenAI and by plain HTTP."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from tests.end_to_end.commands import weighbridge
from tests.end_to_end.conftest import SETTINGS
from tests.end_to_end.hostile import Case, cases, filled, json_body
from tests.end_to_end.processes import wait_until_refused
from tests.end_to_end.server import Server, running
from tests.fake_upstream import (
    DONE,
    FINISH,
    MODEL,
    Cut,
    FakeUpstream,
    Script,
    Stall,
    fake_upstream,
    said,
    usage_chunk,
    usual,
)
from tests.promises.figure import Figure

pytestmark = pytest.mark.anyio
CALLS = 50
CHAT = "/v1/chat/completions"
HELLO: dict[str, Any] = {"model": "cipher", "messages": [{"role": "user", "content": "hello"}]}
MESSAGES: Any = HELLO["messages"]


def settings(upstream: FakeUpstream) -> dict[str, str]:
    """What an operator sets."""
    return {
        **SETTINGS,
        "UPSTREAM_URL": upstream.url,
        "UPSTREAM_MODEL": MODEL,
        "UPSTREAM_VOCABULARY": "cl100k_base",
        "UPSTREAM_API_KEY": "upstream-secret",
        "UPSTREAM_TIMEOUT_SECONDS": "5",
        "SHUTDOWN_TIMEOUT_SECONDS": "3",
        "CREDIT_WELCOME_INR": "10",
        "LOG_LEVEL": "debug",
    }


@pytest.fixture(scope="module")
def running_upstream() -> Iterator[FakeUpstream]:
    """One for all tests here."""
    with fake_upstream() as upstream:
        yield upstream


@pytest.fixture(autouse=True)
def upstream(running_upstream: FakeUpstream) -> FakeUpstream:
    """As good as new."""
    running_upstream.answer = usual
    running_upstream.seen.clear()
    return running_upstream


@pytest.fixture(scope="module")
def server(running_upstream: FakeUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two workers, and in the end nothing of a secret in what they printed."""
    with running(tmp_path_factory.mktemp("gateway") / "data", settings(running_upstream), "--workers", "2") as started:
        yield started
        started.stop()
        printed = started.text.replace(started.demo_key, "", 2)
        assert started.demo_key.removeprefix("atms_sk_") not in printed
        assert "upstream-secret" not in printed
        assert "Traceback" not in printed


@pytest.fixture
def sdk(server: Server) -> Iterator[openai.OpenAI]:
    """The official client, as its users set it up."""
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.demo_key, max_retries=0) as client:
        yield client


def test_promise_26_the_official_client(sdk: openai.OpenAI) -> None:
    """The official client lists the model and gets a whole answer, with its usage and the headers of its bill."""
    assert [model.id for model in sdk.models.list()] == ["cipher"]
    raw = sdk.chat.completions.with_raw_response.create(model="cipher", messages=MESSAGES)
    answer = raw.parse()
    assert answer.choices[0].message.content == "Hello world"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (10, 20)
    assert raw.headers["x-request-cost-inr"] == "0.002250"


@pytest.mark.parametrize("asked", [False, True])
def test_promise_26_the_official_client_streams(sdk: openai.OpenAI, asked: bool, figure: Figure) -> None:
    """The usual loop over a stream works, careless code too unless it asked for the chunk without choices."""
    options: Any = {"stream_options": {"include_usage": True}} if asked else {}
    text, usages, billing = "", [], None
    for chunk in sdk.chat.completions.create(model="cipher", messages=MESSAGES, stream=True, **options):
        if not asked or chunk.choices:
            text += chunk.choices[0].delta.content or ""
        if chunk.usage is not None:
            usages.append((chunk.usage.prompt_tokens, chunk.usage.completion_tokens))
        billing = (chunk.model_extra or {}).get("billing") or billing
    assert (text, usages) == ("Hello world", [(10, 20)] if asked else [])
    assert billing is not None
    assert billing["request_cost_inr"] == "0.002250"
    figure(f"openai {openai.__version__}")


async def test_promise_26_the_official_client_streams_asynchronously(server: Server) -> None:
    """The asynchronous client gets answers and streams as well."""
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key=server.demo_key, max_retries=0) as client:
        whole = await client.chat.completions.create(model="cipher", messages=MESSAGES)
        assert whole.choices[0].message.content == "Hello world"
        stream = await client.chat.completions.create(model="cipher", messages=MESSAGES, stream=True)
        pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
    assert "".join(pieces) == "Hello world"


def test_promise_24_the_official_client_sees_a_broken_stream(sdk: openai.OpenAI, upstream: FakeUpstream) -> None:
    """A stream that breaks off raises in the client, after the text that was delivered; it is no quiet end."""
    upstream.answer = lambda _: Script([*said("Hello", " wor"), Cut])
    pieces: list[str] = []
    stream = sdk.chat.completions.create(model="cipher", messages=MESSAGES, stream=True)
    with pytest.raises(openai.APIError, match="broke off"):
        pieces.extend(chunk.choices[0].delta.content or "" for chunk in stream)
    assert "".join(pieces) == "Hello wor"


def test_promise_16_the_official_clients_errors(server: Server) -> None:
    """Each refusal arrives as the client's own kind of error, with the code."""
    for key, model, limit, kind, code in (
        ("abc", "cipher", 1, openai.AuthenticationError, "invalid_key_format"),
        ("atms_sk_" + "0" * 38, "cipher", 1, openai.AuthenticationError, "invalid_api_key"),
        (server.demo_key, "gpt-4o", 1, openai.NotFoundError, "model_not_found"),
        (server.demo_key, "cipher", 0, openai.BadRequestError, "invalid_request"),
        (server.demo_key, "cipher", 16384, openai.APIStatusError, "insufficient_credits"),
    ):
        with openai.OpenAI(base_url=f"{server.url}/v1", api_key=key) as client, pytest.raises(kind) as error:
            client.chat.completions.create(model=model, messages=MESSAGES, max_tokens=limit, n=16)
        assert error.value.code == code


@pytest.mark.parametrize("case", cases("json_chat"), ids=str)
def test_hostile_chats(case: Case, server: Server, upstream: FakeUpstream) -> None:
    """A body that is no chat request is refused in the gateway's shape, and nothing evil goes upstream."""
    headers = {"X-API-Key": server.demo_key, "Content-Type": "application/json"}
    answer = httpx2.post(f"{server.url}{CHAT}", content=json_body(case.spec, HELLO, {}), headers=headers)
    assert answer.status_code in case.statuses
    if answer.status_code != 200:
        error = answer.json()["error"]
        assert (error["type"], error["code"]) == ("invalid_request_error", "invalid_request")
        assert upstream.seen == []
    assert "be evil" not in json.dumps(upstream.seen)


@pytest.mark.parametrize("case", cases("json_count"), ids=str)
def test_hostile_bodies_on_the_gateway(case: Case, server: Server) -> None:
    """What is no JSON object with model and messages is a 4xx in the gateway's shape."""
    headers = {"X-API-Key": server.demo_key, "Content-Type": "application/json"}
    answer = httpx2.post(f"{server.url}{CHAT}", content=json_body(case.spec, HELLO, {"model": "x"}), headers=headers)
    assert answer.status_code in (200, 400, 413)
    assert answer.status_code == 200 or set(answer.json()) == {"error"}


@pytest.mark.parametrize("case", [c for c in cases("request") if "path" in c.spec], ids=str)
def test_hostile_requests(case: Case, server: Server) -> None:
    """Keys in odd forms get the status that is documented."""
    places = {"gateway_key": server.demo_key}
    head = [f"GET {case.spec['path']} HTTP/1.1", "Host: test", "Connection: close"]
    head += [f"{name}: {filled(value, places)}" for name, value in case.spec["headers"]]
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode("latin-1"))
        reply = connection.makefile("rb").read()
    assert int(reply.split(maxsplit=2)[1]) in case.statuses
    if case.shape == "A":
        assert json.loads(reply.partition(b"\r\n\r\n")[2])["error"]["code"].endswith(("_key", "_format"))


def test_commands_grant_the_services_welcome_credit(server: Server) -> None:
    """`keys create` grants what the service on the database grants, not what its shell says, and prints it, once."""
    printed = weighbridge(server, "keys", "create", "--account", "elsewhere", CREDIT_WELCOME_INR="99")
    server.keys.append(printed.split()[-1])
    assert "Account elsewhere starts with a credit of INR 10.000000." in printed
    for account, granted in (("elsewhere", None), ("another", "10.000000")):
        made = json.loads(
            weighbridge(server, "keys", "create", "--account", account, "--json", CREDIT_WELCOME_INR="99")
        )
        server.keys.append(made["secret"])
        assert made.get("welcome_credit_inr") == granted
    assert "10.0000" in weighbridge(server, "credits", "show", "elsewhere", CREDIT_WELCOME_INR="99")


def test_promise_19_fifty_calls_for_the_price_of_three(server: Server, upstream: FakeUpstream) -> None:
    """Through two workers at once, exactly as many calls succeed as the balance pays for; the rest get 402."""
    key = server.new_key("racer")  # with 10 rupees; each call below takes 3.28
    greedy = {"choices": [{"message": {}}], "usage": {"prompt_tokens": 0, "completion_tokens": 10**9}}
    upstream.answer = lambda _: Script([json.dumps(greedy).encode()], content_type="application/json")
    body = {**HELLO, "max_tokens": 16_384, "n": 2}

    headers = {"X-API-Key": key}
    with httpx2.Client(base_url=server.url, headers=headers, timeout=60) as client, ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: client.post(CHAT, json=body), range(CALLS)))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [402] * (CALLS - 3)
    refused = [answer.json()["error"] for answer in answers if answer.status_code == 402]
    assert {error["code"] for error in refused} == {"insufficient_credits"}
    page = httpx2.get(f"{server.url}/api/gateway/usage", headers={"X-API-Key": key}).json()
    assert page["credit_held_inr"] == "0.000000"
    spent = sum(Decimal(call["request_cost_inr"]) for call in page["data"])
    assert Decimal(10) - spent - Decimal(page["credit_balance_inr"]) < Decimal("0.0001")


def test_promise_37_sigterm_with_open_streams(tmp_path: Path, upstream: FakeUpstream) -> None:
    """On SIGTERM new connections are refused; streams that can end do, the others get an error event in time."""
    stall = Stall()
    upstream.answer = lambda body: Script(
        [*said("Hello"), *([stall] if body["max_tokens"] == 1 else [Stall()]), FINISH, usage_chunk(1, 2), DONE]
    )
    with running(tmp_path / "data", settings(upstream)) as server:
        headers = {"X-API-Key": server.demo_key}
        with httpx2.Client(base_url=server.url, headers=headers, timeout=20) as client:
            endings = []
            with (
                client.stream("POST", CHAT, json={**HELLO, "stream": True, "max_tokens": 1}) as good,
                client.stream("POST", CHAT, json={**HELLO, "stream": True, "max_tokens": 2}) as bad,
            ):
                server.process.terminate()
                wait_until_refused(server.port)
                stall.go()
                endings = [stream.read().decode() for stream in (good, bad)]
        assert endings[0].endswith("data: [DONE]\n\n")
        assert "The service is restarting" in endings[1]
        assert "[DONE]" not in endings[1]
        assert server.process.wait(timeout=10) is not None
        assert "Traceback" not in server.text

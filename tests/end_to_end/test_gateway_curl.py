"""The examples of docs/gateway.md, run by a real curl as they stand; only the host is another."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.conftest import SETTINGS
from tests.end_to_end.server import Server, running
from tests.fake_upstream import MODEL, FakeUpstream, fake_upstream
from tests.service.gateway.served_gateway import events_of

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
PAGE = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```(?:\n```json\n(.*?)```)?", PAGE, re.DOTALL)
MODELS, CHAT, STREAM, HEADERS, ERRORS = (block for block in BLOCKS if "curl " in block[0])
ADDRESS = "http://127.0.0.1:8000"
EXAMPLE_KEY = "atms_sk_YOUR_KEY_HERE"
TOP_UP_URL = "https://example.org/top-up"
BILLING = ("x-credit-balance-inr", "x-credit-spent-inr", "x-request-cost-inr", "x-tokens-input", "x-tokens-output")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service with the answers of a scripted upstream, where an account begins with ten rupees."""
    folder = tmp_path_factory.mktemp("curl")
    with fake_upstream() as upstream, running(folder / "data", settings(upstream)) as started:
        yield started


def settings(upstream: FakeUpstream) -> dict[str, str]:
    """What an operator sets."""
    return {
        **SETTINGS,
        "UPSTREAM_URL": upstream.url,
        "UPSTREAM_MODEL": MODEL,
        "CREDIT_TOP_UP_URL": TOP_UP_URL,
        "CREDIT_WELCOME_INR": "10",
        "GATEWAY_OUTPUT_TOKENS": "4096",
    }


def run(example: str, server: Server, key: str, folder: Path) -> str:
    """What the example prints, in a folder of its own."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", example.replace(ADDRESS, server.url)],
        env={"PATH": os.environ["PATH"], "ATOMESUS_API_KEY": key},
        cwd=folder, check=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    return done.stdout.decode()


def names_of(head: str) -> dict[str, str]:
    """The headers of a reply as it is printed."""
    lines = (line.partition(":") for line in head.splitlines()[1:])
    return {name.lower(): value.strip() for name, _, value in lines}


def is_the_documented_answer(body: str) -> bool:
    """The properties of the document in its order, and the values that it names."""
    answer = json.loads(body)
    (choice,) = answer["choices"]
    return (
        list(answer) == ["id", "object", "created", "model", "choices", "usage", "system_fingerprint"]
        and answer["id"].startswith("chatcmpl-")
        and (answer["object"], answer["model"], answer["system_fingerprint"])
        == ("chat.completion", "cipher", "atms-fp-1")
        and isinstance(answer["created"], int)
        and choice == {"index": 0, "message": {"role": "assistant", "content": "Hello world"}, "finish_reason": "stop"}
        and list(choice) == ["index", "message", "finish_reason"]
        and answer["usage"] == {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    )


def test_list_models(server: Server, tmp_path: Path) -> None:
    """The list of models is the one of the page, to the byte."""
    assert run(MODELS[0], server, server.demo_key, tmp_path) == MODELS[1].strip()


def test_chat_with_its_head(server: Server, tmp_path: Path) -> None:
    """With `-i` the head has every billing header, and the body is the documented answer."""
    head, _, body = run(CHAT[0], server, server.demo_key, tmp_path).partition("\r\n\r\n")
    headers = names_of(head)
    assert head.startswith("HTTP/1.1 200")
    assert [name for name in BILLING if name not in headers] == []
    assert re.fullmatch(r"\d+\.\d{4}", headers["x-credit-balance-inr"])
    assert (headers["x-request-cost-inr"], headers["x-powered-by"]) == ("0.002250", "atomesus")
    assert (headers["x-tokens-input"], headers["x-tokens-output"]) == ("10", "20")
    assert is_the_documented_answer(body)


def test_stream(server: Server, tmp_path: Path) -> None:
    """With `-N` the stream is lines of data with the text in deltas, and ends with [DONE]."""
    printed = run(STREAM[0], server, server.demo_key, tmp_path)
    *chunks, done = events_of(printed)
    assert printed.endswith("data: [DONE]\n\n")
    assert done == "[DONE]"
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == "Hello world"
    assert {(chunk["object"], chunk["model"]) for chunk in chunks} == {("chat.completion.chunk", "cipher")}
    assert all(line.startswith(("data: ", ": ")) for line in printed.splitlines() if line)


def test_headers_in_a_file(server: Server, tmp_path: Path) -> None:
    """With `-D` the billing headers are in the file, and the body is in the other."""
    printed = run(HEADERS[0], server, server.demo_key, tmp_path)
    found, _, body = printed.partition("\n")
    headers = names_of((tmp_path / "headers.txt").read_text())
    assert found.strip() == f"x-credit-balance-inr: {headers['x-credit-balance-inr']}"
    assert [name for name in BILLING if name not in headers] == []
    assert is_the_documented_answer(body)


@pytest.mark.parametrize("key", [EXAMPLE_KEY, "atms_sk_" + "0" * 38])
def test_401(server: Server, tmp_path: Path, key: str) -> None:
    """An unknown key, such as the document's placeholder, gets exactly the body of the document."""
    assert run(ERRORS[0], server, key, tmp_path) == ERRORS[1]


@pytest.mark.parametrize(
    ("key", "code"),
    [("", "missing_api_key"), ("sk-other", "invalid_key_format"), ("atms_sk_short", "invalid_key_format")],
)
def test_401_of_no_key_and_of_no_format(server: Server, tmp_path: Path, key: str, code: str) -> None:
    """No key, and a key without the prefix or the length, have the same shape with their own codes."""
    body, _, status = run(ERRORS[0], server, key, tmp_path).partition("\n")
    error = json.loads(body)["error"]
    assert (list(error), error["type"], error["code"]) == (["message", "type", "code"], "authentication_error", code)
    assert status == "HTTP 401\n"


def test_402(server: Server, tmp_path: Path) -> None:
    """When the balance is used up the answer is 402, in the shape of errors, with the page to top up at."""
    key = server.new_key("spender")
    example = ERRORS[0].replace('"model":"cipher"', '"model":"cipher","n":16,"max_tokens":16384')
    body, _, status = run(example, server, key, tmp_path).partition("\n")
    error = json.loads(body)["error"]
    assert list(json.loads(body)) == ["error"]
    assert list(error)[:3] == ["message", "type", "code"]
    assert (error["code"], error["top_up_url"], status) == ("insufficient_credits", TOP_UP_URL, "HTTP 402\n")

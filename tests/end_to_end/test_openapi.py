"""The served API against its own description, by requests that schemathesis makes up from it.

`FUZZ_EXAMPLES` sets how many a path and method gets; `make fuzz` makes a thousand of each.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import ignored_auth
from starlette.routing import Route

from pricing_data import PriceBook
from service.app import create_app
from service.connections import Addresses, Connections
from service.runtime.settings import Settings
from service.storage.sql.url import DatabaseUrl
from tests.end_to_end.conftest import SETTINGS
from tests.end_to_end.server import Server, running
from tests.fake_upstream import MODEL, fake_upstream
from tests.promises.figure import Figure
from tests.service.gateway.served_gateway import NO_REDIS
from tests.service.storage.databases import PEPPERS
from tokenizer_registry import Registry

DOCUMENT = Path(__file__).parents[2] / "service" / "web" / "openapi.json"
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "5"))

schema = schemathesis.openapi.from_path(DOCUMENT)
schema.config.generation.with_security_parameters = False  # the calls below carry valid ones
# A description cannot say which models there are, nor what an address of e-mail, a password or a time to come is, nor
# what was sent before under the same Idempotency-Key (409, 422), nor what an answer may cost (402).
schema.config.checks.positive_data_acceptance.expected_statuses = [
    "2xx", "400", "401", "402", "404", "409", "422", "429",
]  # fmt: skip
schema.config.checks.negative_data_rejection.expected_statuses = ["4xx"]


class Reply(NamedTuple):
    """What a reply and its line in the log have in common."""

    trace_id: str
    method: str
    status: int


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose gateway has an upstream: without one even a good call to a model is a 502."""
    with fake_upstream() as upstream:
        settings = {
            **SETTINGS,
            "UPSTREAM_URL": upstream.url,
            "UPSTREAM_MODEL": MODEL,
            "UPSTREAM_VOCABULARY": "cl100k_base",
            "CREDIT_WELCOME_INR": "1000000",
            "LOG_LEVEL": "debug",  # the paths that are asked all the time are not logged otherwise
        }
        with running(tmp_path_factory.mktemp("described") / "data", settings) as started:
            yield started


@pytest.fixture(scope="module")
def session_token(server: Server) -> str:
    """A session of a console user of that server."""
    return server.new_session("ada@example.org")


@pytest.fixture(scope="module")
def spare_token(server: Server) -> str:
    """A session that may be ended."""
    return server.new_session("eve@example.org")


@pytest.fixture(scope="module")
def replies() -> list[Reply]:
    """Every reply that the tests below got."""
    return []


@schema.parametrize()
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@pytest.mark.promise(30, 38)
def test_every_answer_is_as_described(
    case: Case[Any], server: Server, session_token: str, spare_token: str, replies: list[Reply], figure: Figure
) -> None:
    """For any request, status, headers and body of the answer are in the document, never a 500, and every answer has a
    trace id, which an error repeats in its body."""
    token = session_token if case.path.startswith("/api/") else server.demo_key
    token = spare_token if case.path == "/api/console/session" else token  # DELETE ends it
    # The token API answers 400 to a call without a key and 401 to a wrong key; another test checks that.
    excluded = [] if case.path.startswith("/api/") else [ignored_auth]
    headers = {"Authorization": f"Bearer {token}"}
    answer = case.call_and_validate(base_url=server.url, headers=headers, excluded_checks=excluded)
    trace_id = answer.headers["x-request-id"][0]
    assert re.fullmatch("[0-9a-f]{32}", trace_id)
    replies.append(Reply(trace_id, case.method.upper(), answer.status_code))
    if answer.status_code >= 400 and case.path.startswith("/v1/tokens"):
        assert answer.json()["trace_id"] == trace_id
    figure(f"{EXAMPLES} made-up calls of each path and method")


def test_every_path_is_described(tmp_path: Path) -> None:
    """No route is served that the document does not have, and none is described that is not served."""
    database = DatabaseUrl.of_file(tmp_path / "no.db")
    connections = Connections(Addresses(NO_REDIS, database, PEPPERS), limits_without_redis="local")
    app = create_app(Settings.model_validate({}), connections, Registry.from_package(), PriceBook.from_package())
    served = {route.path.replace(":path}", "}") for route in app.routes if isinstance(route, Route)}
    described = set(json.loads(DOCUMENT.read_text(encoding="utf-8"))["paths"])
    assert described <= served
    # What is left out are the pages.
    assert [path for path in served - described if path.startswith(("/v1/", "/api/", "/metrics"))] == []


@pytest.mark.promise(38)
def test_every_reply_is_in_the_log(server: Server, replies: list[Reply], figure: Figure) -> None:
    """Each of the replies above, and each that no route gives, has its line in the log: one trace id, one status."""
    assert len(replies) >= 5 * len(json.loads(DOCUMENT.read_text(encoding="utf-8"))["paths"])
    for method, path in (("GET", "/nothing"), ("PUT", "/v1/tokens/count"), ("GET", "/v1/nothing"), ("GET", "/")):
        answer = httpx2.request(method, server.url + path)
        replies.append(Reply(answer.headers["x-request-id"], method, answer.status_code))
    server.wait_for(replies[-1].trace_id)
    assert Counter(replies) - logged(server) == Counter()
    figure(f"{len(replies)} replies, each in the log under its trace id")


def logged(server: Server) -> "Counter[Reply]":
    """What the log says of requests."""
    lines = [json.loads(line) for line in server.text.splitlines() if line.startswith("{")]
    requests = [line for line in lines if line.get("event") == "request"]
    return Counter(Reply(line["trace_id"], line["method"], line["status"]) for line in requests)

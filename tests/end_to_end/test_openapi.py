"""The served API against its own description, by requests that schemathesis makes up from it.

`FUZZ_EXAMPLES` sets how many a path and method gets; `make fuzz` makes a thousand of each.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import ignored_auth

from tests.end_to_end.conftest import SETTINGS
from tests.end_to_end.server import Server, running
from tests.fake_upstream import MODEL, fake_upstream
from tests.promises.figure import Figure

DOCUMENT = Path(__file__).parents[2] / "service" / "web" / "openapi.json"
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "15"))

schema = schemathesis.openapi.from_path(DOCUMENT)
schema.config.generation.with_security_parameters = False  # the calls below carry valid ones
# A description cannot say which models there are, nor what an address of e-mail, a password or a time to come is, nor
# what was sent before under the same Idempotency-Key (409, 422), nor what an answer may cost (402).
schema.config.checks.positive_data_acceptance.expected_statuses = [
    "2xx", "400", "401", "402", "404", "409", "422", "429",
]  # fmt: skip
schema.config.checks.negative_data_rejection.expected_statuses = ["4xx"]


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
        }
        with running(tmp_path_factory.mktemp("described") / "data", settings) as started:
            yield started


@pytest.fixture(scope="module")
def session_token(server: Server) -> str:
    """A session of a console user of that server."""
    return server.new_session("ada@example.org")


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.promise(30, 38)
def test_every_answer_is_as_described(case: Case[Any], server: Server, session_token: str, figure: Figure) -> None:
    """Whatever is sent, the status, headers and body of the answer are ones that the document has, never a 500, and
    every answer has a trace id that stands in the error too."""
    token = session_token if case.path.startswith("/api/") else server.demo_key
    # The token API tells a call without any key from one with a wrong key, and answers it 400: its check is elsewhere.
    excluded = [] if case.path.startswith("/api/") else [ignored_auth]
    headers = {"Authorization": f"Bearer {token}"}
    answer = case.call_and_validate(base_url=server.url, headers=headers, excluded_checks=excluded)
    trace_id = answer.headers["x-request-id"][0]
    assert re.fullmatch("[0-9a-f]{32}", trace_id)
    if answer.status_code >= 400 and case.path.startswith("/v1/tokens"):
        assert answer.json()["trace_id"] == trace_id
    figure(f"{EXAMPLES} made-up calls of each path and method")


def test_every_path_is_described(server: Server) -> None:
    """No route is served that the document does not have: a path that is left out of it is a 404."""
    document = httpx2.get(f"{server.url}/openapi.json").json()
    routes = set(re.findall(r'Route\("([^"]+)"', APP))
    # Pages for people are not described, but for the documentation.
    routes |= set(re.findall(r'Route\("([^"]+)", endpoint\(\{"GET": documentation', PAGES))
    served = {path.replace(":path}", "}") for path in routes} | set(re.findall(r'^ +"(/api[^"]+)":', APP, re.MULTILINE))
    assert served == set(document["paths"])


SERVICE = Path(__file__).parents[2] / "service"
PAGES = (SERVICE / "web" / "routes.py").read_text(encoding="utf-8")
APP = "".join((SERVICE / name).read_text(encoding="utf-8") for name in ("app.py", "gateway/gateway.py"))

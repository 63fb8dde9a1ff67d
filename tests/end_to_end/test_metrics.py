"""Numbers of the real server, over its workers, and what is built on them."""

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.end_to_end.processes import workers
from tests.end_to_end.server import Server, running

ROOT = Path(__file__).parents[2]
CALLS = 40
COUNT = "/v1/tokens/count"


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two workers for the tests of this file alone."""
    with running(tmp_path_factory.mktemp("measured") / "data", {"LOG_LEVEL": "debug"}, "--workers", "2") as started:
        yield started


def numbers(server: Server) -> dict[tuple[str, ...], float]:
    """All samples, by name and the values of their labels."""
    text = httpx2.get(f"{server.url}/metrics").raise_for_status().text
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def spread_calls(server: Server) -> None:
    """Calls on connections of their own, which both workers take."""
    for n in range(CALLS):
        headers = {"X-Api-Key": server.demo_key if n % 2 else "wrong"}
        body = {"input": "a", "type": "text", "models": ["gpt-4o", "gpt-4", "titan-text-lite-v1"]}
        httpx2.post(f"{server.url}/v1/tokens/count", json=body, headers=headers)


def test_numbers_are_those_of_all_workers(own_server: Server) -> None:
    """Every call is counted once, whichever worker answered it and whichever is asked, also after one has died."""
    spread_calls(own_server)
    seen = numbers(own_server)
    answered = {
        key[-1]: value for key, value in seen.items() if key[:3] == ("weighbridge_request_seconds_count", "POST", COUNT)
    }
    assert sum(answered.values()) == CALLS
    assert answered["401"] == CALLS / 2 == seen["weighbridge_refusals_total", "invalid_api_key"]
    admitted = seen["weighbridge_limiter_decisions_total", "admitted"]
    assert admitted == answered["200"] == seen["weighbridge_counts_total", "o200k_base"]
    assert seen["weighbridge_limits_shared",] == 1
    assert seen["weighbridge_open_files",] > 0
    os.kill(workers(own_server.process.pid)[0], signal.SIGKILL)
    again = {key: value for key, value in numbers(own_server).items() if key[0].endswith(("_count", "_total"))}
    assert [key for key, value in seen.items() if key in again and again[key] < value] == []


def test_paths_do_not_multiply_the_numbers(own_server: Server) -> None:
    """Unknown paths are one route, and the id in a known path is not part of its name: labels have few values."""
    for n in range(20):
        httpx2.get(f"{own_server.url}/nothing/{n}")
        httpx2.delete(f"{own_server.url}/api/gateway/keys/key_{n}")
    seen = numbers(own_server)
    routes = {key[2] for key in seen if key[0] == "weighbridge_request_seconds_count"}
    assert {"none", "/api/gateway/keys/{key_id}"} <= routes
    assert not [route for route in routes if re.search(r"\d$", route)]


def test_methods_do_not_multiply_the_numbers(own_server: Server) -> None:
    """All methods that a path does not answer share one label, and so do their routes."""
    for method in ("PROPFIND", "M-SEARCH", "PUT", "TRACE"):
        for path in ("/health", "/v1/models", "/console", "/nothing"):
            assert httpx2.request(method, own_server.url + path).status_code in (404, 405)
    kinds = {key[1:3] for key in numbers(own_server) if key[0] == "weighbridge_request_seconds_count"}
    assert {method for method, _ in kinds} <= {"GET", "POST", "DELETE", "other"}
    assert {route for method, route in kinds if method == "other"} == {"none"}


def test_no_account_and_no_key_is_in_the_numbers(own_server: Server) -> None:
    """Whoever reads the numbers learns nothing of who calls."""
    text = httpx2.get(f"{own_server.url}/metrics").text
    assert "acc_" not in text
    assert "atms_sk_" not in text


def test_the_dashboard_shows_what_there_is(own_server: Server) -> None:
    """Every number that the Grafana dashboard asks for is one that the service has."""
    spread_calls(own_server)
    known = set(re.findall(r"^# TYPE (\S+)", httpx2.get(f"{own_server.url}/metrics").text, re.MULTILINE))
    dashboard = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text(encoding="utf-8"))
    asked = re.findall(r"weighbridge_[a-z_]+", json.dumps(dashboard["panels"]))
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked}
    assert families - known == set()
    assert {name for name in known if "gateway" in name or "upstream" in name} <= families


def test_the_log_is_json_with_constant_names(own_server: Server) -> None:
    """Each line after the banner is one JSON object with an event name of fixed words, a level and a time."""
    httpx2.get(f"{own_server.url}/nothing/at/all")
    own_server.wait_for("/nothing/at/all")
    lines = [json.loads(line) for line in own_server.text.splitlines() if line.startswith("{")]
    assert lines
    for line in lines:
        assert {"event", "level", "timestamp"} <= set(line)
        if "trace_id" in line:
            assert re.fullmatch(r"[a-z_.]+", line["event"])

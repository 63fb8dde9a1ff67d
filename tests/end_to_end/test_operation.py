"""Health, readiness and documentation over HTTP."""

import json
import re
from pathlib import Path

import httpx2

from service import __version__
from tests.end_to_end.server import Server


def test_health_and_readiness_need_no_key(server: Server) -> None:
    """A probe gets its answer without a key."""
    assert httpx2.get(f"{server.url}/health").json() == {"status": "ok"}
    ready = httpx2.get(f"{server.url}/ready")
    assert ready.status_code == 200
    assert ready.json().items() >= {"status": "ready", "counters": "ok", "accounts": "ok"}.items()


def test_the_openapi_document_is_served(server: Server) -> None:
    """The document names this version, and every path that it describes exists."""
    document = httpx2.get(f"{server.url}/openapi.json").json()
    assert document["info"]["version"] == __version__
    for path, methods in document["paths"].items():
        for method in methods:
            assert httpx2.request(method, server.url + path).status_code != 404


def test_the_examples_of_the_document_are_true(client: httpx2.Client) -> None:
    """Each path with an example answers a call made from it with the documented example."""
    document = client.get("/openapi.json").json()
    count = document["paths"]["/v1/tokens/count"]["post"]
    examples = count["requestBody"]["content"]["application/json"]["examples"]
    answer = client.post("/v1/tokens/count", json=examples["text"]["value"]).json()
    assert answer == count["responses"]["200"]["content"]["application/json"]["example"]
    (chat,) = client.post("/v1/tokens/count", json=examples["chat"]["value"]).json()
    assert chat["method"] == "exact"
    models = document["paths"]["/v1/tokens/models"]["get"]
    query = {parameter["name"]: parameter["example"] for parameter in models["parameters"]}
    listed = client.get("/v1/tokens/models", params=query).json()
    assert listed == models["responses"]["200"]["content"]["application/json"]["example"]


def test_the_page_needs_no_other_host(server: Server) -> None:
    """What the documentation is made of, the service serves: nothing is fetched from elsewhere, or stands inline."""
    page = httpx2.get(f"{server.url}/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "/v1/tokens/count" in page.text
    links = set(re.findall(r'(?:src|href)="([^"#]+)"', page.text))
    assert all(httpx2.get(server.url + link).status_code == 200 for link in links)
    assert not re.search(r"<style|style=|<script(?![^>]* src=)| on[a-z]+=", page.text)
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in page.headers["Content-Security-Policy"]


def test_the_document_that_travels_is_valid_json() -> None:
    """The file in the package is JSON without numbers in exponent form."""
    text = (Path(__file__).parents[2] / "service" / "web" / "openapi.json").read_text(encoding="utf-8")
    assert json.loads(text)
    assert not re.search(r"\de-\d", text)

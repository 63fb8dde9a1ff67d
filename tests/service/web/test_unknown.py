"""Replies for paths that do not exist: a page for browsers, JSON for programs."""

import asyncio
import json
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from pricing_data import PriceBook
from service.http.context import RequestContext
from service.runtime.settings_loading import load
from service.web.routes import build_pages
from service.web.unknown import UnknownPaths, prefers_html

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
ANSWER = UnknownPaths(build_pages(load({}).settings, PriceBook.from_package()))
TRACE_ID = "0" * 32


def answer(path: str, accept: str | None, error: HTTPException | None = None) -> Response:
    """Return the reply to a path that the router does not know."""
    headers = [] if accept is None else [(b"accept", accept.encode())]
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers}
    scope["weighbridge.context"] = RequestContext(TRACE_ID)
    return asyncio.run(ANSWER(Request(scope), error or HTTPException(404)))


@pytest.mark.parametrize("path", ["/nothing", "/modles", "/console/nothing", "/v2/x", "/apis", "/v10"])
def test_a_browser_gets_a_page(path: str) -> None:
    """The page says what is wrong, has the trace id, and may not run foreign scripts."""
    found = answer(path, BROWSER)
    assert (found.status_code, found.media_type) == (404, "text/html; charset=utf-8")
    assert b"There is nothing at this path." in bytes(found.body)
    assert TRACE_ID.encode() in bytes(found.body)
    assert "default-src 'none'" in found.headers["content-security-policy"]


@pytest.mark.parametrize(
    "accept", [None, "", "*/*", "application/json", "application/json, text/html", "text/html;q=0"]
)
def test_a_program_gets_json(accept: str | None) -> None:
    """A client that does not prefer a page to JSON gets the error in the API's shape."""
    found = answer("/nothing", accept)
    assert (found.status_code, found.media_type) == (404, "application/json")
    assert json.loads(bytes(found.body))["trace_id"] == TRACE_ID


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nothing", "/api", "/api/gateway/nothing", "/v1/tokens/models/"])
def test_the_apis_answer_in_json_only(path: str) -> None:
    """Below the APIs' paths browsers also get the API's own error."""
    found = answer(path, BROWSER)
    assert (found.status_code, found.media_type) == (404, "application/json")
    json.loads(bytes(found.body))


@pytest.mark.parametrize(("accept", "kind"), [(BROWSER, "text/html; charset=utf-8"), ("*/*", "application/json")])
def test_a_method_that_is_not_answered_names_those_that_are(accept: str, kind: str) -> None:
    """The reply is a page or JSON, with the header Allow."""
    found = answer("/playground", accept, HTTPException(405, headers={"Allow": "POST"}))
    assert (found.status_code, found.media_type, found.headers["allow"]) == (405, kind, "POST")
    assert b"This path answers POST only." in bytes(found.body)


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (["text/html"], True),
        (["TEXT/HTML; q=0.9, application/json;q=0.8"], True),
        (["text/*, application/json;q=0.5"], True),
        (["application/json;q=0.1", "text/html"], True),
        (["text/html;q=0.5, */*"], False),
        (["text/html;q=nonsense"], False),
        (["text/html;q="], False),
        ([",;,"], False),
        (["application/xml"], False),
    ],
)
def test_what_is_preferred(accept: list[str], page: bool) -> None:
    """The higher quality decides; if both are equal the reply is JSON."""
    assert prefers_html(accept) is page

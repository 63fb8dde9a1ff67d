"""The gateway's part of the OpenAPI document agrees with the code."""

import json
from importlib.resources import files
from typing import Any

from service.gateway.request import PROPERTIES
from tests.service.gateway.served_gateway import Caller, Gateway

DOCUMENT: dict[str, Any] = json.loads(files("service.web").joinpath("openapi.json").read_bytes())


def test_every_property_of_a_request_is_described() -> None:
    """The schema of a chat request has the properties that are accepted, and no others."""
    assert set(DOCUMENT["components"]["schemas"]["ChatRequest"]["properties"]) == set(PROPERTIES)


def test_every_route_is_described(gateway: Gateway) -> None:
    """Each route of the gateway stands in the document with its method."""
    routes = {route.path.replace(":path", "") for route in gateway.app.router.routes if hasattr(route, "path")}
    described = set(DOCUMENT["paths"])
    assert {path for path in routes if path.startswith(("/v1/chat", "/v1/models", "/api"))} <= described


def test_the_example_is_answered_in_the_documented_form(caller: Caller) -> None:
    """The documented request gets an answer with the documented properties, in their order."""
    chat = DOCUMENT["paths"]["/v1/chat/completions"]["post"]
    answer = caller.chat(**chat["requestBody"]["content"]["application/json"]["example"])
    expected = chat["responses"]["200"]["content"]["application/json"]["example"]
    assert list(answer.json()) == list(expected)
    for name in chat["responses"]["200"]["headers"]:
        assert name in answer.headers or name in ("X-Credit-Warning", "X-Joined-Request-Id")
    page = caller.http.get("/api/gateway/usage").json()
    documented = DOCUMENT["paths"]["/api/gateway/usage"]["get"]["responses"]["200"]["content"]["application/json"]
    assert list(page) == list(documented["example"])
    assert list(page["data"][0]) == list(documented["example"]["data"][0])

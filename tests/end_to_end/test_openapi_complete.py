"""The OpenAPI document leaves nothing to guess: examples of all, and every error."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

from service.http import errors
from service.http.errors import Refusal

DOCUMENT: dict[str, Any] = json.loads(files("service.web").joinpath("openapi.json").read_bytes())
OPERATIONS = {
    f"{method} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
# What the HTTP edge answers, said in the form of either API.
REFUSALS = {value.code: value.message for value in vars(errors).values() if isinstance(value, Refusal)}


def contents(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every content of an answer, which may be a shared one."""
    if "$ref" in answer:
        answer = DOCUMENT["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    yield from answer["content"].values()


@pytest.mark.parametrize("name", OPERATIONS)
def test_everything_has_an_example(name: str) -> None:
    """Each answer and body, and each parameter of the address, is shown by an example."""
    operation = OPERATIONS[name]
    shown = [content for answer in operation["responses"].values() for content in contents(answer)]
    shown += list(operation.get("requestBody", {}).get("content", {}).values())
    shown += [one for one in operation.get("parameters", []) if one["in"] != "header"]
    assert shown
    assert all("example" in one or one.get("examples") for one in shown)


# Of pages alone; and of callers who have hung up, so that none reads it.
NOT_IN_THE_API = {"cross_origin", "no_visitor_session", "caller_gone"}


@pytest.mark.parametrize("code", sorted(set(REFUSALS) - NOT_IN_THE_API))
def test_every_error_is_described(code: str) -> None:
    """No refusal of the service is missing: its code stands in an example, or its message where there are no codes."""
    text = json.dumps(DOCUMENT["components"]["responses"]) + json.dumps(DOCUMENT["paths"])
    assert f'"{code}"' in text or REFUSALS[code] in messages()


def messages() -> list[str]:
    """Every message of the token API's examples."""
    return [
        example["value"]["message"]
        for response in DOCUMENT["components"]["responses"].values()
        for content in response["content"].values()
        for example in content.get("examples", {}).values()
        if "message" in example["value"]
    ]


def schemas(value: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema of the document with its place; what stands in examples is none."""
    if isinstance(value, dict):
        if "type" in value or "$ref" in value or "properties" in value:
            yield place, value
        for name, inner in value.items():
            if name not in ("example", "examples", "default", "enum", "const"):
                yield from schemas(inner, f"{place}/{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from schemas(inner, f"{place}/{number}")


def test_every_array_has_items() -> None:
    """Generators of clients need the type of an array's items; openapi-python-client leaves out paths without it."""
    arrays = {place for place, schema in schemas(DOCUMENT) if "array" in schema.get("type", ())}
    assert arrays
    assert {place for place in arrays if "items" not in dict(schemas(DOCUMENT))[place]} == set()


def test_no_property_has_a_default() -> None:
    """Generators make a property with a default a required one: openapi-typescript's callers would have to send it."""
    assert [place for place, schema in schemas(DOCUMENT["components"]["schemas"]) if "default" in schema] == []

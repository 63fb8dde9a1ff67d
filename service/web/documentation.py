"""`/openapi.json`, and `/docs`: the same document as a page, from which calls can be run with an API key."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from http import HTTPStatus
from importlib.resources import files
from typing import Any, NamedTuple

from starlette.types import Receive, Scope

from service.http import json as service_json
from service.http.errors import Refusal
from service.http.responses import Reply
from service.web.page import Pages

TITLES = {
    "tokens": "Counting and pricing",
    "gateway": "Gateway",
    "console": "Console",
    "operation": "DocumentedOperation",
}


OWN_FORMATS = frozenset(("#/components/schemas/Error", "#/components/schemas/GatewayError"))


class DocumentedField(NamedTuple):
    """A property or a parameter: a row of a table."""

    name: str
    kind: str
    required: bool
    description: str
    where: str = ""
    example: str = ""


class DocumentedResponse(NamedTuple):
    """The response of an operation for one status."""

    status: str
    phrase: str
    description: str
    examples: tuple[str, ...]


class DocumentedOperation(NamedTuple):
    """An operation of the API: a path and a method."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    needs_key: bool
    parameters: tuple[DocumentedField, ...]
    fields: tuple[DocumentedField, ...]
    body: str
    answers: tuple[DocumentedResponse, ...]
    headers: tuple[str, ...]


class Documentation:
    """The packaged OpenAPI document. The page is built from it at the first request."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._openapi = Reply(200, files("service.web").joinpath("openapi.json").read_bytes())
        self._page: Reply | None = None
        self._build_lock = asyncio.Lock()

    async def openapi(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """Return the OpenAPI document."""
        return self._openapi

    async def page(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """Return the reference as a page."""
        async with self._build_lock:
            if self._page is None:
                self._page = await asyncio.to_thread(self._build_page)  # too slow for the event loop
            return self._page

    def _build_page(self) -> Reply:
        document = json.loads(self._openapi.body, parse_float=Decimal)
        values = {
            "info": document["info"],
            "groups": groups(document),
            "keys": document["components"]["securitySchemes"].values(),
            "errors": errors(document),
            "headers": document["components"]["headers"],
        }
        return self._pages.page("docs.html", values)


def groups(document: Mapping[str, Any]) -> list[tuple[str, str, list[DocumentedOperation]]]:
    """Return the operations of each group, with its title and description."""
    found: dict[str, list[DocumentedOperation]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found[operation["tags"][0]].append(_operation(document, method.upper(), path, operation))
    described = {tag["name"]: tag["description"] for tag in document["tags"]}
    return [(title, described[name], found[name]) for name, title in TITLES.items()]


def errors(document: Mapping[str, Any]) -> list[tuple[DocumentedResponse, bool]]:
    """Return every error that several paths share, and whether it has the format of the gateway's errors.

    Errors in providers' formats are left out: they say the same.
    """
    found = []
    for response in document["components"]["responses"].values():
        if not OWN_FORMATS.issuperset(content["schema"].get("$ref") for content in response["content"].values()):
            continue
        examples = list(_values(response))
        messages = [_message(example) for example in examples]
        status = next((str(example["status_code"]) for example in examples if "status_code" in example), "")
        found.append((DocumentedResponse(status, "", response["description"], tuple(messages)), "error" in examples[0]))
    return found


def _message(example: Mapping[str, Any]) -> str:
    if "error" in example:
        return f"{example['error']['code']}: {example['error']['message']}"
    return str(example["message"])


def _operation(
    document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]
) -> DocumentedOperation:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    answers = [(status, _resolve(document, answer)) for status, answer in operation["responses"].items()]
    return DocumentedOperation(
        operation["operationId"],
        method,
        path,
        operation["summary"],
        operation.get("description", ""),
        bool(operation.get("security")),
        tuple(_parameter(parameter) for parameter in operation.get("parameters", [])),
        tuple(_fields(document, content.get("schema", {}))),
        next(map(_pretty, _values({"content": {"application/json": content}})), ""),
        tuple(_answer(status, answer) for status, answer in sorted(answers, key=lambda pair: pair[0])),
        tuple(answers[0][1].get("headers", {})),
    )


def _answer(status: str, answer: Mapping[str, Any]) -> DocumentedResponse:
    examples = tuple(map(_pretty, _values(answer)))
    return DocumentedResponse(status, HTTPStatus(int(status)).phrase, answer["description"], examples)


def _parameter(parameter: Mapping[str, Any]) -> DocumentedField:
    required = parameter.get("required", False)
    example = parameter.get("example", "")
    kind = _kind(parameter.get("schema", {}))
    return DocumentedField(parameter["name"], kind, required, parameter["description"], parameter["in"], str(example))


def _fields(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterable[DocumentedField]:
    """Return the properties of all forms of an object; one is required if every form requires it."""
    forms = [form for form in _forms(document, schema) if "properties" in form]
    described = {name: inner for form in forms for name, inner in form["properties"].items()}
    for name, inner in described.items():
        required = all(name in form.get("required", ()) for form in forms)
        kinds = dict.fromkeys(_kind(form["properties"][name]) for form in forms if name in form["properties"])
        yield DocumentedField(name, " or ".join(kinds), required, inner.get("description", ""))


def _forms(document: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the schemas that a schema stands for."""
    if "$ref" in schema:
        return _forms(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "oneOf" in schema:
        return [form for each in schema["oneOf"] for form in _forms(document, each)]
    return [schema]


def _kind(schema: Mapping[str, Any]) -> str:
    if "const" in schema:
        return f'"{schema["const"]}"'
    if "enum" in schema:
        return " or ".join(f'"{value}"' if isinstance(value, str) else "null" for value in schema["enum"])
    kind = schema.get("type", "any")
    words = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return f"{words} of {_kind(schema['items'])}" if kind == "array" and "items" in schema else words


def _resolve(document: Mapping[str, Any], answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the response itself if the document refers to a shared one."""
    if "$ref" not in answer:
        return answer
    shared: Mapping[str, Any] = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    return shared


def _values(answer: Mapping[str, Any]) -> Iterable[Any]:
    """Yield every example of a response."""
    for content in answer.get("content", {}).values():
        if "example" in content:
            yield content["example"]
        yield from (example["value"] for example in content.get("examples", {}).values())


def _pretty(value: Any, indent: str = "") -> str:
    """Return an indented example, with numbers as the API writes them."""
    if isinstance(value, str) and not indent:
        return value
    inner = indent + "  "
    if isinstance(value, dict) and value:
        lines = (f"{inner}{json.dumps(key)}: {_pretty(item, inner)}" for key, item in value.items())
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and value and not all(isinstance(item, str | int) for item in value):
        return "[\n" + ",\n".join(f"{inner}{_pretty(item, inner)}" for item in value) + f"\n{indent}]"
    return service_json.encode(value).decode()

"""`/openapi.json`, and `/docs`: the same document as a page that needs no script and no other host."""

import json
from decimal import Decimal
from html import escape
from importlib.resources import files
from typing import Any

from starlette.requests import Request

from service import wire
from service.reply import Header, Reply

CONTENT_POLICY: Header = (
    b"content-security-policy",
    b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
)
STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid #8888; border-radius: .5rem; }
table { border-collapse: collapse; } td, th { padding: .25rem .75rem .25rem 0; text-align: left; vertical-align: top; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #8888; } code { font-size: .9em; }
"""


class Documentation:
    """Both are made once, from the OpenAPI document that travels with the package."""

    def __init__(self) -> None:
        source = files("service.web").joinpath("openapi.json").read_bytes()
        self._openapi = Reply(200, source)
        self._page = Reply(
            200,
            _page(json.loads(source, parse_float=Decimal)).encode(),
            [CONTENT_POLICY],
            b"text/html; charset=utf-8",
        )

    async def openapi(self, request: Request) -> Reply:
        """The OpenAPI document."""
        return self._openapi

    async def page(self, request: Request) -> Reply:
        """The document for people."""
        return self._page


def _page(document: dict[str, Any]) -> str:
    info = document["info"]
    operations = "".join(
        _operation(document, method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])} API</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><h1>{escape(info['title'])} {escape(info['version'])}</h1>"
        f'<p>{escape(info["description"])} <a href="/openapi.json">OpenAPI document</a></p>'
        f"<h2>Keys</h2>{_keys(document)}{operations}</body></html>"
    )


def _keys(document: dict[str, Any]) -> str:
    schemes = document["components"]["securitySchemes"].values()
    rows = ((scheme.get("name", "Authorization"), scheme["description"]) for scheme in schemes)
    return _table(("Where", "What"), rows)


def _operation(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> str:
    parts = [f"<h2><code>{method} {escape(path)}</code></h2><p>{escape(operation['summary'])}."]
    parts.append(f" {escape(operation.get('description', ''))}</p>")
    if parameters := operation.get("parameters"):
        parts.append(_table(("Parameter", "Meaning"), ((p["name"], p["description"]) for p in parameters)))
    if body := operation.get("requestBody"):
        parts.append("<h3>Request</h3>" + _example(body["content"]["application/json"]["example"]))
    parts.append("<h3>Answers</h3>")
    answers = [(status, _resolved(document, answer)) for status, answer in operation["responses"].items()]
    contents = answers[0][1].get("content", {}).values()
    parts.extend(_example(content["example"]) for content in contents if "example" in content)
    parts.append(_table(("Status", "When"), ((status, answer["description"]) for status, answer in answers)))
    return "".join(parts)


def _resolved(document: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """The answer itself, where the document refers to a shared one."""
    if "$ref" not in answer:
        return answer
    shared: dict[str, Any] = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    return shared


def _example(value: Any) -> str:
    return f"<pre>{escape(wire.encode(value).decode())}</pre>"


def _table(heads: tuple[str, str], rows: Any) -> str:
    body = "".join(f"<tr><td><code>{escape(name)}</code></td><td>{escape(text)}</td></tr>" for name, text in rows)
    return f"<table><tr><th>{heads[0]}</th><th>{heads[1]}</th></tr>{body}</table>"

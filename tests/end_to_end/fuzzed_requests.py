"""Requests made up from a seed: every route and method, with hostile headers, queries, bodies and framing."""

import copy
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from random import Random
from typing import Any, NamedTuple

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "BREW", "get")
NAMES = (
    "limit", "before", "after", "api-key", "author", "name", "detail", "page", "q", "count", "price", "models", "only",
    "vocabulary", "next", "as_of", "", "%00", "%ff", "limit[]",
)  # fmt: skip
# The parameters of a route, where it refuses others.
QUERIES = {
    "/api/gateway/usage": ("limit", "before"),
    "/api/gateway/keys": ("limit", "after"),
    "/v1/tokens/models": ("author", "name", "detail", "open_weights", "min_context", "modality", "priced", "q"),
    "/v1/tokens/prices/{name}": ("as_of",),
    "/v1beta/models/{model}:countTokens": ("key",),
    "/console/statement": ("before",),
    "/console/keys": ("before",),
}
# What the forms of pages send.
FORMS = {
    "/": {
        "input": "Hello",
        "models": "gpt-4o",
        "vocabulary": "o200k_base",
        "request": '{"contents": []}',
        "edit": "up 1",
    },
    "/playground": {
        "mode": "chat",
        "role": "user",
        "content": "Hello",
        "width": "5",
        "tools": "[]",
        "models": "gpt-4o",
    },
    "/console/sign-in": {"email": "eve@example.org", "password": "wrong password", "next": "/console/keys"},
    "/console/keys": {"name": "build", "scopes": "tokens", "lifetime": "30"},
}
# With valid credentials these would close the other routes.
ENDS_SESSIONS = ("/console/sign-out", "/api/console/session")
# Requests that made a 500 once.
KNOWN = (
    b"HEAD /api/gateway/keys HTTP/1.1\r\nHost: a\r\nAuthorization: {session}\r\n\r\n",
    b"POST /playground HTTP/1.1\r\nHost: a\r\nOrigin: http://[\r\nContent-Length: 0\r\n\r\n",
    b"GET /nothing HTTP/1.1\r\nHost: [\r\n\r\n",
    b"PUT /health HTTP/1.1\r\nHost: [\r\n\r\n",
    b"GET /api/gateway/usage/%00 HTTP/1.1\r\nHost: a\r\nAuthorization: {session}\r\n\r\n",
    b"GET /api/gateway/usage/%00 HTTP/1.1\r\nHost: a\r\nX-Api-Key: {key}\r\n\r\n",
    b"GET /api/gateway/usage?before=%00 HTTP/1.1\r\nHost: a\r\nAuthorization: {session}\r\n\r\n",
    b"GET /api/gateway/usage?before=%00 HTTP/1.1\r\nHost: a\r\nX-Api-Key: {key}\r\n\r\n",
    b"DELETE /api/gateway/keys/%00 HTTP/1.1\r\nHost: a\r\nAuthorization: {session}\r\n\r\n",
    b"GET /console/keys/%00/revoke HTTP/1.1\r\nHost: a\r\nCookie: {cookie}\r\n\r\n",
)
# Percent-encoded: what may stand in a path or a query.
TEXTS = (
    "%00", "a%00b", "key_%00", "chatcmpl-%00", "%ED%A0%80", "%ED%BF%BF%ED%A0%80", "%FF%FE", "%C0%80", "%", "%zz",
    "%u0041",
    "..", "%2e%2e%2f%2e%2e", ".", "", "%20", "+", "%0d%0aX-Evil:%201", "%F0%9F%92%A9", "%E2%80%AE", "'",
    "%27%20OR%201=1--",
    "%22", "%3Cscript%3E", "{}", "[", "http://[", "0", "1", "-1", "+1", "1.5", "1e400", "NaN",
    "9" * 18, "9" * 19, "9223372036854775808", "-9223372036854775809", "9" * 400, "0x10", "%D9%A3", "%C2%B2", "true",
    "null",
    "x" * 3_000, "0" * 32, "f" * 32, "chatcmpl-" + "0" * 32, "key_" + "A" * 16, "gpt-4o", "*", "a/b", "a%2Fb", "%5C",
    ";a=b",
)  # fmt: skip
# Values of headers, as bytes on the wire. A line end would begin another header.
VALUES = (
    b"", b" ", b"\t", b"*", b"null", b"http://[", b"https://]", b"//", b"http://[::1", b"[", b"]:80", b"\xff\xfe",
    b"\xc3\xa9",
    b"x" * 5_000, b",,,,", b";;=;", b"=", b'"', b"Bearer", b"Bearer ", b"bearer a.b.c",
    b"Bearer a.b.c.d", b"Basic \xff", b"-1", b"0", b"9" * 30, b"1e9", b"\xb2", b"%00", b"gzip;q=0",
    b"gzip, deflate, *;q=0",
    b"trailers", b"final", b"same-origin", b"cross-site", b"00-" + b"0" * 32 + b"-" + b"1" * 16 + b"-01",
    b"00-" + b"a" * 32 + b"-" + b"1" * 16 + b"-ff-\xff", b"weighbridge_session=\xff; weighbridge_session=a",
    b"weighbridge_visitor=a.\xff", b"weighbridge_session=a.b.c", b"127.0.0.1, [", b"for=\"[",
    b"application/json;charset=\xff",
    b"application/json", b"application/x-www-form-urlencoded", b"multipart/form-data", b"text/html", b"br", b"identity",
)  # fmt: skip
# No server takes these for HTTP.
NOT_HTTP = (b"\x00", b"\x7f", b"\x0b", b"a\rb")
HEADERS = (
    b"Origin", b"Host", b"Cookie", b"Authorization", b"X-Api-Key", b"Content-Type", b"Content-Encoding", b"Traceparent",
    b"TE", b"X-Billing-Headers", b"Idempotency-Key", b"Sec-Fetch-Site", b"Accept-Encoding", b"X-Forwarded-For",
    b"X-Forwarded-Proto", b"X-Forwarded-Host", b"Forwarded", b"Access-Control-Request-Method", b"Trailer",
    b"If-None-Match",
    b"Access-Control-Request-Headers", b"Expect", b"Upgrade", b"Connection", b"Range", b"Accept", b"Accept-Language",
)  # fmt: skip
LEAVES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**63, -(2**63) - 1, 2**64, 10**90, 1e308, -0.0, "", "\x00", "a\x00b", "\ud800",
    "\udfff\ud800",
    "\u202e", "x" * 5_000, "💩", [], {}, [None], [[[[]]]], {"": None}, {"a": {"b": []}}, ["*"], "text", "system", 1.5,
)  # fmt: skip
RAW_BODIES = (
    b"", b"{", b"[]", b"null", b"\xff\xfe", b"\xef\xbb\xbf{}", b"[" * 5_000, b'{"a":1,"a":1}', b'"\\ud800"',
    b"1" * 200, b"NaN",
    b"a=%00&b=%ff&email=%00&name=%00", b"&" * 4_000, b"email=a%40b.c&password=%ED%A0%80", b"name=%ff&scopes=tokens",
)  # fmt: skip


class Credentials(NamedTuple):
    """What opens the routes: values of headers."""

    key: bytes
    session: bytes
    cookie: bytes


class Fuzzer:
    """Makes requests to routes, given as paths with their methods."""

    def __init__(self, seed: int, routes: Sequence[tuple[str, Sequence[str]]], credentials: Credentials) -> None:
        self.random = Random(seed)
        self.routes = routes
        self.credentials = credentials
        self.bodies = examples()

    def known(self) -> list[bytes]:
        """Requests that made a 500 once, with valid credentials."""
        places = {f"{{{name}}}".encode(): value for name, value in self.credentials._asdict().items()}
        return [re.sub(rb"\{\w+\}", lambda found: places[found[0]], request) for request in KNOWN]

    def request(self) -> bytes:
        """The bytes of one request."""
        path, methods = self.random.choice(self.routes)
        method = self.random.choice(METHODS if self.random.random() < 0.15 else methods)
        body = b"" if method in ("GET", "HEAD") and self.random.random() < 0.9 else self._body(path)
        headers = [*self._credentials(path), *self._hostile()]
        if not any(name == b"Host" for name, _ in headers) or self.random.random() < 0.1:
            headers.append((b"Host", b"127.0.0.1"))
        if body and not any(name == b"Content-Type" for name, _ in headers):
            kind = b"application/x-www-form-urlencoded" if self._is_page(path) else b"application/json"
            headers.append((b"Content-Type", kind))
        framing, sent = self._framed(body)
        headers += [*framing, (b"Connection", b"close")]
        line = b"%b %b HTTP/1.1" % (method.encode(), self._target(path))
        return b"\r\n".join([line, *(b"%b: %b" % header for header in headers), b"", sent])

    def _target(self, path: str) -> bytes:
        filled = re.sub(r"\{[^}]*\}", lambda _: self._text(), path)
        match self.random.randrange(12):
            case 0:
                filled += "/" + self._text()
            case 1:
                filled = "/" + self._text()
            case 2:
                filled = "http://[" + filled if self.random.random() < 0.3 else "/" + filled
            case _:
                pass
        if self.random.random() < 0.5:
            count = self.random.choice((1, 1, 2, 3, 30))
            names = QUERIES.get(path.replace(":path}", "}"), NAMES) if self.random.random() < 0.7 else NAMES
            filled += "?" + "&".join(f"{self.random.choice(names)}={self._text()}" for _ in range(count))
        return filled.encode().replace(b" ", b"%20")

    def _text(self) -> str:
        return self.random.choice(TEXTS)

    def _credentials(self, path: str) -> list[tuple[bytes, bytes]]:
        if self.random.random() < 0.15 or path.endswith(ENDS_SESSIONS):
            return [*self._origin()]
        if path.startswith("/console"):
            return [(b"Cookie", self.credentials.cookie), *self._origin()]
        if self._is_page(path):
            return [*self._origin()]
        if path.startswith("/api/") and self.random.random() < 0.7:
            return [(b"Authorization", self.credentials.session)]
        return [(b"X-Api-Key", self.credentials.key)]

    def _origin(self) -> list[tuple[bytes, bytes]]:
        if self.random.random() < 0.7:
            return [(b"Sec-Fetch-Site", b"same-origin")]
        return [(b"Origin", self.random.choice(VALUES))]

    def _is_page(self, path: str) -> bool:
        return not path.startswith(("/v1/", "/v1beta/", "/api/", "/tokenize", "/detokenize"))

    def _hostile(self) -> list[tuple[bytes, bytes]]:
        count = self.random.choice((0, 0, 1, 1, 2, 4))
        values = NOT_HTTP if self.random.random() < 0.02 else VALUES
        return [(self.random.choice(HEADERS), self.random.choice(values)) for _ in range(count)]

    def _body(self, path: str) -> bytes:
        if path in FORMS and self.random.random() < 0.7:
            return self._form(FORMS[path])
        examples = self.bodies.get(path.replace(":path}", "}"))
        if not examples or self.random.random() < 0.2:
            return self.random.choice(RAW_BODIES)
        value = copy.deepcopy(self.random.choice(examples))
        for _ in range(self.random.choice((0, 1, 1, 2))):
            self._change(value)
        return json.dumps(value, ensure_ascii=True).encode()

    def _form(self, fields: Mapping[str, str]) -> bytes:
        pairs = [(name, self._text() if self.random.random() < 0.3 else value) for name, value in fields.items()]
        pairs += [(self._text(), self._text()) for _ in range(self.random.choice((0, 0, 1, 3)))]
        return "&".join(f"{name}={value}" for name, value in pairs).encode()

    def _change(self, value: Any) -> None:
        """Put a hostile value somewhere into a JSON object or list."""
        while True:
            places = list(value) if isinstance(value, dict) else list(range(len(value)))
            if not places:
                return
            place = self.random.choice(places)
            inner = value[place]
            if isinstance(inner, dict | list) and inner and self.random.random() < 0.6:
                value = inner
                continue
            value[place] = copy.deepcopy(self.random.choice(LEAVES))
            return

    def _framed(self, body: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
        length = (b"Content-Length", b"%d" % len(body))
        kind = self.random.random()
        if not body and kind < 0.9:
            return [], b""
        if kind < 0.55:
            return [length], body
        if kind < 0.9:
            return [(b"Transfer-Encoding", b"chunked")], self._chunked(body)
        if kind < 0.93:
            return [
                (b"Transfer-Encoding", self.random.choice((b"gzip, chunked", b"identity", b"chunked, chunked")))
            ], body
        if kind < 0.96:
            return [(b"Content-Length", self.random.choice((b"-1", b"1e2", b"+5", b"9" * 40, b"", b"5, 5")))], body
        return [length, (b"Transfer-Encoding", b"chunked")], self._chunked(body)

    def _chunked(self, body: bytes) -> bytes:
        pieces, rest = [], body
        while rest:
            size = self.random.choice((1, 7, 100, len(rest)))
            piece, rest = rest[:size], rest[size:]
            extension = self.random.choice((b"", b"", b";a=b", b';a="\xff"'))
            pieces.append(b"%x%b\r\n%b\r\n" % (len(piece), extension, piece))
            if len(pieces) > 50:
                pieces.append(b"%x\r\n%b\r\n" % (len(rest), rest) if rest else b"")
                break
        end = self.random.choice((b"0\r\n", b"0\r\n", b"0;last\r\n", b"0000\r\n", b"xyz\r\n"))
        trailers = b"".join(
            b"%b: %b\r\n" % header for header in (self._hostile() if self.random.random() < 0.4 else [])
        )
        return b"".join([*pieces, end, trailers, b"\r\n"])


def examples() -> Mapping[str, list[Any]]:
    """Bodies that the OpenAPI document shows, by path."""
    document = json.loads(files("service.web").joinpath("openapi.json").read_bytes())
    found: dict[str, list[Any]] = {}
    for path, methods in document["paths"].items():
        for operation in methods.values():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            shown = [example["value"] for example in content.get("examples", {}).values()]
            found.setdefault(path, []).extend([content["example"]] if "example" in content else shown)
    return found

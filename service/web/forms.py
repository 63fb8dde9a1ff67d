"""What browsers send: form fields, cookies, and the origin of a form."""

import re
from collections.abc import Awaitable, Callable, Iterator
from sys import getsizeof
from typing import Final

from starlette.types import Receive, Scope

from service.http.context import InFlight, context_of
from service.http.errors import INVALID_REQUEST, Refusal
from service.http.request_limits import BodyReader
from service.http.responses import Header

MEDIA_TYPE = "application/x-www-form-urlencoded"
MAX_FIELDS = 3_000
# Long texts are decoded in blocks of this size, so that other threads can run in between.
BLOCK_BYTES: Final = 65_536
_ESCAPES: Final = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")


class WebForm:
    """The fields of a form or a query string, in order; a name may occur more than once."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = pairs

    @property
    def size_bytes(self) -> int:
        """Return the memory of the values, in bytes."""
        return sum(getsizeof(value) for _, value in self.pairs)

    def one(self, name: str) -> str:
        """Return the first value of a name, or an empty string."""
        return next((value for key, value in self.pairs if key == name), "")

    def all(self, name: str) -> list[str]:
        """Return every value of a name that is not empty."""
        return [value for key, value in self.pairs if key == name and value]


def parse_form(text: str) -> WebForm | Refusal:
    """Return the fields of a query string or a form body, whose bytes are given as Latin-1.

    CR LF, which browsers send for line ends, becomes LF.
    """
    if text.count("&") >= MAX_FIELDS:
        return INVALID_REQUEST.saying("The form is not valid: it has too many fields.")
    fields = [field.partition("=") for field in text.split("&") if field]
    try:
        pairs = [(_decode(name), _decode(value).replace("\r\n", "\n")) for name, _, value in fields]
    except UnicodeDecodeError:
        return INVALID_REQUEST.saying("The form is not valid: it is not UTF-8.")
    return WebForm(pairs)


def _decode(text: str) -> str:
    """Return a name or a value without its percent-encoding. Raise UnicodeDecodeError."""
    return b"".join(map(_unescape, _blocks(text.replace("+", " ").encode("latin-1")))).decode()


def _blocks(encoded: bytes) -> Iterator[bytes]:
    """Yield the bytes in blocks that do not split an escape such as %C3."""
    start = 0
    while start < len(encoded):
        end = start + BLOCK_BYTES
        cut = encoded.find(b"%", end - 2, end)
        end = end if cut < 0 else cut
        yield encoded[start:end]
        start = end


def _unescape(block: bytes) -> bytes:
    if b"%" not in block:
        return block
    return _ESCAPES.sub(lambda found: bytes.fromhex(found[0].decode().replace("%", "")), block)


RunInThread = Callable[[Callable[[], WebForm | Refusal]], Awaitable[WebForm | Refusal]]


class FormReader:
    """Reads forms of at most `max_bytes`; a larger one is refused with `too_large`."""

    def __init__(
        self, max_bytes: int, timeout_seconds: float, in_flight: InFlight, too_large: Refusal | None = None
    ) -> None:
        self.reader = BodyReader(max_bytes, timeout_seconds, in_flight, MEDIA_TYPE)
        self.reader.too_large = too_large or self.reader.too_large

    async def read(self, scope: Scope, receive: Receive, run: RunInThread | None = None) -> WebForm | Refusal:
        """Return the form, parsed by `run` in a thread if it is given.

        The memory of its values is counted as held by the request, in place of the body.
        """
        form = await self._read(scope, receive, run)
        if isinstance(form, WebForm):
            context_of(scope).keep(form.size_bytes)
        return form

    async def _read(self, scope: Scope, receive: Receive, run: RunInThread | None) -> WebForm | Refusal:
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        text = body.decode("latin-1")
        return parse_form(text) if run is None else await run(lambda: parse_form(text))


def cookie(scope: Scope, name: str) -> str | None:
    """Return the value of a cookie, or None if there is none or there are two that differ."""
    values = {
        value.strip()
        for header, line in scope["headers"]
        if header == b"cookie"
        for key, _, value in (pair.partition("=") for pair in line.decode("latin-1").split(";"))
        if key.strip() == name
    }
    return values.pop() if len(values) == 1 else None


def keep_cookie(scope: Scope, name: str, value: str, seconds: int, path: str = "/") -> Header:
    """Return the header that sets a cookie. Scripts cannot read it, and pages of other sites do not send it.

    If the request came over HTTPS, the cookie is sent over HTTPS only.
    """
    secure = "; Secure" if scope["scheme"] == "https" else ""
    text = f"{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    return b"set-cookie", text.encode("latin-1")


OTHER_ORIGIN = Refusal(
    403, "cross_origin", "This form was not sent from a page of this service: open the page and try again."
)


def origin_refusal(scope: Scope) -> Refusal | None:
    """Return a refusal unless a page of ours sent the request: pages of other sites must not use our cookies.

    Browsers send `Sec-Fetch-Site` over HTTPS and to localhost, and `Origin` with every form. A request with neither is
    refused: browsers that send neither do not support SameSite cookies.
    """
    headers = dict(scope["headers"])
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return None if site == b"same-origin" else OTHER_ORIGIN
    # An origin is a scheme and a host and nothing else. Compare text: the header need not be a valid URL.
    _, _, host = headers.get(b"origin", b"").partition(b"://")
    return None if host and host == headers.get(b"host") else OTHER_ORIGIN

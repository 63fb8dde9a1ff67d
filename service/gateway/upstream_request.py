"""The bytes of a call of the upstream."""

from urllib.parse import quote, urlsplit

# What may stand in a path and a query as it is.
PLAIN = "/?:@!$&'()*+,;=%~"


class UpstreamRequests:
    """Writes calls of one URL; all but the body and the trace of a call is the same each time."""

    def __init__(self, url: str, secret: str | None) -> None:
        parts = urlsplit(url)
        headers = {
            "Host": parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode(),
            "User-Agent": "weighbridge",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
        }
        if secret is not None:
            headers["Authorization"] = f"Bearer {secret}"
        target = quote(parts._replace(scheme="", netloc="", fragment="").geturl(), PLAIN)
        lines = (f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()))
        self._head = "\r\n".join(lines).encode()

    def post(self, body: bytes, traceparent: bytes | None) -> bytes:
        """A whole call."""
        trace = b"" if traceparent is None else b"\r\ntraceparent: " + traceparent
        return b"%b%b\r\nContent-Length: %d\r\n\r\n%b" % (self._head, trace, len(body), body)

"""Faults of the upstream, and the refusal that the caller gets for each.

UpstreamFault               carries `refusal`, for the caller, and `detail`, for the log
├── UpstreamUnavailable     it refused or reset the connection, or answered with an error of its own
├── BadUpstreamResponse     its answer is not that of an OpenAI-compatible server
├── UpstreamTimeout         it did not answer in time
├── RefusedByUpstream       it refused this very request
└── BusyUpstream            it answered 429
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from service.http.errors import (
    BAD_UPSTREAM_RESPONSE,
    INVALID_REQUEST,
    RETRY_SOON,
    UPSTREAM_BUSY,
    UPSTREAM_TIMEOUT,
    UPSTREAM_UNAVAILABLE,
    Refusal,
)
from service.http.responses import Header

MAX_MESSAGE_CHARACTERS = 500
# The statuses of a server that finds a fault in the request itself.
REQUEST_FAULT_STATUSES = (400, 413, 422)
TOO_MANY_REQUESTS = 429
# What a `code`, or the path of a `param`, consists of.
IDENTIFIER: Final = re.compile(r"[\w.\[\]-]{1,100}", re.ASCII)


class UpstreamFault(Exception):
    """The upstream gave no usable answer. `kind` is the label of the fault in metrics."""

    kind = "fault"

    def __init__(self, refusal: Refusal, detail: str) -> None:
        super().__init__(detail)
        self.refusal = refusal
        self.detail = detail


class UpstreamUnavailable(UpstreamFault):
    """The upstream cannot be reached or does not work. `headers` go to the caller, such as Retry-After."""

    kind = "unavailable"

    def __init__(self, detail: str, headers: tuple[Header, ...] = ()) -> None:
        super().__init__(UPSTREAM_UNAVAILABLE.with_headers(headers), detail)


class BadUpstreamResponse(UpstreamFault):
    """The answer cannot be passed on."""

    kind = "bad_response"

    def __init__(self, detail: str) -> None:
        super().__init__(BAD_UPSTREAM_RESPONSE, detail)


class UpstreamTimeout(UpstreamFault):
    """No answer came in time, or no further piece of one."""

    kind = "timeout"

    def __init__(self, detail: str) -> None:
        super().__init__(UPSTREAM_TIMEOUT, detail)


class RefusedByUpstream(UpstreamFault):
    """The request is at fault, so the caller gets the upstream's message, and its `code` and `param` if it has them."""

    kind = "refused"

    def __init__(self, error: "UpstreamError") -> None:
        refusal = INVALID_REQUEST.saying(f"The model refused the request: {error.message}")
        details = {} if error.param is None else {"param": error.param}
        super().__init__(replace(refusal, code=error.code or refusal.code, details=details), error.message)


class BusyUpstream(UpstreamFault):
    """The upstream limits the rate of requests. `headers` say when to retry."""

    kind = "busy"

    def __init__(self, message: str, headers: tuple[Header, ...]) -> None:
        super().__init__(UPSTREAM_BUSY.with_headers(headers or (RETRY_SOON,)), f"status 429: {message}")


class UpstreamError(NamedTuple):
    """The error object of an answer. `code` and `param` are None if they are missing or not identifiers."""

    message: str
    code: str | None = None
    param: str | None = None

    @classmethod
    def parse(cls, answer: Mapping[str, Any], status: int) -> "UpstreamError":
        """Return the error in an answer, its message on one line and at most MAX_MESSAGE_CHARACTERS long."""
        error = answer.get("error", answer)
        message = error.get("message") if isinstance(error, dict) else error
        text = one_line(message if isinstance(message, str) else f"status {status}")
        code, param = (error.get("code"), error.get("param")) if isinstance(error, dict) else (None, None)
        return cls(text, _identifier(code), _identifier(param))

    def fault(self, status: int, retry_after: bytes) -> UpstreamFault:
        """Return the fault that an answer with this error and status is. `retry_after` is its header, or empty."""
        if status in REQUEST_FAULT_STATUSES:
            return RefusedByUpstream(self)
        headers = ((b"retry-after", retry_after),) if retry_after.isdigit() else ()
        if status == TOO_MANY_REQUESTS:
            return BusyUpstream(self.message, headers)
        return UpstreamUnavailable(f"status {status}: {self.message}", headers)


def one_line(text: str) -> str:
    """Return the text on one line, cut to MAX_MESSAGE_CHARACTERS."""
    return " ".join(text.split())[:MAX_MESSAGE_CHARACTERS]


def _identifier(value: Any) -> str | None:
    return value if isinstance(value, str) and IDENTIFIER.fullmatch(value) else None

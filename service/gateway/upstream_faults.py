"""What goes wrong with an upstream.

UpstreamFault               carries `refusal`, for the caller, and `detail`, for the log
├── UpstreamUnavailable     it refused the connection, reset it, or answered an error of its own
├── BadUpstreamResponse     it did not answer what an OpenAI-compatible server answers
├── UpstreamTimeout         it did not answer in time
├── RefusedByUpstream       it refused this very request
└── BusyUpstream            it answered 429
"""

from dataclasses import replace
from typing import NamedTuple

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


class UpstreamFault(Exception):
    """An answer that cannot be had; `kind` names the fault in numbers."""

    kind = "fault"

    def __init__(self, refusal: Refusal, detail: str) -> None:
        super().__init__(detail)
        self.refusal = refusal
        self.detail = detail


class UpstreamUnavailable(UpstreamFault):
    """`headers` go to the caller, such as when to try again."""

    kind = "unavailable"

    def __init__(self, detail: str, headers: tuple[Header, ...] = ()) -> None:
        super().__init__(UPSTREAM_UNAVAILABLE.with_headers(headers), detail)


class BadUpstreamResponse(UpstreamFault):
    """It cannot be passed on."""

    kind = "bad_response"

    def __init__(self, detail: str) -> None:
        super().__init__(BAD_UPSTREAM_RESPONSE, detail)


class UpstreamTimeout(UpstreamFault):
    """No answer, or no further piece of one."""

    kind = "timeout"

    def __init__(self, detail: str) -> None:
        super().__init__(UPSTREAM_TIMEOUT, detail)


class RefusedByUpstream(UpstreamFault):
    """The caller can mend it: the upstream's own words are passed on, with its `code` and `param` if it has any."""

    kind = "refused"

    def __init__(self, error: "UpstreamError") -> None:
        refusal = INVALID_REQUEST.saying(f"The model refused the request: {error.message}")
        details = {} if error.param is None else {"param": error.param}
        super().__init__(replace(refusal, code=error.code or refusal.code, details=details), error.message)


class BusyUpstream(UpstreamFault):
    """It wants to be asked less often. `headers` say when to try again."""

    kind = "busy"

    def __init__(self, message: str, headers: tuple[Header, ...]) -> None:
        super().__init__(UPSTREAM_BUSY.with_headers(headers or (RETRY_SOON,)), f"status 429: {message}")


class UpstreamError(NamedTuple):
    """What an error of the upstream says. `code` and `param` are None where it has none that is a short text."""

    message: str
    code: str | None = None
    param: str | None = None

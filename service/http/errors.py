"""All refusals with status, code and message. A refusal is a value that handlers return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from service.http import json
from service.http.responses import Header


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason why a request is not served. `code` is stable; it is in errors of the gateway and in logs.

    `close` ends the connection; `details` are more properties of the error in the gateway's format.
    """

    status: int
    code: str
    message: str
    headers: tuple[Header, ...] = ()
    close: bool = False
    details: Mapping[str, json.Value] = field(default_factory=dict)

    def saying(self, message: str) -> "Refusal":
        """Return this refusal with another message."""
        return replace(self, message=message)

    @property
    def reply_headers(self) -> list[Header]:
        """Return the headers of the reply, with `connection: close` if the rest of the request is not read."""
        return [*self.headers, (b"connection", b"close")] if self.close else [*self.headers]

    def with_headers(self, headers: Sequence[Header]) -> "Refusal":
        """Return this refusal with more headers."""
        return replace(self, headers=(*self.headers, *headers))


RETRY_SOON: Header = (b"retry-after", b"1")

MISSING_KEY = Refusal(400, "missing_api_key", "Authorization header not found.")
MISSING_PROVIDER_KEY = Refusal(401, "missing_api_key", "No API key was sent.")
INVALID_KEY = Refusal(401, "invalid_api_key", "Invalid API key.")
NO_PERMISSION = Refusal(403, "permission_denied", "The API key doesn't have permissions.")
HTTPS_REQUIRED = Refusal(403, "https_required", "This API is served over HTTPS only: call it with https://.")
INVALID_REQUEST = Refusal(400, "invalid_request", "Bad request.")
UNKNOWN_ROUTE = Refusal(404, "not_found", "There is nothing at this path. The API is described at /docs.")
NOT_FOUND = Refusal(404, "not_found", "Not found.")
METHOD_NOT_ALLOWED = Refusal(405, "method_not_allowed", "This path does not answer that method.")
BODY_TIMEOUT = Refusal(408, "request_timeout", "The request body did not arrive in time.", close=True)
CALLER_GONE = Refusal(408, "caller_gone", "The caller hung up before it was its turn.", close=True)
TOO_LARGE = Refusal(413, "request_too_large", "The request is too large.", close=True)
TEXT_TOO_LARGE = Refusal(413, "request_too_large", "The text is too large.")
URL_TOO_LONG = Refusal(414, "uri_too_long", "The address of the request is too long.", close=True)
HEADERS_TOO_LARGE = Refusal(431, "headers_too_large", "The headers of the request are too large.", close=True)
UNSUPPORTED_MEDIA = Refusal(415, "unsupported_media_type", "Send the body as application/json.", close=True)
MISSING_SESSION = Refusal(
    401,
    "missing_session",
    "Send a session token as Authorization: Bearer. POST /api/console/session gives one.",
    headers=((b"www-authenticate", b"Bearer"),),
)
INVALID_SESSION = Refusal(
    401,
    "invalid_session",
    "The session token is not valid or has expired: log in again.",
    headers=((b"www-authenticate", b'Bearer error="invalid_token"'),),
)
WRONG_CREDENTIALS = Refusal(401, "invalid_credentials", "E-mail or password is wrong.")
TOO_MANY_ATTEMPTS = Refusal(429, "too_many_attempts", "Too many logins were tried: wait before the next.")
KEY_NOT_FOUND = Refusal(404, "key_not_found", "There is no such key in this account.")
TOO_MANY_KEYS = Refusal(409, "too_many_keys", "The account has as many keys as it may have: revoke one first.")
TOO_MANY_NEW_KEYS = Refusal(
    429, "too_many_new_keys", "The account created as many keys within an hour as it may: wait before the next."
)
RATE_EXCEEDED = Refusal(429, "rate_limit_exceeded", "Rate limit exceeded.")
QUOTA_EXCEEDED = Refusal(429, "quota_exceeded", "Quota exceeded.")
INTERNAL = Refusal(500, "internal_error", "Something went wrong.")
UNAVAILABLE = Refusal(503, "unavailable", "Service temporarily unavailable.", headers=(RETRY_SOON,))
OVERLOADED = replace(UNAVAILABLE, code="overloaded", close=True)

# Refusals of the gateway.
NO_KEY = Refusal(401, "missing_api_key", "No API key was sent: send Authorization: Bearer atms_sk_... or X-API-Key.")
KEY_FORMAT = Refusal(
    401, "invalid_key_format", "Invalid API key format: a key begins with atms_sk_ and has at least 20 characters."
)
BAD_KEY = Refusal(401, "invalid_api_key", "Invalid API key or key has been revoked.")
INSUFFICIENT_CREDITS = Refusal(402, "insufficient_credits", "The balance does not cover this request.")
MODEL_NOT_FOUND = Refusal(404, "model_not_found", "There is no such model.")
NO_RETRY: Header = (b"x-should-retry", b"false")
CALL_RUNNING = Refusal(
    409,
    "idempotency_key_in_use",
    "A call with this Idempotency-Key is still running: ask again for its answer.",
    headers=(RETRY_SOON,),
)
ANSWER_LOST = Refusal(
    409,
    "idempotent_answer_lost",
    "The call with this Idempotency-Key was charged, but its answer was not kept. GET /api/gateway/usage tells the "
    "charge; send a new key to call again.",
    headers=(NO_RETRY,),
)
OTHER_BODY = Refusal(422, "idempotency_key_reused", "This Idempotency-Key was sent before with another body.")
TOO_MANY_CALLS = Refusal(429, "rate_limit_exceeded", "Too many open calls for this key.", headers=(RETRY_SOON,))
UPSTREAM_BUSY = Refusal(429, "upstream_rate_limited", "The model takes no more calls just now. Nothing was charged.")
UPSTREAM_UNAVAILABLE = Refusal(502, "upstream_unavailable", "The model is not available. Nothing was charged.")
BAD_UPSTREAM_RESPONSE = Refusal(502, "bad_upstream_response", "The model's answer was not valid. Nothing was charged.")
UPSTREAM_TIMEOUT = Refusal(504, "upstream_timeout", "The model did not answer in time. Nothing was charged.")

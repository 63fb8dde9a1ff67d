"""The error replies of all APIs: each path has the format that its clients read."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from service.http import json
from service.http.errors import Refusal
from service.http.responses import Reply

# Paths with errors in the gateway's format: its routes, and others that OpenAI clients may call.
GATEWAY_PATHS = ("/v1/", "/api/")
TOKENS_PATH = "/v1/tokens"
BELOW_TOKENS = f"{TOKENS_PATH}/"
# A route of the token API outside of TOKENS_PATH.
COST_PATH = "/v1/cost"
# The counting calls of providers.
ANTHROPIC_PATH = "/v1/messages/count_tokens"
RESPONSES_PATH = "/v1/responses/input_tokens"
GEMINI_PATHS = ("/v1beta/", "/v1beta1/")
GEMINI_FOLDERS = ("/v1beta/models/", "/v1/models/")
GEMINI_METHOD = ":countTokens"
# Where Vertex AI has its models: of a publisher, and of a publisher in a project.
VERTEX_PLACES = ("publishers/{publisher}", "projects/{project}/locations/{location}/publishers/{publisher}")
VERTEX_FOLDERS = (
    "/v1beta1/models/",
    *(f"/{version}/{place}/models/" for version in ("v1", "v1beta1") for place in VERTEX_PLACES),
)
_GEMINI_METHODS = ("/v1/models/", "/v1/publishers/", "/v1/projects/")
TOKENIZE_PATH, DETOKENIZE_PATH = "/tokenize", "/detokenize"

ErrorObject = dict[str, json.Value]


def error_reply(refusal: Refusal, path: str, trace_id: str, event_id: str | None = None) -> Reply:
    """Return the error reply in the format of the API that `path` belongs to."""
    provider = _provider_format(path)
    if provider is not None:
        body = provider(refusal, trace_id)
    elif is_gateway(path):
        body = {"error": error_properties(refusal)}
    else:
        body = _token_api_error(refusal, trace_id, event_id)
    return Reply(refusal.status, json.encode(body), refusal.reply_headers)


def is_gateway(path: str) -> bool:
    """Return whether a path belongs to the gateway, and not to the token API, a provider's call or a page."""
    if not path.startswith(GATEWAY_PATHS) or path.startswith(BELOW_TOKENS) or path in (TOKENS_PATH, COST_PATH):
        return False
    return _provider_format(path) is None


def error_properties(refusal: Refusal) -> dict[str, json.Value]:
    """Return the error object of the gateway's format, for a reply or a stream."""
    kinds = {401: "authentication_error", 429: "rate_limit_error", 402: "insufficient_credits"}
    kind = kinds.get(refusal.status, "invalid_request_error" if refusal.status < 500 else "api_error")
    return {"message": refusal.message, "type": kind, "code": refusal.code, **refusal.details}


def _provider_format(path: str) -> Callable[[Refusal, str], ErrorObject] | None:
    """Return what writes errors of a provider's call, None for all other paths."""
    if path in _FORMATS:
        return _FORMATS[path]
    if path.startswith(GEMINI_PATHS) or (path.startswith(_GEMINI_METHODS) and path.endswith(GEMINI_METHOD)):
        return _gemini_error
    return None


def _token_api_error(refusal: Refusal, trace_id: str, event_id: str | None) -> ErrorObject:
    return {
        "status_code": refusal.status,
        "title": HTTPStatus(refusal.status).phrase,
        "message": refusal.message,
        "trace_id": trace_id,
        "event_id": event_id,
    }


_ANTHROPIC_TYPES: Final = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
}


def _anthropic_error(refusal: Refusal, trace_id: str) -> ErrorObject:
    otherwise = "invalid_request_error" if refusal.status < 500 else "api_error"
    error: ErrorObject = {"type": _ANTHROPIC_TYPES.get(refusal.status, otherwise), "message": refusal.message}
    return {"type": "error", "error": error, "request_id": trace_id}


def _openai_error(refusal: Refusal, trace_id: str) -> ErrorObject:
    return {"error": {**error_properties(refusal), "param": None}}


# Names of google.rpc.Code.
_GEMINI_STATUSES: Final = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    408: "DEADLINE_EXCEEDED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


def _gemini_error(refusal: Refusal, trace_id: str) -> ErrorObject:
    status = _GEMINI_STATUSES.get(refusal.status, "INVALID_ARGUMENT")
    return {"error": {"code": refusal.status, "message": refusal.message, "status": status}}


_VLLM_TYPES: Final = {400: "BadRequestError", 401: "Unauthorized", 404: "NotFoundError", 500: "InternalServerError"}


def _vllm_error(refusal: Refusal, trace_id: str) -> ErrorObject:
    kind = _VLLM_TYPES.get(refusal.status, HTTPStatus(refusal.status).phrase)
    return {"error": {"message": refusal.message, "type": kind, "param": None, "code": refusal.status}}


_FORMATS: Final = {
    ANTHROPIC_PATH: _anthropic_error,
    RESPONSES_PATH: _openai_error,
    TOKENIZE_PATH: _vllm_error,
    DETOKENIZE_PATH: _vllm_error,
}

"""`POST /v1/tokens/truncate` and `/split`: texts cut to a number of tokens."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice
from typing import Any, Final, NamedTuple, TypeVar

from starlette.types import Receive, Scope

from service.auth.accounts import Principal
from service.http import json
from service.http.context import context_of, hold_exactly
from service.http.errors import INVALID_REQUEST, OVERLOADED, UNAVAILABLE, Refusal
from service.http.request_limits import BodyReader
from service.http.responses import Reply
from service.http.validation import InvalidRequest, check_names, one_of, read_body, typed, whole_number
from service.tokens.counting_pool import Caller, CountingPool
from service.tokens.encode import named_vocabulary
from tokenizer_registry import DamagedVocabulary, Registry, UncountableText
from tokenizer_registry.cutting import AT, KEEP, At, Keep, split, truncate
from tokenizer_registry.errors import TooFewTokens

NAMES: Final = ("input", "vocabulary", "model", "max_tokens")
REQUIRED: Final = ("input", "max_tokens")
MAX_TOKENS: Final = 100_000_000
# Pieces of one reply.
MAX_PIECES: Final = 10_000
# Memory for the borders between tokens and for pieces, for each character of a text.
BYTES_PER_CHARACTER: Final = 24
EXPECTED: Final = "The body must be a JSON object with input, max_tokens, and vocabulary or model."


class TruncateRequest(NamedTuple):
    """A text, an installed vocabulary, and which part is kept."""

    text: str
    vocabulary: str
    max_tokens: int
    keep: Keep


class SplitRequest(NamedTuple):
    """A text, an installed vocabulary, and where pieces end."""

    text: str
    vocabulary: str
    max_tokens: int
    overlap_tokens: int
    at: At


RequestT = TypeVar("RequestT", TruncateRequest, SplitRequest)


class CutEndpoint:
    """Cuts texts in the threads of a pool."""

    def __init__(self, reader: BodyReader, pool: CountingPool) -> None:
        self.reader = reader
        self.pool = pool

    async def truncate(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """Answer with the part of a text that fits."""
        return await self._answer(scope, receive, principal, _truncate_request, _truncated)

    async def split(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """Answer with the pieces of a text."""
        return await self._answer(scope, receive, principal, _split_request, _split)

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        principal: Principal,
        read: Callable[[Registry, dict[str, Any]], RequestT],
        cut: Callable[[Registry, RequestT], json.Value],
    ) -> Reply | Refusal:
        caller = Caller(principal.account_id, receive)
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        registry = self.pool.registry
        request = await self.pool.run(caller, partial(read_body, body, partial(read, registry), EXPECTED))
        if isinstance(request, Refusal):
            return request
        size_bytes = len(request.text) * BYTES_PER_CHARACTER
        work = partial(self._cut, request, cut)
        written = await self.pool.run(caller, work, size_bytes, context_of(scope).held_bytes)
        if isinstance(written, Refusal):
            return written
        return Reply(200, written) if hold_exactly(scope, self.pool.in_flight, len(written)) else OVERLOADED

    def _cut(self, request: RequestT, cut: Callable[[Registry, RequestT], json.Value]) -> bytes | Refusal:
        text = request.text
        if refusal := self.pool.text_refusal(len(text), lambda: [text], "input: the text is"):
            return refusal
        try:
            return json.encode(cut(self.pool.registry, request))
        except UncountableText as fault:
            return INVALID_REQUEST.saying(f"input: {fault}")
        except (InvalidRequest, TooFewTokens) as fault:
            return INVALID_REQUEST.saying(f"max_tokens: {fault}.")
        except DamagedVocabulary as fault:
            return UNAVAILABLE.saying(f"The vocabulary cannot be read: {fault}.")


def _truncate_request(registry: Registry, fields: Mapping[str, Any]) -> TruncateRequest:
    check_names(fields, (*NAMES, "keep"), REQUIRED)
    text, vocabulary = _text_and_vocabulary(registry, fields)
    max_tokens = whole_number(fields, "max_tokens", 0, MAX_TOKENS) or 0
    return TruncateRequest(text, vocabulary, max_tokens, one_of(fields, "keep", KEEP) or "start")


def _split_request(registry: Registry, fields: Mapping[str, Any]) -> SplitRequest:
    check_names(fields, (*NAMES, "overlap_tokens", "at"), REQUIRED)
    text, vocabulary = _text_and_vocabulary(registry, fields)
    max_tokens = whole_number(fields, "max_tokens", 1, MAX_TOKENS) or 1
    # Half of a piece at most, so that all pieces together are not much longer than the text.
    overlap_tokens = whole_number(fields, "overlap_tokens", 0, max_tokens // 2) or 0
    return SplitRequest(text, vocabulary, max_tokens, overlap_tokens, one_of(fields, "at", AT) or "token")


def _text_and_vocabulary(registry: Registry, fields: Mapping[str, Any]) -> tuple[str, str]:
    return typed(fields, "input", str, "a string"), named_vocabulary(fields, registry)


def _truncated(registry: Registry, request: TruncateRequest) -> json.Value:
    piece = truncate(registry.vocabulary(request.vocabulary), request.text, request.max_tokens, request.keep)
    return {
        "vocabulary": request.vocabulary,
        "text": request.text[piece.start : piece.end],
        "token_count": piece.tokens,
        "start": piece.start,
        "end": piece.end,
        "truncated": piece.end - piece.start < len(request.text),
    }


def _split(registry: Registry, request: SplitRequest) -> json.Value:
    """Return the pieces. Raise InvalidRequest for too many of them."""
    vocabulary, text = registry.vocabulary(request.vocabulary), request.text
    found = split(vocabulary, text, request.max_tokens, request.overlap_tokens, request.at)
    pieces = list(islice(found, MAX_PIECES + 1))
    if len(pieces) > MAX_PIECES:
        raise InvalidRequest(f"with {request.max_tokens} the text has more than {MAX_PIECES:,} pieces; send more")
    entries: list[json.Value] = [
        {"text": text[piece.start : piece.end], "token_count": piece.tokens, "start": piece.start, "end": piece.end}
        for piece in pieces
    ]
    return {"vocabulary": request.vocabulary, "pieces": entries}

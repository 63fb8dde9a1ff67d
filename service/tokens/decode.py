"""`POST /v1/tokens/decode`: the text of tokens."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from starlette.types import Receive, Scope

from service.auth.accounts import Principal
from service.http import json
from service.http.context import hold_exactly
from service.http.errors import INVALID_REQUEST, OVERLOADED, UNAVAILABLE, Refusal
from service.http.json import shorten
from service.http.request_limits import BodyReader
from service.http.responses import Reply
from service.http.validation import InvalidRequest, check_names, read_body, typed
from service.tokens.counting_pool import Caller, CountingPool
from service.tokens.encode import named_vocabulary
from tokenizer_registry import DamagedVocabulary, Registry
from tokenizer_registry.errors import UndecodableVocabulary, UnknownToken
from tokenizer_registry.vocabulary import DecodedText

TOKENS: Final = "tokens"
EXPECTED: Final = "The body must be a JSON object with tokens, and vocabulary or model."


class DecodeRequest(NamedTuple):
    """Ids of tokens, and the installed vocabulary that they are of."""

    ids: list[int]
    vocabulary: str


class DecodeEndpoint:
    """Turns tokens into texts in the threads of a pool."""

    def __init__(self, reader: BodyReader, pool: CountingPool) -> None:
        self.reader = reader
        self.pool = pool

    async def decode(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """Answer with the text of the tokens of a request."""
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        written = await self.pool.run(Caller(principal.account_id, receive), partial(self._written, body))
        if isinstance(written, Refusal):
            return written
        return Reply(200, written) if hold_exactly(scope, self.pool.in_flight, len(written)) else OVERLOADED

    def _written(self, body: bytes) -> bytes | Refusal:
        request = read_body(body, self._read, EXPECTED)
        if isinstance(request, Refusal):
            return request
        decoded = decoded_text(self.pool.registry, request)
        if isinstance(decoded, Refusal):
            return decoded
        return json.encode({"vocabulary": request.vocabulary, "text": decoded.text, "complete": decoded.is_whole})

    def _read(self, fields: Mapping[str, Any]) -> DecodeRequest:
        check_names(fields, (TOKENS, "vocabulary", "model"), (TOKENS,))
        return DecodeRequest(token_ids(fields), named_vocabulary(fields, self.pool.registry))


def token_ids(fields: Mapping[str, Any]) -> list[int]:
    """Return the ids of a request. Raise InvalidRequest, which names the place of what is none."""
    ids: list[int] = typed(fields, TOKENS, list, "a list of ids")
    for place, each in enumerate(ids):
        if type(each) is not int:
            raise InvalidRequest(f"{TOKENS}[{place}]: must be the id of a token, not {shorten(each)}.")
    return ids


def decoded_text(registry: Registry, request: DecodeRequest) -> DecodedText | Refusal:
    """Return the text of tokens, or the refusal of ids or a vocabulary that have none."""
    try:
        return registry.vocabulary(request.vocabulary).decode(request.ids)
    except UnknownToken as fault:
        place, token = fault.place, fault.token
        return INVALID_REQUEST.saying(f"{TOKENS}[{place}]: {request.vocabulary} has no token {token}.")
    except UndecodableVocabulary as fault:
        return INVALID_REQUEST.saying(f"{fault}.")
    except DamagedVocabulary as fault:
        return UNAVAILABLE.saying(f"The vocabulary cannot be read: {fault}.")

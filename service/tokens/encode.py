"""`POST /v1/tokens/encode`: the tokens of a text with their ids and positions."""

from collections.abc import Mapping
from functools import partial
from sys import getsizeof
from typing import Any, NamedTuple

from starlette.types import Receive, Scope

from corpus_cost.model_names import model_hint
from service.auth.accounts import Principal
from service.http import json
from service.http.context import context_of, hold_exactly
from service.http.errors import INVALID_REQUEST, OVERLOADED, UNAVAILABLE, Refusal
from service.http.json import shorten
from service.http.request_limits import INLINE_BODY_BYTES, BodyReader
from service.http.responses import Reply
from service.http.validation import InvalidRequest, check_names, read_body, typed
from service.tokens.counting_pool import Caller, CountingPool
from tokenizer_registry import DamagedVocabulary, Registry, Token, UncountableText
from weighbridge_base.suggestions import did_you_mean

PROPERTIES = ("input", "vocabulary", "model")


class EncodeRequest(NamedTuple):
    """A text and the name of an installed vocabulary."""

    text: str
    vocabulary: str


class EncodeEndpoint:
    """Encodes texts of at most `max_characters` characters."""

    def __init__(self, reader: BodyReader, pool: CountingPool, max_characters: int) -> None:
        self.reader = reader
        self.pool = pool
        self.max_characters = max_characters

    async def encode(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """Encode the text of a request."""
        caller = Caller(principal.account_id, receive)
        request = await self._request(scope, receive, caller)
        if isinstance(request, Refusal):
            return request
        context_of(scope).keep(getsizeof(request.text))
        encoded = await self._encoded(request, context_of(scope).held_bytes, caller)
        if isinstance(encoded, Refusal):
            return encoded
        written = await self.pool.run(caller, partial(answer, request, encoded))
        if isinstance(written, Refusal):
            return written
        # The reply has several megabytes, and stays in memory while a slow client reads it.
        return Reply(200, written) if hold_exactly(scope, self.pool.in_flight, len(written)) else OVERLOADED

    async def _request(self, scope: Scope, receive: Receive, caller: Caller) -> EncodeRequest | Refusal:
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        if len(body) <= INLINE_BODY_BYTES:
            return parse(body, self.pool.registry)
        return await self.pool.run(caller, partial(parse, body, self.pool.registry))

    async def _encoded(self, request: EncodeRequest, held_bytes: int, caller: Caller) -> list[Token] | Refusal:
        try:
            return await self.pool.encode(request.text, request.vocabulary, self.max_characters, held_bytes, caller)
        except UncountableText as fault:
            return INVALID_REQUEST.saying(f"input: {fault}")
        except DamagedVocabulary as fault:
            return UNAVAILABLE.saying(f"The vocabulary cannot be read: {fault}.")


def parse(body: bytes, registry: Registry) -> EncodeRequest | Refusal:
    """Return the request, or a refusal that names the invalid property."""
    expected = "The body must be a JSON object with input, and vocabulary or model."
    return read_body(body, partial(_read, registry), expected)


def _read(registry: Registry, fields: Mapping[str, Any]) -> EncodeRequest:
    for name in fields:
        check_names((name,), PROPERTIES)
        typed(fields, name, str, "a string")
    check_names(fields, PROPERTIES, ("input",))
    return EncodeRequest(fields["input"], named_vocabulary(fields, registry))


def answer(request: EncodeRequest, tokens: list[Token]) -> bytes:
    """Return the JSON of a reply. `start` and `end` count characters (code points) of the input."""
    entries: list[json.Value] = [
        {"id": token.id, "start": token.start, "end": token.end, "text": request.text[token.start : token.end]}
        for token in tokens
    ]
    return json.encode({"vocabulary": request.vocabulary, "token_count": len(tokens), "tokens": entries})


def named_vocabulary(fields: Mapping[str, Any], registry: Registry) -> str:
    """Return the name of the vocabulary that the request names, or of its model's. Raise InvalidRequest."""
    if ("vocabulary" in fields) == ("model" in fields):
        raise InvalidRequest("Send either vocabulary or model.")
    if "vocabulary" in fields:
        return _installed("vocabulary", typed(fields, "vocabulary", str, "a string"), registry)
    name = typed(fields, "model", str, "a string")
    found = registry.names.find(name)
    if found is None:
        hint = model_hint(registry.names, name, "GET /v1/tokens/models lists the known ones.")
        raise InvalidRequest(f"model: there is no model {shorten(name)}. {hint}")
    vocabulary = registry.models[found.model].vocabulary
    if vocabulary is None:
        why = registry.why_uncounted(found.model)
        raise InvalidRequest(f"model: the vocabulary of {found.model} is not known: {why}.")
    return _installed("model", vocabulary, registry)


def _installed(field: str, name: str, registry: Registry) -> str:
    if name in registry.vocabularies:
        return name
    if name in registry.fetchable:
        raise InvalidRequest(
            f"{field}: the licence of {name} does not let it travel with the package; "
            f"the operator can add it with weighbridge vocab fetch {name}."
        )
    hint = did_you_mean(name, registry.vocabularies, "GET /v1/tokens/models?detail=true names them.")
    raise InvalidRequest(f"{field}: there is no vocabulary {shorten(name)}. {hint}")

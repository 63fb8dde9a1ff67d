"""`POST /tokenize` and `/detokenize` in the shape of vLLM's server."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from starlette.types import Receive, Scope

from service.auth.accounts import Principal
from service.http import json
from service.http.context import context_of, hold_exactly
from service.http.errors import INVALID_REQUEST, OVERLOADED, UNAVAILABLE, Refusal
from service.http.request_limits import BodyReader
from service.http.responses import Reply
from service.http.validation import InvalidRequest, read_body, typed
from service.tokens.counting_pool import TOKEN_BYTES, Caller, CountingPool
from service.tokens.decode import DecodeRequest, decoded_text, token_ids
from service.tokens.encode import named_vocabulary
from service.tokens.provider_calls import unknown_model
from tokenizer_registry import DamagedVocabulary, UncountableText, Vocabulary
from tokenizer_registry.facts import value_of

EXPECTED: Final = "The body must be a JSON object."
NO_CHATS: Final = (
    "messages: the ids of a chat are not known. POST /v1/tokens/count with type chat counts it; send prompt for those "
    "of a text."
)
NO_SPECIAL_TOKENS: Final = "add_special_tokens: the ids are those of the text alone; send false, or leave it out."
# Memory of an id while a reply is built; a text has at most about one token a character.
ID_BYTES: Final = 60


class TokenizeRequest(NamedTuple):
    """A text with the model as it was named, its vocabulary, and whether the strings of its tokens are wanted."""

    text: str
    model: str
    vocabulary: str
    with_strings: bool


class VllmEndpoints:
    """Encodes and decodes texts in the threads of a pool."""

    def __init__(self, reader: BodyReader, pool: CountingPool) -> None:
        self.reader = reader
        self.pool = pool
        self.registry = pool.registry

    async def tokenize(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """Answer with the ids of a text's tokens."""
        caller = Caller(principal.account_id, receive)
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        request = await self.pool.run(caller, partial(read_body, body, self._tokenize_request, EXPECTED))
        if isinstance(request, Refusal):
            return request
        size_bytes = len(request.text) * (TOKEN_BYTES if request.with_strings else ID_BYTES)
        work = partial(self._tokenized, request)
        return self._reply(scope, await self.pool.run(caller, work, size_bytes, context_of(scope).held_bytes))

    async def detokenize(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """Answer with the text of tokens."""
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        work = partial(self._detokenized, body)
        return self._reply(scope, await self.pool.run(Caller(principal.account_id, receive), work))

    def _reply(self, scope: Scope, written: bytes | Refusal) -> Reply | Refusal:
        if isinstance(written, Refusal):
            return written
        return Reply(200, written) if hold_exactly(scope, self.pool.in_flight, len(written)) else OVERLOADED

    def _tokenize_request(self, fields: Mapping[str, Any]) -> TokenizeRequest | Refusal:
        if "messages" in fields:
            raise InvalidRequest(NO_CHATS)
        if typed(fields, "add_special_tokens", bool, "true or false", default=False):
            raise InvalidRequest(NO_SPECIAL_TOKENS)
        found = self._model_and_vocabulary(fields)
        if isinstance(found, Refusal):
            return found
        text = typed(fields, "prompt", str, "a string")
        with_strings = fields.get("return_token_strs") is not None and typed(
            fields, "return_token_strs", bool, "true or false"
        )
        return TokenizeRequest(text, *found, with_strings)

    def _model_and_vocabulary(self, fields: Mapping[str, Any]) -> tuple[str, str] | Refusal:
        model: str = typed(fields, "model", str, "the name of a model")
        return unknown_model(self.registry.names, model) or (model, named_vocabulary({"model": model}, self.registry))

    def _tokenized(self, request: TokenizeRequest) -> bytes | Refusal:
        text = request.text
        if refusal := self.pool.text_refusal(len(text), lambda: [text], "prompt: the text is"):
            return refusal
        try:
            vocabulary = self.registry.vocabulary(request.vocabulary)
            ids = vocabulary.encode(text)
            strings = _strings(vocabulary, text) if request.with_strings else None
        except UncountableText as fault:
            return INVALID_REQUEST.saying(f"prompt: {fault}")
        except DamagedVocabulary as fault:
            return UNAVAILABLE.saying(f"The vocabulary cannot be read: {fault}.")
        return self._answer(request.model, ids, strings)

    def _answer(self, model: str, ids: list[int], strings: list[str] | None) -> bytes:
        window = value_of(self.registry.facts[self.registry.names.resolve(model).model].context_window)
        tokens: list[json.Value] = [*ids]
        token_strings: list[json.Value] | None = None if strings is None else [*strings]
        return json.encode({"count": len(ids), "max_model_len": window, "tokens": tokens, "token_strs": token_strings})

    def _detokenized(self, body: bytes) -> bytes | Refusal:
        request = read_body(body, self._detokenize_request, EXPECTED)
        if isinstance(request, Refusal):
            return request
        decoded = decoded_text(self.registry, request)
        return decoded if isinstance(decoded, Refusal) else json.encode({"prompt": decoded.text})

    def _detokenize_request(self, fields: Mapping[str, Any]) -> DecodeRequest | Refusal:
        found = self._model_and_vocabulary(fields)
        return found if isinstance(found, Refusal) else DecodeRequest(token_ids(fields), found[1])


def _strings(vocabulary: Vocabulary, text: str) -> list[str]:
    """Return the characters of each token; one that is split into several tokens belongs to each of them."""
    return [text[token.start : token.end] for token in vocabulary.tokens(text)]

"""The counting calls of Anthropic, OpenAI and Google in their own shapes, so that their SDKs can be used as clients."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from starlette.types import Receive, Scope

from corpus_cost.model_names import model_hint
from service.auth.accounts import Principal
from service.http import json
from service.http.context import context_of
from service.http.errors import INVALID_REQUEST, MODEL_NOT_FOUND, Refusal
from service.http.json import shorten
from service.http.repeated_arrays import RepeatedArrays
from service.http.request_limits import INLINE_BODY_BYTES, BodyReader
from service.http.responses import Header, Reply
from service.http.validation import InvalidRequest, read_body, typed
from service.tokens.chat_counting import ChatCounting, why_unknown
from service.tokens.chat_requests import ChatInput, chat_of
from service.tokens.counting_pool import Caller, CountingPool
from tokenizer_registry import NameResolver
from tokenizer_registry.chat.families import is_compared
from tokenizer_registry.chat.parts import ChatCount, ChatParts
from tokenizer_registry.names import MAX_NAME_CHARACTERS

# The host of Vertex AI's calls.
VERTEX: Final = "google-vertex"
EXPECTED: Final = "The body must be a JSON object."


class ProviderCalls:
    """Answers the counting calls of providers for any model; requests of another family are translated.

    `on_counted` is called with the vocabulary of each counted request.
    """

    def __init__(
        self,
        reader: BodyReader,
        pool: CountingPool,
        on_counted: Callable[[tuple[str | None, ...]], None] = lambda _: None,
    ) -> None:
        self.reader = reader
        self.pool = pool
        self.names = pool.registry.names
        self.chats = ChatCounting(pool)
        self.on_counted = on_counted
        self._tools = RepeatedArrays("tools")

    async def count_anthropic(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """Answer `POST /v1/messages/count_tokens`."""
        counted = await self._counted(scope, receive, principal, partial(_named_in_body, "anthropic_messages"))
        return counted if isinstance(counted, Refusal) else _reply(counted, {"input_tokens": counted.tokens})

    async def count_openai(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """Answer `POST /v1/responses/input_tokens`."""
        counted = await self._counted(scope, receive, principal, partial(_named_in_body, "openai_responses"))
        if isinstance(counted, Refusal):
            return counted
        return _reply(counted, {"object": "response.input_tokens", "input_tokens": counted.tokens})

    async def count_gemini(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """Answer `POST /v1beta/models/{model}:countTokens`."""
        model: str = scope["path_params"]["model"]
        return await self._count_contents(scope, receive, principal, model, None)

    async def count_vertex(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """Answer Vertex AI's call of the same name, with the rules of Vertex AI for the models that it sells."""
        model: str = scope["path_params"]["model"]
        found = self.names.find(model) if len(model) <= MAX_NAME_CHARACTERS else None
        host = VERTEX if found is not None and is_compared(found.model, VERTEX) else None
        return await self._count_contents(scope, receive, principal, model, host)

    async def _count_contents(
        self, scope: Scope, receive: Receive, principal: Principal, model: str, host: str | None
    ) -> Reply | Refusal:
        counted = await self._counted(scope, receive, principal, partial(_gemini_request, model, host))
        if isinstance(counted, Refusal):
            return counted
        return _reply(counted, {"totalTokens": counted.tokens, "promptTokensDetails": modalities(counted.parts)})

    async def _counted(
        self,
        scope: Scope,
        receive: Receive,
        principal: Principal,
        read: Callable[[dict[str, Any]], tuple[str, ChatInput]],
    ) -> ChatCount | Refusal:
        """Return the count of a request that has one."""
        caller, context = Caller(principal.account_id, receive), context_of(scope)
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        parse = partial(read_body, body, read, EXPECTED, self._tools.decode)
        request = parse() if len(body) <= INLINE_BODY_BYTES else await self.pool.run(caller, parse)
        del parse
        if isinstance(request, Refusal):
            return request
        model, chat = request
        if unknown := unknown_model(self.names, model):
            return unknown
        del body
        context.keep(chat.size_bytes)
        found = await self.chats.count(chat, [model], None, caller, context.held_bytes)
        if isinstance(found, Refusal):
            return found
        self.on_counted((found[0].vocabulary if found[0].tokens is not None else None,))
        if found[0].tokens is None:
            why = why_unknown(found[0])
            return INVALID_REQUEST.saying(f"The tokens of this request are not known: {why}.")
        return found[0]


def unknown_model(names: NameResolver, model: str) -> Refusal | None:
    """Return the refusal of a name that stands for no model, None for others."""
    if len(model) <= MAX_NAME_CHARACTERS and names.find(model) is not None:
        return None
    hint = model_hint(names, model, "GET /v1/tokens/models lists the known ones.")
    return MODEL_NOT_FOUND.saying(f"model: there is no model {shorten(model)}. {hint}")


def modalities(parts: ChatParts) -> list[json.Value]:
    """Return the tokens by modality; everything but media counts as text."""
    found = {"IMAGE": parts.images.tokens or 0, "AUDIO": parts.audio.tokens or 0, "DOCUMENT": parts.files.tokens or 0}
    text = sum(part.tokens or 0 for part in parts) - sum(found.values())
    counted = {"TEXT": text, **found}
    return [{"modality": name, "tokenCount": tokens} for name, tokens in counted.items() if tokens or name == "TEXT"]


def _named_in_body(shape: str, body: Mapping[str, Any]) -> tuple[str, ChatInput]:
    if "model" not in body:
        raise InvalidRequest("model: this property is missing.")
    return typed(body, "model", str, "the name of a model"), chat_of(shape, body)


def _gemini_request(model: str, host: str | None, body: dict[str, Any]) -> tuple[str, ChatInput]:
    """Return the model of the path with the request."""
    return model, chat_of("gemini_contents", body, host)


def _reply(counted: ChatCount, answer: dict[str, json.Value]) -> Reply:
    """Return a count with the headers that say how sure it is. No upper bound has no header."""
    headers: list[Header] = [
        (b"x-token-method", counted.method.encode()),
        (b"x-token-low", b"%d" % counted.low),
    ]
    if counted.high is not None:
        headers.append((b"x-token-high", b"%d" % counted.high))
    return Reply(200, json.encode(answer), headers)

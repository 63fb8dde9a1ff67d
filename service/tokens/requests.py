"""The requests of the token API: the body of a count, and query parameters."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from starlette.types import Scope

from corpus_cost.model_names import ModelNames
from service.http.errors import INVALID_REQUEST, Refusal
from service.http.json import NotJson, check_numbers, decode_unchecked, shorten
from service.http.repeated_arrays import RepeatedArrays
from service.http.validation import InvalidRequest, check_names, query_parameters, typed
from service.tokens.chat_requests import CHAT_PROPERTIES, ChatInput, chat_input, refuse_input
from service.tokens.requested_names import NameLists, RequestedNames
from tokenizer_registry.names import MAX_NAME_CHARACTERS

REQUIRED = frozenset(("input", "type", "models"))
OPTIONS = ("detail", "estimate", "as_of", "unknown_models")
PROPERTIES = ("input", "type", "models", *OPTIONS)
CHAT = "chat"
# Bytes at either end of a body in which most callers name its type.
END_BYTES = 256
PROPERTIES_OF_CHATS = ("type", "models", *CHAT_PROPERTIES, *OPTIONS)
# What becomes of an unknown name: it fails the call, or its count is null.
UNKNOWN_MODELS = ("error", "null")
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
EVERY_MODEL = ["*"]


class CountRequest(NamedTuple):
    """A valid count: models of the catalogue in the order of the reply. `estimate` implies `detail`.

    A `chat` is counted in place of the text. `names` are the names as they were sent, if not all of them are names of
    the catalogue; `models` are theirs.
    """

    text: str
    models: tuple[str, ...]
    detail: bool = False
    estimate: bool = False
    as_of: date | None = None
    names: RequestedNames | None = None
    chat: ChatInput | None = None

    @property
    def counted_names(self) -> tuple[str, ...]:
        """Return the names that are counted, as they were sent."""
        if self.names is None:
            return self.models
        return tuple(each.name for each in self.names.found if each is not None)


class CountRequests:
    """Parses bodies with the names of models."""

    def __init__(self, names: ModelNames, max_models: int) -> None:
        self.catalogue = tuple(names.registry.models)
        self._catalogue_names = frozenset(self.catalogue)
        self._lists = NameLists(names)
        self.max_models = max_models
        self._tools = RepeatedArrays("tools")

    def parse(self, body: bytes) -> CountRequest | Refusal:
        """Return the request, or a refusal that names the invalid property."""
        try:
            if _says_chat(body):
                return self.read(self._tools.decode(body))
            fields = decode_unchecked(body)
            plain = self._plain(fields)
            if plain is not None:
                return plain
            check_numbers(fields)
            return self.read(fields)
        except (NotJson, InvalidRequest) as error:
            return INVALID_REQUEST.saying(str(error))

    def _plain(self, fields: Any) -> CountRequest | None:
        """Return the request of a text for models of the catalogue without options, None for any other.

        Fast path of most requests: they have no number, and need no other check. Raise InvalidRequest.
        """
        if type(fields) is not dict or fields.keys() != REQUIRED or fields["type"] != "text":
            return None
        text, names = fields["input"], fields["models"]
        if type(text) is not str or type(names) is not list:
            return None
        models = self._models(names)
        return None if models is None else CountRequest(text, models)

    def read(self, fields: Any) -> CountRequest:
        """Return the request from its properties. Raise InvalidRequest."""
        if not isinstance(fields, dict):
            raise InvalidRequest("The body must be a JSON object with input, type and models.")
        if fields.get("type") == CHAT:
            return self._read_chat(fields)
        if fields.keys() != REQUIRED:
            check_names(fields, PROPERTIES, PROPERTIES[:3])
        text = fields["input"]
        if not isinstance(text, str):
            raise InvalidRequest(f"input: must be a string, not {shorten(text)}.")
        if fields["type"] != "text":
            raise InvalidRequest(f'type: {shorten(fields["type"])} is not known; the types are "text" and "chat".')
        return self._read_models(fields, text)

    def _read_models(self, fields: dict[str, Any], text: str, *, is_chat: bool = False) -> CountRequest:
        """Return the request of a text, or of the chat, with the models and options. Raise InvalidRequest."""
        names = fields["models"]
        models = self._models(names)
        chat = chat_input(fields) if is_chat else None
        if len(fields) == len(REQUIRED) and models is not None:  # none is an option
            return CountRequest(text, models, chat=chat)
        unknown_models = fields.get("unknown_models", UNKNOWN_MODELS[0])
        if unknown_models not in UNKNOWN_MODELS:
            raise InvalidRequest(f'unknown_models: must be "error" or "null", not {shorten(unknown_models)}.')
        detail = typed(fields, "detail", bool, "true or false", default=False)
        estimate = typed(fields, "estimate", bool, "true or false", default=False)
        as_of = day_of(fields, "as_of")
        if models is not None:
            return CountRequest(text, models, detail or estimate, estimate, as_of, None, chat)
        found = self._named(names, allow_unknown=unknown_models == "null")
        return CountRequest(text, found.models, detail or estimate, estimate, as_of, found, chat)

    def _read_chat(self, fields: dict[str, Any]) -> CountRequest:
        refuse_input(fields)
        check_names(fields, PROPERTIES_OF_CHATS, PROPERTIES_OF_CHATS[:2])
        return self._read_models(fields, "", is_chat=True)

    def _models(self, names: Any) -> tuple[str, ...] | None:
        """Return a list of names that are all of the catalogue, None for another one. Raise InvalidRequest."""
        if not isinstance(names, list):
            raise InvalidRequest(f"models: must be a list of model names, not {shorten(names)}.")
        if not 1 <= len(names) <= self.max_models:
            raise InvalidRequest(f"models: send 1 to {self.max_models} names, not {len(names)}.")
        if names == EVERY_MODEL:
            return self.catalogue
        try:
            # Nothing has to be resolved.
            if self._catalogue_names.issuperset(names):
                return tuple(names)
        except TypeError:  # a list or an object among them
            pass
        return None

    def _named(self, names: list[Any], *, allow_unknown: bool) -> RequestedNames:
        """Return names that are resolved. Raise InvalidRequest."""
        for name in names:
            if not isinstance(name, str):
                raise InvalidRequest(f"models: {shorten(name)} is not a model name; names are strings.")
            if len(name) > MAX_NAME_CHARACTERS:
                raise InvalidRequest(f"models: unknown model {shorten(name)}; no name has {len(name):,} characters.")
        found = self._lists.find(tuple(names))
        if found.unknown and not allow_unknown:
            sentences = ", ".join(found.unknown.values())
            raise InvalidRequest(f"models: {sentences}. GET /v1/tokens/models lists the known ones.")
        return found


def _says_chat(body: bytes) -> bool:
    """Return whether a body is likely to be that of a chat, found without reading a text."""
    word = b'"chat"'
    return body.find(word, 0, END_BYTES) >= 0 or body.find(word, len(body) - END_BYTES) >= 0


def day_of(fields: Mapping[str, Any], name: str) -> date | None:
    """Return a calendar day, or None if the property is missing. Raise InvalidRequest."""
    if name not in fields:
        return None
    value = fields[name]
    try:
        if isinstance(value, str) and DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise InvalidRequest(f'{name}: must be a date such as "2026-01-31", not {shorten(value)}.')


def parameters(scope: Scope, known: tuple[str, ...]) -> dict[str, str] | Refusal:
    """Return the query without `api-key`, which the policy reads. Refuse unknown names and differing repetitions."""
    wanted: dict[str, str] = {}
    for name, value in query_parameters(scope):
        if name == "api-key":
            continue
        if name not in known:
            offer = ", ".join((*known, "api-key"))
            return INVALID_REQUEST.saying(f"{shorten(name)} is not a parameter of this path; it has {offer}.")
        if wanted.setdefault(name, value) != value:
            return INVALID_REQUEST.saying(f"{name}: this parameter is given twice, with different values.")
    return wanted

"""The body of `POST /v1/tokens/count`, checked property by property."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic_core import from_json
from starlette.types import Scope

from service.auth.credentials import query_parameters
from service.http import json
from service.http.errors import INVALID_REQUEST, Refusal
from service.http.json import shorten
from weighbridge_base.suggestions import nearest

REQUIRED = frozenset(("input", "type", "models"))
PROPERTIES = ("input", "type", "models", "detail", "estimate", "as_of")
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
EVERY_MODEL = ["*"]
# A near name is looked for only so often: each look compares with the whole catalogue.
MAX_SUGGESTIONS = 10
OPENING = b'{"input":'
WHITESPACE = b" \t\r\n"
# What follows the text in the bodies of many callers, kept with what it says.
MAX_RESTS = 256
MAX_REST_BYTES = 4_096


class CountRequest(NamedTuple):
    """A valid count: known models in the order of the answer. `estimate` comes with `detail`."""

    text: str
    models: tuple[str, ...]
    detail: bool = False
    estimate: bool = False
    as_of: date | None = None


class CountRequests:
    """Parses bodies against a catalogue."""

    def __init__(self, catalogue: Mapping[str, object], max_models: int) -> None:
        self.catalogue = catalogue
        self._names = frozenset(catalogue)
        self.max_models = max_models
        self._rest = lru_cache(MAX_RESTS)(self._made_rest)

    def parse(self, body: bytes) -> CountRequest | Refusal:
        """The request, or a refusal that names the property at fault."""
        return self._usual(body) or self._by_the_letter(body)

    def _usual(self, body: bytes) -> CountRequest | None:
        """A valid request that begins with its text and ends like one before; None for any other.

        Callers send many texts for the same models. Between the opening and the rest there is one string and a comma,
        or this is no such request: so no name comes twice, which is all that the quicker parser would let pass.
        """
        rest_at = min(body.rfind(b'"type"'), body.rfind(b'"models"'))
        if rest_at < 0 or len(body) - rest_at > MAX_REST_BYTES or not body.startswith(OPENING):
            return None
        rest = self._rest(body[rest_at:])
        if rest is None:
            return None
        written, comma, nothing = body[len(OPENING) : rest_at].rpartition(b",")
        try:
            text = from_json(written)
        except ValueError:
            return None
        is_whole = comma and not nothing.strip(WHITESPACE) and type(text) is str
        return CountRequest(text, *rest) if is_whole else None

    def _made_rest(self, rest: bytes) -> tuple[tuple[str, ...], bool, bool, date | None] | None:
        """All but the text of a request that ends so, or None if such a one is not valid."""
        request = self._by_the_letter(OPENING + b'"",' + rest)
        return None if isinstance(request, Refusal) else request[1:]

    def _by_the_letter(self, body: bytes) -> CountRequest | Refusal:
        try:
            fields = json.decode(body)
            if not isinstance(fields, dict):
                return _refuse("The body must be a JSON object with input, type and models.")
            return self._request(fields)
        except (json.NotJson, _Invalid) as fault:
            return _refuse(str(fault))

    def _request(self, fields: dict[str, Any]) -> CountRequest:
        if fields.keys() != REQUIRED:
            _check_names(fields)
        text = _typed(fields, "input", str, "a string")
        if fields["type"] != "text":
            raise _Invalid(f'type: {shorten(fields["type"])} is not known; the only type is "text".')
        models = self._models(_typed(fields, "models", list, "a list of model names"))
        if len(fields) == len(REQUIRED):
            return CountRequest(text, models)
        detail = _typed(fields, "detail", bool, "true or false", default=False)
        estimate = _typed(fields, "estimate", bool, "true or false", default=False)
        return CountRequest(text, models, detail or estimate, estimate, _date(fields, "as_of"))

    def _models(self, names: list[Any]) -> tuple[str, ...]:
        if not 1 <= len(names) <= self.max_models:
            raise _Invalid(f"models: send 1 to {self.max_models} names, not {len(names)}.")
        if names == EVERY_MODEL:
            return tuple(self.catalogue)
        try:
            if self._names.issuperset(names):
                return tuple(names)
        except TypeError:  # a list or an object among them
            pass
        raise _Invalid(self._fault_of(names))

    def _fault_of(self, names: list[Any]) -> str:
        for name in names:
            if not isinstance(name, str):
                return f"models: {shorten(name)} is not a model name; names are strings."
        unknown = [name for name in dict.fromkeys(names) if name not in self.catalogue]
        return f"models: {self._unknown(unknown)}. GET /v1/tokens/models lists the known ones."

    def _unknown(self, names: list[str]) -> str:
        suggested = [unknown_model(name, self.catalogue) for name in names[:MAX_SUGGESTIONS]]
        return ", ".join(suggested + [f"unknown model {shorten(name)}" for name in names[MAX_SUGGESTIONS:]])


def unknown_model(name: str, known: Iterable[str]) -> str:
    """Return the words for a model that is not in the catalogue, with the nearest known name if one is similar."""
    near = nearest(name, known)
    return f"unknown model {shorten(name)}" + (f" (did you mean {near}?)" if near else "")


def _check_names(fields: dict[str, Any]) -> None:
    for name in fields:
        if name not in PROPERTIES:
            raise _Invalid(f"{shorten(name)} is not a property of this request; it has {', '.join(PROPERTIES)}.")
    for name in PROPERTIES[:3]:
        if name not in fields:
            raise _Invalid(f"{name}: this property is missing.")


class _Invalid(Exception):
    """A property is at fault; leaves this module only as a refusal."""


def _refuse(message: str) -> Refusal:
    return INVALID_REQUEST.saying(message)


def _date(fields: dict[str, Any], name: str) -> date | None:
    """A day of the calendar; None if it is not given."""
    if name not in fields:
        return None
    value = fields[name]
    try:
        if isinstance(value, str) and DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise _Invalid(f'{name}: must be a date such as "2026-01-31", not {shorten(value)}.')


def _typed(fields: dict[str, Any], name: str, kind: type, words: str, default: Any = None) -> Any:
    value = fields.get(name, default)
    if not isinstance(value, kind):
        raise _Invalid(f"{name}: must be {words}, not {shorten(value)}.")
    return value


def parameters(scope: Scope, known: tuple[str, ...]) -> dict[str, str] | Refusal:
    """The query as a mapping; `api-key` belongs to the gate. Unknown and repeated names are refused."""
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

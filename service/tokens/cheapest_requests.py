"""The body of `POST /v1/tokens/cheapest`: a text, the terms of the call, and constraints on the model."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, NamedTuple

from corpus_cost.cheapest import CheapestQuery
from corpus_cost.model_constraints import INPUT_MODALITIES, ModelConstraints
from pricing_data.errors import BadUsage
from pricing_data.responses.stated_terms import region_stated, service_of
from pricing_data.usage import MAX_TOKENS, Terms
from service.http.errors import Refusal
from service.http.json import shorten
from service.http.validation import InvalidRequest, check_names, one_of, read_body, typed, whole_number
from service.tokens.chat_requests import CHAT_PROPERTIES, ChatInput, chat_input, refuse_input
from service.tokens.requests import CHAT, day_of
from weighbridge_base.suggestions import did_you_mean

REQUIRED = ("input", "type")
OPTIONS = (
    "output_tokens", "min_context", "authors", "open_weights", "modality", "exactness", "as_of",
    "service_tier", "region", "max_results", "list_left_out",
)  # fmt: skip
PROPERTIES = (*REQUIRED, *OPTIONS)
PROPERTIES_OF_CHATS = ("type", *CHAT_PROPERTIES, *OPTIONS)
EXACTNESS = ("exact", "estimate")
DEFAULT_RESULTS = 20
MAX_RESULTS = 1_000
MAX_AUTHORS = 1_000


class CheapestRequest(NamedTuple):
    """A valid request; a `chat` is counted in place of the text.

    `list_left_out` asks for the names of all models that are left out.
    """

    text: str
    query: CheapestQuery
    max_results: int = DEFAULT_RESULTS
    list_left_out: bool = False
    chat: ChatInput | None = None


class CheapestRequests:
    """Parses bodies with the authors of a catalogue."""

    def __init__(self, authors: Collection[str]) -> None:
        self.authors = authors

    def parse(self, body: bytes, today: date) -> CheapestRequest | Refusal:
        """Return the request, or a refusal that names the invalid property. Without `as_of` the prices are today's."""
        expected = "The body must be a JSON object with input and type."
        return read_body(body, lambda fields: self._request(fields, today), expected)

    def _request(self, fields: Mapping[str, Any], today: date) -> CheapestRequest:
        chat = self._chat(fields)
        text = "" if chat is not None else _text(fields)
        query = CheapestQuery(
            _terms(fields, today),
            whole_number(fields, "output_tokens", 0, MAX_TOKENS) or 0,
            self._constraints(fields),
            one_of(fields, "exactness", EXACTNESS) == "estimate",
        )
        return CheapestRequest(
            text,
            query,
            whole_number(fields, "max_results", 1, MAX_RESULTS) or DEFAULT_RESULTS,
            typed(fields, "list_left_out", bool, "true or false", default=False),
            chat,
        )

    def _chat(self, fields: Mapping[str, Any]) -> ChatInput | None:
        if fields.get("type") != CHAT:
            return None
        refuse_input(fields)
        check_names(fields, PROPERTIES_OF_CHATS)
        return chat_input(fields)

    def _constraints(self, fields: Mapping[str, Any]) -> ModelConstraints:
        open_weights = typed(fields, "open_weights", bool, "true or false") if "open_weights" in fields else None
        return ModelConstraints(
            whole_number(fields, "min_context", 1, MAX_TOKENS),
            self._authors(fields),
            open_weights,
            one_of(fields, "modality", INPUT_MODALITIES),
        )

    def _authors(self, fields: Mapping[str, Any]) -> frozenset[str] | None:
        if "authors" not in fields:
            return None
        names = typed(fields, "authors", list, "a list of names of authors")
        if not 1 <= len(names) <= MAX_AUTHORS:
            raise InvalidRequest(f"authors: send 1 to {MAX_AUTHORS} names, not {len(names)}.")
        for name in names:
            if not isinstance(name, str):
                raise InvalidRequest(f"authors: {shorten(name)} is not the name of an author; names are strings.")
            if name not in self.authors:
                hint = did_you_mean(name, self.authors, "GET /v1/tokens/authors lists the known ones.")
                raise InvalidRequest(f"authors: there is no author {shorten(name)}. {hint}")
        return frozenset(names)


def _text(fields: Mapping[str, Any]) -> str:
    check_names(fields, PROPERTIES, REQUIRED)
    if fields["type"] != "text":
        raise InvalidRequest(f'type: {shorten(fields["type"])} is not known; the types are "text" and "chat".')
    text: str = typed(fields, "input", str, "a string")
    return text


def _terms(fields: Mapping[str, Any], today: date) -> Terms:
    day = day_of(fields, "as_of") or today
    if day > today:
        raise InvalidRequest(f"as_of: {day} is not over yet; the newest prices are of {today}.")
    try:
        return Terms(day, service_of(fields.get("service_tier")), region_stated(fields.get("region")) or None)
    except BadUsage as fault:
        raise InvalidRequest(f"{fault}.") from None

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
from service.http.validation import InvalidRequest, check_names, read_body, typed, whole_number
from service.tokens.requests import day_of
from weighbridge_base.suggestions import did_you_mean

REQUIRED = ("input", "type")
PROPERTIES = (
    *REQUIRED, "output_tokens", "min_context", "authors", "open_weights", "modality", "exactness", "as_of",
    "service_tier", "region", "max_results", "list_left_out",
)  # fmt: skip
EXACTNESS = ("exact", "estimate")
DEFAULT_RESULTS = 20
MAX_RESULTS = 1_000
MAX_AUTHORS = 1_000


class CheapestRequest(NamedTuple):
    """A valid request; `list_left_out` asks for the names of all models that are left out."""

    text: str
    query: CheapestQuery
    max_results: int = DEFAULT_RESULTS
    list_left_out: bool = False


class CheapestRequests:
    """Parses bodies with the authors of a catalogue."""

    def __init__(self, authors: Collection[str]) -> None:
        self.authors = authors

    def parse(self, body: bytes, today: date) -> CheapestRequest | Refusal:
        """Return the request, or a refusal that names the invalid property. Without `as_of` the prices are today's."""
        expected = "The body must be a JSON object with input and type."
        return read_body(body, lambda fields: self._request(fields, today), expected)

    def _request(self, fields: Mapping[str, Any], today: date) -> CheapestRequest:
        check_names(fields, PROPERTIES, REQUIRED)
        text = typed(fields, "input", str, "a string")
        if fields["type"] != "text":
            raise InvalidRequest(f'type: {shorten(fields["type"])} is not known; the only type is "text".')
        query = CheapestQuery(
            _terms(fields, today),
            whole_number(fields, "output_tokens", 0, MAX_TOKENS) or 0,
            self._constraints(fields),
            _one_of(fields, "exactness", EXACTNESS) == "estimate",
        )
        return CheapestRequest(
            text,
            query,
            whole_number(fields, "max_results", 1, MAX_RESULTS) or DEFAULT_RESULTS,
            typed(fields, "list_left_out", bool, "true or false", default=False),
        )

    def _constraints(self, fields: Mapping[str, Any]) -> ModelConstraints:
        open_weights = typed(fields, "open_weights", bool, "true or false") if "open_weights" in fields else None
        return ModelConstraints(
            whole_number(fields, "min_context", 1, MAX_TOKENS),
            self._authors(fields),
            open_weights,
            _one_of(fields, "modality", INPUT_MODALITIES),
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


def _one_of(fields: Mapping[str, Any], name: str, words: tuple[str, ...]) -> str | None:
    """Return a property that is one of these words, None if it is missing. Raise InvalidRequest."""
    if name not in fields:
        return None
    word = fields[name]
    if not isinstance(word, str) or word not in words:
        raise InvalidRequest(f"{name}: must be one of {', '.join(words)}, not {shorten(word)}.")
    return word


def _terms(fields: Mapping[str, Any], today: date) -> Terms:
    day = day_of(fields, "as_of") or today
    if day > today:
        raise InvalidRequest(f"as_of: {day} is not over yet; the newest prices are of {today}.")
    try:
        return Terms(day, service_of(fields.get("service_tier")), region_stated(fields.get("region")) or None)
    except BadUsage as fault:
        raise InvalidRequest(f"{fault}.") from None

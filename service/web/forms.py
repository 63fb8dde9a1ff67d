"""What a form sends, read within bounds."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

from service.body import BodyReader
from service.errors import INVALID_REQUEST, Refusal
from service.in_flight import InFlight

MEDIA_TYPE = "application/x-www-form-urlencoded"
MOST_FIELDS = 3_000


class Form:
    """Names and values in order; a name may come more than once."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = pairs

    def one(self, name: str) -> str:
        """The first value, or an empty text."""
        return next((value for key, value in self.pairs if key == name), "")

    def all(self, name: str) -> list[str]:
        """Every value that is not empty."""
        return [value for key, value in self.pairs if key == name and value]


def parsed(text: str) -> Form | Refusal:
    """A query or a form's body. Browsers send line ends as CR LF whatever was typed: they become LF again."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        return INVALID_REQUEST.saying("The form is not valid: it is not UTF-8, or has too many fields.")
    return Form([(name, value.replace("\r\n", "\n")) for name, value in pairs])


class FormReader:
    """Reads forms of at most `max_bytes`."""

    def __init__(self, max_bytes: int, timeout_seconds: float, in_flight: InFlight) -> None:
        self.reader = BodyReader(max_bytes, timeout_seconds, in_flight, MEDIA_TYPE)

    async def read(
        self, scope: Scope, receive: Receive, run: Callable[[Callable[[], Any]], Any] | None = None
    ) -> Form | Refusal:
        """The form; a large one is parsed by `run`, in a thread."""
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        text = body.decode("latin-1")
        found: Form | Refusal = parsed(text) if run is None else await run(lambda: parsed(text))
        return found

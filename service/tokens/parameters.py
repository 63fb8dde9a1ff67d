"""The query of a token API route."""

from starlette.types import Scope

from service.credentials import query_parameters
from service.errors import INVALID_REQUEST, Refusal
from service.strict_json import shorten


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

"""Writing the little of TOML that the generated files need."""

import json
from collections.abc import Mapping, Sequence

Value = str | int | Sequence[str] | Sequence[int]


def table(head: str, values: Mapping[str, Value]) -> str:
    """A table with one `key = value` line each. A JSON string is a TOML string here: none holds a DEL."""
    return "".join(
        [f"{head}\n", *(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())]
    )

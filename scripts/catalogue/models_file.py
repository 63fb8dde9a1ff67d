"""Reading and writing the rows of models.toml, for the scripts that draft them."""

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "tokenizer_registry" / "models.toml"
FIELDS = ("name", "author", "display_name", "vocabulary", "evidence", "reason")
HEAD = """\
# Every model that is known here, by author, then name. Identity only; prices are elsewhere.
# `vocabulary` cuts the model's text; `reason` says why a model has none.
# `evidence` says how that is known: map, same sha256, published file or inferred, and the reason.
# Edit by hand, or draft rows with `python -m scripts.draft_models`.
"""

Row = dict[str, str]


def read_rows() -> list[Row]:
    """Return the rows of models.toml, in its order."""
    rows: list[Row] = tomllib.loads(MODELS.read_text(encoding="utf-8"))["model"]
    return rows


def text(rows: Iterable[Row]) -> str:
    """Rows as TOML tables, by author, then name."""
    ordered = sorted(rows, key=lambda row: (row["author"], row["name"]))
    return "".join(f"\n[[model]]\n{_fields(row)}" for row in ordered)


def _fields(row: Row) -> str:
    # These strings hold no control characters, so a JSON string is a TOML string.
    return "".join(f"{name} = {json.dumps(row[name], ensure_ascii=False)}\n" for name in FIELDS if name in row)


def write_rows(rows: Iterable[Row]) -> None:
    """Replace models.toml by these rows."""
    MODELS.write_text(HEAD + text(rows), encoding="utf-8")

"""DuckDB: `token_count(text, model)` and `token_cost(text, model)`, over vectors of rows."""

from collections.abc import Callable
from typing import Any

from estimation.arrow import DECIMALS, Columns
from estimation.extras import need

PURPOSE = "DuckDB functions"


def register_duckdb(connection: Any, columns: Columns) -> None:
    """Give a connection the two functions: BIGINT, and DECIMAL(38, 12) in USD for the text as input.

    Raises MissingExtra.
    """
    arrow = need("pyarrow", PURPOSE)
    text, money = "VARCHAR", f"DECIMAL(38, {DECIMALS})"
    functions = (
        ("token_count", _by_model(columns.counted, arrow.int64()), "BIGINT"),
        ("token_cost", _by_model(columns.priced, arrow.decimal128(38, DECIMALS)), money),
    )
    for name, function, kind in functions:
        connection.create_function(name, function, [text, text], kind, type="arrow", null_handling="special")


def _by_model(answer: Callable[[Any, str], Any], kind: Any) -> Callable[[Any, Any], Any]:
    """An answer for two columns; the rows of each model are answered together."""
    arrow, compute = need("pyarrow", PURPOSE), need("pyarrow.compute", PURPOSE)

    def function(texts: Any, models: Any) -> Any:
        texts, models = _one(texts), _one(models)
        names = models.unique().to_pylist()
        if len(names) == 1 and names[0] is not None:
            return answer(texts, names[0])
        answers = arrow.nulls(len(texts), kind)
        for name in names:
            if name is not None:
                rows = compute.fill_null(compute.equal(models, name), False)
                answers = compute.replace_with_mask(answers, rows, answer(texts.filter(rows), name))
        return answers

    return function


def _one(column: Any) -> Any:
    """A column as one array: it may come in chunks."""
    return column.combine_chunks() if hasattr(column, "combine_chunks") else column

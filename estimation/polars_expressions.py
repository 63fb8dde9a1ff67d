"""Polars: `pl.col("text").tokens.count("gpt-4o")` and `.tokens.cost("gpt-4o")`."""

import warnings
from collections.abc import Callable
from typing import Any

from estimation.arrow import DECIMALS, Columns
from estimation.extras import need

PURPOSE = "Polars expressions"


def register_polars(columns: Columns) -> None:
    """Give every expression the namespace `tokens`. Raises MissingExtra.

    `count(model)` is Int64, `cost(model)` is Decimal(38, 12) in USD for the text as input. What a model lacks is
    reported when the query runs.
    """
    polars = need("polars", PURPOSE)
    need("pyarrow", PURPOSE)

    class Tokens:
        """The namespace of one expression."""

        def __init__(self, expression: Any) -> None:
            self._expression = expression

        def count(self, model: str) -> Any:
            """Tokens of each text for a model."""
            return self._mapped(columns.counted, model, polars.Int64)

        def cost(self, model: str) -> Any:
            """USD of each text as input of a model."""
            return self._mapped(columns.priced, model, polars.Decimal(38, DECIMALS))

        def _mapped(self, answer: Callable[[Any, str], Any], model: str, kind: Any) -> Any:
            def batch(series: Any) -> Any:
                arrays = series.cast(polars.String).to_arrow()
                return polars.Series(series.name, answer(arrays, model), dtype=kind)

            return self._expression.map_batches(batch, return_dtype=kind, is_elementwise=True)

    with warnings.catch_warnings():
        # Cells of notebooks are run again: what is overridden then is this very namespace.
        warnings.filterwarnings("ignore", "overriding existing custom namespace 'tokens'", UserWarning)
        polars.api.register_expr_namespace("tokens")(Tokens)

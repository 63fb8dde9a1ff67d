"""Estimate what each model would charge for a whole corpus: texts to tokens to cost, without calling a model.

Names are imported at their first use: a server imports `corpus_cost.cheapest` and none of the readers of corpora.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corpus_cost.columns import Columns, register_duckdb, register_polars
    from corpus_cost.errors import EstimationError, MissingExtra, NothingFound, TextFault, Unreadable, WorkersLost
    from corpus_cost.estimate import Estimate, ModelEstimate
    from corpus_cost.execution import estimate_corpus
    from corpus_cost.report import page
    from corpus_cost.workload import Output, ReadOptions, Workload

__all__ = [
    "Columns",
    "Estimate",
    "EstimationError",
    "MissingExtra",
    "ModelEstimate",
    "NothingFound",
    "Output",
    "ReadOptions",
    "TextFault",
    "Unreadable",
    "WorkersLost",
    "Workload",
    "estimate_corpus",
    "page",
    "register_duckdb",
    "register_polars",
]

_MODULES = {
    "columns": ("Columns", "register_duckdb", "register_polars"),
    "errors": ("EstimationError", "MissingExtra", "NothingFound", "TextFault", "Unreadable", "WorkersLost"),
    "estimate": ("Estimate", "ModelEstimate"),
    "execution": ("estimate_corpus",),
    "report": ("page",),
    "workload": ("Output", "ReadOptions", "Workload"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Return a public name from its module. Raise AttributeError."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

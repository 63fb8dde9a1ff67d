"""Estimate what each model would charge for a whole corpus: texts to tokens to cost, without calling a model."""

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

# The module of each name, imported at the first use: what looks up a name of a model needs no readers of files.
_MODULES = {
    **dict.fromkeys(("Columns", "register_duckdb", "register_polars"), "corpus_cost.columns"),
    **dict.fromkeys(
        ("EstimationError", "MissingExtra", "NothingFound", "TextFault", "Unreadable", "WorkersLost"),
        "corpus_cost.errors",
    ),
    **dict.fromkeys(("Estimate", "ModelEstimate"), "corpus_cost.estimate"),
    "estimate_corpus": "corpus_cost.execution",
    "page": "corpus_cost.report",
    **dict.fromkeys(("Output", "ReadOptions", "Workload"), "corpus_cost.workload"),
}


def __getattr__(name: str) -> Any:
    """Return a public name from its module. Raise AttributeError."""
    if name not in _MODULES:
        raise AttributeError(f"module 'corpus_cost' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)

"""Estimate what each model would charge for a whole corpus: texts to tokens to cost, without calling a model."""

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

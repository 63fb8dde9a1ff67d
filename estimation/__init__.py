"""Texts to tokens to cost, for whole corpora: what each model would charge, before anything is spent."""

from estimation.arrow import Columns
from estimation.corpus import estimate_corpus
from estimation.duckdb_functions import register_duckdb
from estimation.errors import EstimationError, MissingExtra, NothingFound, Unreadable, WorkersLost
from estimation.estimate import Estimate, ModelEstimate
from estimation.fault import Fault
from estimation.page import page
from estimation.polars_expressions import register_polars
from estimation.reading.batch import Reading
from estimation.workload import Output, Workload

__all__ = [
    "Columns",
    "Estimate",
    "EstimationError",
    "Fault",
    "MissingExtra",
    "ModelEstimate",
    "NothingFound",
    "Output",
    "Reading",
    "Unreadable",
    "WorkersLost",
    "Workload",
    "estimate_corpus",
    "page",
    "register_duckdb",
    "register_polars",
]

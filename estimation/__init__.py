"""Texts to tokens to cost, for whole corpora: what each model would charge, before anything is spent."""

from estimation.errors import EstimationError, MissingExtra, NothingFound, Unreadable, WorkersLost
from estimation.estimate import Estimate, ModelEstimate
from estimation.fault import Fault
from estimation.workload import Output, Workload

__all__ = [
    "Estimate",
    "EstimationError",
    "Fault",
    "MissingExtra",
    "ModelEstimate",
    "NothingFound",
    "Output",
    "Unreadable",
    "WorkersLost",
    "Workload",
]

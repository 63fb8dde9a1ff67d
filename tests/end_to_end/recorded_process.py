"""Run a command and record the routes and metrics that it creates.

Arguments: `python -m tests.end_to_end.recorded_process FILE python -m MODULE WORD …`. Routes and metrics are seen where
libraries create them, so nothing here depends on the product's own modules. Each line of the file is a JSON array: the
kind of the object, then its facts.
"""

import functools
import json
import runpy
import sys
from pathlib import Path
from typing import Any

from prometheus_client.metrics import MetricWrapperBase
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route

ROUTE, METRIC = "route", "metric"


def main() -> None:
    """Record into the first argument what the command in the others makes."""
    recording, _python, _m, module, *words = sys.argv[1:]
    note_each(Starlette, Path(recording), facts_of_app)
    note_each(MetricWrapperBase, Path(recording), facts_of_metric)
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def note_each(made: type, recording: Path, facts: Any) -> None:
    """Append the facts of each object of a class, when it is complete, to the file."""
    initialize = made.__init__  # type: ignore[misc]  # the class is one of a library, without subclasses of its method

    @functools.wraps(initialize)
    def noted(self: Any, *args: Any, **kwargs: Any) -> None:
        initialize(self, *args, **kwargs)
        with recording.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(fact) + "\n" for fact in facts(self))

    made.__init__ = noted  # type: ignore[misc]


def facts_of_app(app: Starlette) -> list[Any]:
    """Return each route of an application: its path and its methods."""
    return [[ROUTE, path, *methods] for path, methods in routes_of("", app.routes)]


def routes_of(prefix: str, routes: list[BaseRoute]) -> list[tuple[str, list[str]]]:
    """Return path and methods of all routes, those inside of mounted applications too."""
    found: list[tuple[str, list[str]]] = []
    for route in routes:
        if isinstance(route, Route):
            found.append((prefix + route.path, sorted(route.methods or ())))
        elif isinstance(route, Mount):
            found += (
                [(f"{prefix}{route.path}/*", [])] if not route.routes else routes_of(prefix + route.path, route.routes)
            )
    return found


def facts_of_metric(metric: Any) -> list[Any]:
    """Return a metric's name, labels and bounds of buckets."""
    if metric._labelvalues:  # one series of a metric
        return []
    bounds = [str(bound) for bound in getattr(metric, "_upper_bounds", None) or metric._kwargs.get("buckets", ())]
    return [[METRIC, metric._name, list(metric._labelnames), bounds]]


if __name__ == "__main__":
    main()

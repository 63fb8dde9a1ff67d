"""The service's log while tests run: servers in threads write it at any time, and commands print to stdout."""

import sys
from collections.abc import Iterable, MutableMapping
from pathlib import Path
from typing import Any

import structlog

from service.observability import log

# Where it is set, tests run with a log that cannot be written.
UNWRITABLE_LOG = "TESTS_WITH_AN_UNWRITABLE_LOG"
ERRORS = ("error", "exception", "critical")


def keep_errors_alone() -> None:
    """Send errors to the process's own standard error, and drop the rest. Tests see all by structlog's capture_logs."""
    structlog.reset_defaults()
    processors = [errors_alone, *structlog.get_config()["processors"]]
    structlog.configure(processors, logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))


def fill_the_log() -> None:
    """Log all that the service logs, by its own configuration, to a device on which there is no space."""
    log.configure("debug", Path("/dev/full").open("w"))  # noqa: SIM115  it is open for as long as there are tests


def errors_alone(logger: object, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of structlog that lets errors pass."""
    if name not in ERRORS:
        raise structlog.DropEvent
    return event


def lines_of(event: str, logs: Iterable[MutableMapping[str, Any]]) -> list[MutableMapping[str, Any]]:
    """The lines of one event: what else was captured may be of a server that runs in a thread for other tests."""
    return [line for line in logs if line["event"] == event]

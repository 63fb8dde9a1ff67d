"""Where the service's log goes while tests run: servers in threads log at any time, and commands print to stdout."""

import sys

import structlog


def to_standard_error() -> None:
    """Send structlog's lines to the process's own standard error."""
    structlog.reset_defaults()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))

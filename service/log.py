"""Logs: one JSON object a line, constant event names, no secrets."""

import logging.config
import re
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from service.keys import mask_secrets
from service.trace import CURRENT_ID

SESSION_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure(level: str, stream: TextIO) -> None:
    """Send the logs of this service and of its libraries through one chain to `stream`."""
    shared: list[structlog.typing.Processor] = [
        with_trace_id,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(sort_keys=False)],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(_library_logging(level, stream, shared))


def with_trace_id(logger: object, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say for which request this was logged."""
    trace_id = CURRENT_ID.get()
    if trace_id is not None:
        event.setdefault("trace_id", trace_id)
    return event


def without_secrets(logger: object, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask whatever looks like an API key or a session token, wherever it stands."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = SESSION_TOKEN.sub("********", mask_secrets(value))
    return event


def _library_logging(level: str, stream: TextIO, shared: list[structlog.typing.Processor]) -> dict[str, Any]:
    """Libraries log by the standard library: warnings and worse, in the same form."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.JSONRenderer(),
                ],
            }
        },
        "handlers": {"stream": {"class": "logging.StreamHandler", "formatter": "json", "stream": stream}},
        "root": {"handlers": ["stream"], "level": max(LEVELS[level], logging.WARNING)},
    }

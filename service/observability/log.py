"""Logs: one JSON object a line, constant event names, no secrets. No call that logs raises, whatever it is given."""

import json
import logging.config
import re
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from service.observability.line_stream import LineStream
from service.observability.secrets import mask_secrets
from service.observability.tracing import CURRENT_ID

SESSION_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
EVENT_UNREADABLE = "log_record_unreadable"


def configure(level: str, stream: TextIO | LineStream | None) -> LineStream:
    """Send the logs of this service and of its libraries through one chain to `stream`; return what writes to it."""
    lines = stream if isinstance(stream, LineStream) else LineStream.of(stream)
    shared: list[structlog.typing.Processor] = [
        with_trace_id,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_secrets,
    ]
    structlog.configure(
        processors=[UnfailingChain(*shared, structlog.processors.JSONRenderer(sort_keys=False))],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: LineLogger(lines),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(_library_logging(level, lines, shared))
    return lines


class UnfailingChain:
    """A processor that runs others; if one raises, the line is rendered without what cannot be rendered."""

    def __init__(self, *processors: structlog.typing.Processor) -> None:
        self._processors = processors

    def __call__(self, logger: Any, name: str, event: MutableMapping[str, Any]) -> Any:
        """Return what the last processor does."""
        done: Any = event
        try:
            for processor in self._processors:
                done = processor(logger, name, done)
        except structlog.DropEvent:
            raise
        except Exception as error:
            return _rendered_apart(name, event, error)
        return done


class LineLogger:
    """Where structlog's loggers end: it calls the method that is named as the level."""

    def __init__(self, lines: LineStream) -> None:
        self._lines = lines

    def msg(self, line: str) -> None:
        """Write one line."""
        self._lines.write(line + "\n")

    debug = info = warning = error = critical = msg


class LineHandler(logging.Handler):
    """Writes the records of the standard library's loggers. Its base would print a traceback for one that it cannot."""

    def __init__(self, lines: LineStream) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, or that it could not be read: its arguments may not fit its message."""
        try:
            line = self.format(record)
        except Exception as error:
            fields = {"event": EVENT_UNREADABLE, "logger": record.name, "message": record.msg}
            line = _rendered_apart(record.levelname.lower(), fields, error)
        self._lines.write(line + "\n")


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


def _rendered_apart(level: str, event: MutableMapping[str, Any], error: Exception) -> str:
    """The fields that can be rendered by themselves, and the kinds of the others."""
    fields = {str(key): _text_of(value) for key, value in event.items() if key != "exc_info"}
    fields |= {"level": level, "log_fault": type(error).__name__}
    return json.dumps(without_secrets(None, level, fields))


def _text_of(value: object) -> str:
    try:
        return value if isinstance(value, str) else repr(value)
    except Exception:
        return f"<{type(value).__name__}>"


def _library_logging(level: str, lines: LineStream, shared: list[structlog.typing.Processor]) -> dict[str, Any]:
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
        "handlers": {"stream": {"()": lambda: LineHandler(lines), "formatter": "json"}},
        "root": {"handlers": ["stream"], "level": max(LEVELS[level], logging.WARNING)},
    }

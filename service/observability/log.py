"""Logging: one JSON object a line, constant event names, no secrets. Logging never raises."""

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
    """Send the logs of the service and its libraries through one chain to `stream`; return its LineStream."""
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
    """A processor that runs others; if one raises, the event is rendered without the values at fault."""

    def __init__(self, *processors: structlog.typing.Processor) -> None:
        self._processors = processors

    def __call__(self, logger: Any, name: str, event: MutableMapping[str, Any]) -> Any:
        """Return the result of the last processor."""
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
    """The last logger of structlog's chain; it has a method for each level."""

    def __init__(self, lines: LineStream) -> None:
        self._lines = lines

    def msg(self, line: str) -> None:
        """Write one line."""
        self._lines.write(line + "\n")

    debug = info = warning = error = critical = msg


class LineHandler(logging.Handler):
    """Writes records of the standard library's loggers; the base class prints a traceback for invalid ones."""

    def __init__(self, lines: LineStream) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, or the event `log_record_unreadable` if its arguments do not fit its message."""
        try:
            line = self.format(record)
        except Exception as error:
            fields = {"event": EVENT_UNREADABLE, "logger": record.name, "message": record.msg}
            line = _rendered_apart(record.levelname.lower(), fields, error)
        self._lines.write(line + "\n")


def with_trace_id(logger: object, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add the trace id of the current request."""
    trace_id = CURRENT_ID.get()
    if trace_id is not None:
        event.setdefault("trace_id", trace_id)
    return event


def without_secrets(logger: object, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask API keys and session tokens in all values."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = SESSION_TOKEN.sub("********", mask_secrets(value))
    return event


def _rendered_apart(level: str, event: MutableMapping[str, Any], error: Exception) -> str:
    """Return the event with the values that can be rendered, and the types of the others."""
    fields = {str(key): _text_of(value) for key, value in event.items() if key != "exc_info"}
    fields |= {"level": level, "log_fault": type(error).__name__}
    return json.dumps(without_secrets(None, level, fields))


def _text_of(value: object) -> str:
    try:
        return value if isinstance(value, str) else repr(value)
    except Exception:
        return f"<{type(value).__name__}>"


def _library_logging(level: str, lines: LineStream, shared: list[structlog.typing.Processor]) -> dict[str, Any]:
    """Return the configuration of the standard library's logging: warnings and above, in the same format."""
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

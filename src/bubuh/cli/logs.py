"""Structured logs to standard error: JSON for programs, columns for people."""

from __future__ import annotations

import logging
import sys

import msgspec
import structlog

from bubuh.settings import Settings


def log_aside() -> None:
    """Log to standard error, whichever it is by then: on standard output stands a command's answer alone."""
    structlog.configure(logger_factory=lambda *_: structlog.WriteLogger(sys.stderr))


def set_up_logs(settings: Settings) -> None:
    """Log from the level that `settings` names; what libraries log comes along, from warnings up."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    level = logging.getLevelNamesMapping()[settings.log.upper()]
    renderer: structlog.typing.Processor = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    if settings.log_format == "json":
        renderer = structlog.processors.JSONRenderer(serializer=_encode)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _encode(event: object, **_: object) -> str:
    """A line of JSON; what has no form in it is told by its repr."""
    return msgspec.json.encode(event, enc_hook=repr).decode()

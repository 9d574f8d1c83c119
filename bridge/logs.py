"""Logs: structlog for everything, the standard library's loggers included, secrets left out."""

import logging
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

import structlog

from bridge.settings import LogFormat, LogSettings
from bridge.wording import printable

_SECRET_WORDS = ("secret", "password", "token", "session_id", "sessionid", "authorization")
_TRACES = ("exception", "stack")  # of several lines
# These write whole envelopes, sessions included, or every statement.
_QUIET = ("zeep", "urllib3", "spyne", "sqlalchemy", "alembic", "apscheduler", "requests")


def configure_logs(settings: LogSettings) -> None:
    """Sends all log lines to standard error in the settings' format."""
    console = settings.format is LogFormat.CONSOLE or (
        settings.format is LogFormat.AUTO and sys.stderr.isatty()
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(console),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _renderers(console: bool) -> list[structlog.typing.Processor]:
    if console:
        # Rich tracebacks would show the values of variables, secrets among them.
        plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        return [structlog.processors.format_exc_info, _printable_values, plain]
    return [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        lambda _logger, _method, line: printable(str(line)),
    ]


def _printable_values(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Callers' and records' texts as they may stand on a terminal."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = printable(value, keep="\n\t" if key in _TRACES else "")
    return event


def _without_secrets(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key in event:
        if _names_secret(key):
            event[key] = "[redacted]"
    return event


@lru_cache(1000)
def _names_secret(key: str) -> bool:
    return any(word in key.lower() for word in _SECRET_WORDS)

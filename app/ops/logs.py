"""Structured logs: one JSON object a line on stderr, each with the request's id, none with personal data."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import uuid
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import structlog
from flask import Flask, Response, g, has_request_context, request

from app.persistence.context import current_actor

_SECRET = re.compile(r"password|passwd|secret|token|cookie|authorization|phone|csrf", re.IGNORECASE)
_MOBILE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")
_IDENTITY = re.compile(r"(?<!\d)\d{6}(?:19|20)\d{9}[\dXx](?!\d)")
_encode = json.JSONEncoder(ensure_ascii=False).encode
_QUIET = frozenset({"static", "healthz", "metrics"})


def scrub(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop values of secret fields; blot out mobile and identity numbers wherever they stand."""
    for key, value in event.items():
        if _SECRET.search(key):
            event[key] = "***"
        elif isinstance(value, str):
            event[key] = _IDENTITY.sub("******", _MOBILE.sub(r"\1****\2", value))
    return event


def name_request(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Say in which request something happened."""
    if has_request_context() and (number := g.get("request_id")):
        event["request_id"] = number
    return event


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    name_request,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
    scrub,
]


class LineFormatter(structlog.stdlib.ProcessorFormatter):
    """Lines of JSON; that of an answered request without the processors, for its values are known and plain."""

    def format(self, record: logging.LogRecord) -> str:
        if not hasattr(record, "told"):
            return super().format(record)
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")
        level = record.levelname.lower()
        told = {**record.told, "event": "request", "level": level, "logger": record.name}
        return _encode({**told, "at": at.replace("+00:00", "Z")})


def formatter() -> logging.Formatter:
    """Lines of JSON for structlog's events and for those of any library alike."""
    return LineFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ],
    )


def configure(testing: bool) -> None:
    """Send every log record of the process to stderr as JSON (tests keep pytest's own capture)."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    if testing:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for chatty in ("flask_appbuilder", "werkzeug", "alembic", "huey", "flask_limiter"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def install(app: Flask) -> None:
    """Give every request an id (also in its answer) and write one line when it is answered."""
    configure(bool(app.config.get("TESTING")))
    log = logging.getLogger("portal.request")

    @app.before_request
    def _begin() -> None:
        g.log_start = time.perf_counter()
        g.request_id = uuid.uuid4().hex

    @app.after_request
    def _end(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.get("request_id", "")
        if request.endpoint in _QUIET:
            return response
        start = g.pop("log_start", None)
        told = {
            "method": request.method,
            "route": str(request.url_rule or ""),
            "status": response.status_code,
            "ms": round((time.perf_counter() - start) * 1000, 1) if start is not None else None,
            "user": current_actor().user_id,
            "request_id": g.get("request_id", ""),
        }
        level = logging.ERROR if response.status_code >= 500 else logging.INFO
        if log.isEnabledFor(level):
            line = logging.LogRecord(log.name, level, __name__, 0, "request", None, None)
            line.told = told
            log.handle(line)
        return response

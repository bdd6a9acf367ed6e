"""Is the service well: for monitors at /healthz (no sign-in, no secrets) and for the console."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import structlog
from flask import Flask, current_app, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

import config
from app.extensions import db

log = structlog.get_logger()


@dataclass(frozen=True)
class Status:
    """``status`` is ok, degraded (the queue does not answer) or down (the database does not)."""

    status: str
    database: str
    queue: str
    version: str


@cache
def version() -> str:
    """The product's version, from pyproject.toml."""
    with open(config.ROOT / "pyproject.toml", "rb") as source:
        return str(tomllib.load(source)["project"]["version"])


def _database() -> bool:
    try:
        with db.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        log.error("database does not answer", error=type(error).__name__)
        return False
    return True


def _queue() -> bool:
    try:
        return bool(current_app.extensions["portal_queue"].healthy())
    except Exception as error:  # whatever a store of the queue raises means that it does not answer
        log.error("queue does not answer", error=type(error).__name__)
        return False


def status() -> Status:
    """Ask the database and the queue."""
    database, queue = _database(), _queue()
    word = "down" if not database else "ok" if queue else "degraded"
    return Status(word, "ok" if database else "down", "ok" if queue else "down", version())


def install(app: Flask) -> None:
    @app.get("/healthz")
    def healthz() -> Any:
        found = status()
        answer = jsonify(asdict(found))
        answer.cache_control.no_store = True
        return answer, 503 if found.status == "down" else 200

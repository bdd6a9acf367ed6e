"""Prometheus metrics at /metrics: with PORTAL_METRICS, asked from this machine, without personal data.

Processes count into files of ``DATA_DIR/metrics`` so that one scrape sees them all; labels are endpoint
names, never addresses or accounts.
"""

from __future__ import annotations

import ipaddress
import os
import time
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, g, request
from sqlalchemy import func, select

from app.extensions import db
from app.jobs.models import Job

_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


def from_here() -> bool:
    """Whether the request comes from this machine itself and not through a proxy on it."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _shared_folder(app: Flask) -> Path:
    """The folder of the counters; files of processes that are gone are removed."""
    folder = Path(
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(Path(app.config["DATA_DIR"]) / "metrics"))
    )
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*_*.db"):
        pid = path.stem.rpartition("_")[2]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            path.unlink(missing_ok=True)
    return folder


def install(app: Flask) -> None:
    """Count requests and answer /metrics, when the configuration asks for it."""
    if not app.config["METRICS"]:
        return
    _shared_folder(app)  # before the import: the library looks for the folder when it is loaded
    from prometheus_client import (
        CONTENT_TYPE_LATEST,
        CollectorRegistry,
        Counter,
        Histogram,
        generate_latest,
    )
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    requests = Counter(
        "portal_requests", "Answered requests.", ["endpoint", "method", "status"], registry=registry
    )
    seconds = Histogram("portal_request_seconds", "Time to answer.", ["endpoint"], registry=registry)

    @app.before_request
    def _start() -> None:
        g.metrics_start = time.perf_counter()

    @app.after_request
    def _count(response: Response) -> Response:
        endpoint = request.endpoint or "unknown"
        requests.labels(endpoint, request.method, str(response.status_code)).inc()
        if (start := g.pop("metrics_start", None)) is not None:
            seconds.labels(endpoint).observe(time.perf_counter() - start)
        return response

    @app.get("/metrics")
    def metrics() -> Any:
        if not from_here():
            abort(404)
        together = CollectorRegistry()
        MultiProcessCollector(together)
        return Response(generate_latest(together) + _jobs(), content_type=CONTENT_TYPE_LATEST)


def _jobs() -> bytes:
    """Jobs by state, counted when asked."""
    job = Job.__table__.c
    rows = db.session.execute(select(job.state, func.count()).group_by(job.state).order_by(job.state))
    lines = ["# HELP portal_jobs Jobs by state.", "# TYPE portal_jobs gauge"]
    lines += [f'portal_jobs{{state="{state}"}} {number}' for state, number in rows]
    return ("\n".join(lines) + "\n").encode()

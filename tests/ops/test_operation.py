"""Health, metrics, logs, and how answers travel."""

from __future__ import annotations

import gzip
import io
import json
import logging
from types import SimpleNamespace

import pytest
import structlog
from sqlalchemy.exc import OperationalError
from werkzeug.test import Client

from app.extensions import db
from app.ops import health, logs, metrics
from app.web.delivery import VersionedFiles, gzipped

pytestmark = pytest.mark.req("D2")


# ── health ──
def test_health_needs_no_sign_in_and_tells_no_secret(client, query_counter):
    with query_counter() as sql:
        answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json == {"status": "ok", "database": "ok", "queue": "ok", "version": health.version()}
    assert len(sql) == 1


def test_health_is_503_when_the_database_is_down(app_sqlite, monkeypatch):
    def refuse():
        raise OperationalError("SELECT 1", {}, Exception("password=geheim"))

    down = SimpleNamespace(engine=SimpleNamespace(connect=refuse))
    monkeypatch.setattr(health, "db", down)
    answer = app_sqlite.test_client().get("/healthz")
    assert answer.status_code == 503 and answer.json["status"] == "down"
    assert "geheim" not in answer.get_data(as_text=True)


def test_health_says_degraded_when_the_queue_is_down(app_sqlite, monkeypatch):
    def refuse():
        raise OSError("gone")

    monkeypatch.setattr(app_sqlite.extensions["portal_queue"], "healthy", refuse)
    answer = app_sqlite.test_client().get("/healthz")
    assert (answer.status_code, answer.json["status"], answer.json["queue"]) == (200, "degraded", "down")


# ── metrics ──
def test_metrics_do_not_exist_unless_asked_for(app_sqlite):
    assert app_sqlite.config["METRICS"] is False
    assert "metrics" not in app_sqlite.view_functions


@pytest.mark.parametrize(
    ("address", "headers", "here"),
    [("127.0.0.1", {}, True), ("::1", {}, True), ("10.0.0.8", {}, False), ("", {}, False),
     ("127.0.0.1", {"X-Forwarded-For": "10.0.0.8"}, False),
     ("127.0.0.1", {"Forwarded": "for=10.0.0.8"}, False)],
)  # fmt: skip
def test_metrics_answer_this_machine_only(app_sqlite, address, headers, here):
    with app_sqlite.test_request_context(headers=headers, environ_base={"REMOTE_ADDR": address}):
        assert metrics.from_here() is here


# ── logs ──
@pytest.fixture
def lines():
    """What the log writes as JSON, line by line."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logs.formatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


def test_log_lines_are_json_without_personal_data(app_sqlite, lines):
    log = structlog.get_logger("test")
    log.info(
        "陈某 called 13800000000", phone="13800000000", password="geheim", id_card="430703199001011234"
    )
    logging.getLogger("library").warning("number %s", "13800000000")
    written = lines()
    assert [line["level"] for line in written] == ["info", "warning"]
    assert "13800000000" not in str(written) and "geheim" not in str(written)
    assert "430703199001011234" not in str(written)
    assert "138****0000" in written[0]["event"] and written[0]["phone"] == "***"


def test_request_line_carries_the_id_and_not_the_query(app_sqlite, lines):
    answer = app_sqlite.test_client().get("/login/?next=/communities/list/%3Fq=陈某")
    request = next(line for line in lines() if line["event"] == "request")
    assert request["request_id"] == answer.headers["X-Request-ID"] and len(request["request_id"]) == 32
    assert (request["route"], request["status"], request["user"]) == ("/login/", 200, None)
    assert "陈某" not in json.dumps(request, ensure_ascii=False)


def test_statements_are_logged_without_their_values(app_sqlite):
    with app_sqlite.app_context():
        assert db.engine.hide_parameters is True


# ── how answers travel ──
def test_signed_in_pages_are_not_stored(signed_in):
    client = signed_in("dingcheng")
    assert client.get("/communities/list/").headers["Cache-Control"] == "no-store"


def test_pages_are_compressed_for_those_who_ask(signed_in):
    client = signed_in("dingcheng")
    plain = client.get("/communities/list/", headers={"Accept-Encoding": "identity"})
    packed = client.get("/communities/list/", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip" and "Accept-Encoding" in packed.headers["Vary"]
    assert len(packed.data) < len(plain.data) / 3
    assert "</html>" in gzip.decompress(packed.data).decode()


def test_the_size_of_a_compressed_page_tells_nothing():
    body = b"<html>" + b"x" * 5000
    sizes = {len(gzipped(body)) for _ in range(60)}
    assert len(sizes) > 5 and gzip.decompress(gzipped(body)) == body


@pytest.fixture
def files(app_sqlite):
    return Client(VersionedFiles(app_sqlite.wsgi_app, str(app_sqlite.static_folder)))


def test_versioned_files_are_kept_for_a_year_others_checked_again(files):
    for name in ("css/portal.css", "js/portal.js", "img/icons.svg"):
        kept = files.get(f"/static/{name}?v=12345678", headers={"Accept-Encoding": "gzip"})
        assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert kept.headers["Content-Encoding"] == "gzip"
        assert kept.headers["X-Content-Type-Options"] == "nosniff"
        plain = files.get(f"/static/{name}")
        assert (
            "immutable" not in plain.headers["Cache-Control"] and "Content-Encoding" not in plain.headers
        )
        assert gzip.decompress(kept.data) == plain.data
        again = files.get(f"/static/{name}", headers={"If-None-Match": plain.headers["ETag"]})
        assert again.status_code == 304
        for answer in (kept, plain, again):
            answer.close()


def test_files_outside_the_folder_are_the_applications_affair(files):
    for path in ("/static/../config.py", "/static/%2e%2e/config.py", "/static/none.css"):
        answer = files.get(path)
        assert answer.status_code == 404
        answer.close()
    answer = files.head("/static/css/portal.css?v=1", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200 and answer.data == b""

"""天地图 spoken to over HTTP: a stand-in server on this machine plays its answers, also the bad ones."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.regions import tianditu

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


class StandIn(ThreadingHTTPServer):
    """What 天地图 was asked, and what it shall answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.mode = "good"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    def log_message(self, *_args: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        server: Any = self.server
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        server.asked.append((parts.path, query))
        status, kind, body = 200, "application/json", b"{}"
        if server.mode == "slow":
            time.sleep(1)
        elif server.mode == "error":
            status = 500
        elif server.mode == "elsewhere":
            status = 302
        elif server.mode == "nonsense":
            kind, body = "text/html", b"<html>not found</html>"
        elif parts.path == "/geocoder":
            location = {"lon": 111.6835, "lat": 29.0136, "level": "门址"}
            body = json.dumps({"msg": "ok", "status": "0", "location": location}).encode()
        elif parts.path == "/v2/search":
            pois = [{"name": "临沅社区居委会", "address": "玉霞街道", "lonlat": "111.6881,29.0101"},
                    {"name": "远处同名", "address": "别县", "lonlat": "113.0,28.2"}, {"name": "坏点", "lonlat": "x"}]  # fmt: skip
            body = json.dumps({"pois": pois}).encode()
        elif parts.path == "/DataServer":
            kind, body = "image/png", PNG
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if server.mode != "slow":
            self.wfile.write(body)


@pytest.fixture
def service() -> Iterator[StandIn]:
    server = StandIn()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join(5)
    server.server_close()


@pytest.fixture
def online(app_sqlite: Flask, service: StandIn, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application with a key, speaking to the stand-in."""
    for name in ("TIANDITU_URL", "TIANDITU_TILES"):
        monkeypatch.setitem(app_sqlite.config, name, service.address)
    monkeypatch.setitem(app_sqlite.config, "TIANDITU_KEY", "secret-key")
    monkeypatch.setattr(tianditu, "TIMEOUT_SECONDS", 0.3)
    return app_sqlite


@pytest.fixture
def clerk(online: Flask) -> FlaskClient:
    from tests.conftest import sign_in

    return sign_in(online.test_client(), "dingcheng")


@pytest.mark.req("M1.4.1g")
def test_addresses_come_from_the_service_first(clerk: FlaskClient, service: StandIn) -> None:
    answer = clerk.get("/communities/places?q=临沅路456号").get_json()
    assert [place["name"] for place in answer["places"]][:2] == ["临沅路456号", "临沅社区居委会"]
    assert not answer["offline"] and answer["credit"] == "数据来源：天地图"
    assert "远处同名" not in json.dumps(answer, ensure_ascii=False), "outside the county"
    asked = dict(service.asked)
    assert asked["/geocoder"]["tk"] == "secret-key"
    assert json.loads(asked["/geocoder"]["ds"])["keyWord"] == "常德市鼎城区临沅路456号"
    assert json.loads(asked["/v2/search"]["postStr"])["specify"] == "156430703"


@pytest.mark.req("M1.4.1g")
@pytest.mark.parametrize("mode", ["slow", "error", "nonsense", "elsewhere"])
def test_when_it_fails_the_offline_names_answer(clerk: FlaskClient, service: StandIn, mode: str) -> None:
    service.mode = mode
    answer = clerk.get("/communities/places?q=玉霞街道")
    body = answer.get_json()
    assert answer.status_code == 200 and body["failed"] and body["offline"]
    assert body["places"][0]["name"] == "玉霞街道"
    tile = clerk.get("/communities/tile/vec/12/3320/1700")
    assert tile.status_code == 504 and tile.headers["Cache-Control"] == "no-store"


@pytest.mark.req("M1.4.1g")
def test_tiles_pass_through_without_the_key(clerk: FlaskClient, service: StandIn) -> None:
    answer = clerk.get("/communities/tile/vec/12/3320/1700")
    assert (
        answer.data == PNG and answer.mimetype == "image/png" and "max-age" in answer.headers["Cache-Control"]
    )
    assert service.asked[-1] == (
        "/DataServer", {"T": "vec_w", "x": "3320", "y": "1700", "l": "12", "tk": "secret-key"},
    )  # fmt: skip
    for address in ("vec/12/9999999/1", "roads/12/1/1", "vec/40/1/1", "vec/0/0/0"):
        assert clerk.get(f"/communities/tile/{address}").status_code == 404
    page = clerk.get("/communities/add").get_data(as_text=True)
    assert "data-tiles=" in page and "secret-key" not in page and service.address not in page


@pytest.mark.req("M1.4.1g")
def test_without_a_key_nothing_is_asked(
    app_sqlite: Flask, service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.conftest import sign_in

    monkeypatch.setitem(app_sqlite.config, "TIANDITU_URL", service.address)
    client = sign_in(app_sqlite.test_client(), "dingcheng")
    assert client.get("/communities/tile/vec/12/3320/1700").status_code == 404
    answer = client.get("/communities/places?q=玉霞街道").get_json()
    assert answer["offline"] and not answer["failed"] and service.asked == []
    with app_sqlite.app_context(), pytest.raises(tianditu.Unavailable):
        tianditu.geocode("玉霞街道")


@pytest.mark.req("M1.4.1g")
def test_too_much_is_not_taken(online: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tianditu, "MOST_BYTES", 10)
    with online.app_context(), pytest.raises(tianditu.Unavailable):
        tianditu.tile("vec", 12, 3320, 1700)

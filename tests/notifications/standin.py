"""A gateway on this machine: takes requests of both kinds of senders and answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Answer = Callable[["Call"], "tuple[int, bytes] | None"]


@dataclass
class Call:
    """One request as it arrived."""

    path: str
    heads: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.path).query))

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def key(self) -> str:
        return self.query.get("OutId") or self.json["SessionContext"]


def taken(call: Call) -> tuple[int, bytes]:
    """The answer of a gateway that took the message."""
    if "OutId" in call.query:
        return 200, b'{"Code":"OK","Message":"OK","BizId":"biz-1","RequestId":"r"}'
    status = [{"Code": "Ok", "SerialNo": "serial-1", "SessionContext": call.key, "Message": "send success"}]
    return 200, json.dumps({"Response": {"SendStatusSet": status, "RequestId": "r"}}).encode()


@dataclass
class Gateway:
    """``calls`` in the order of arrival; ``answer`` may be exchanged; None closes the line without a word."""

    calls: list[Call] = field(default_factory=list)
    answer: Answer = taken
    url: str = ""

    def __enter__(self) -> Gateway:
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                call = Call(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                gateway.calls.append(call)
                found = gateway.answer(call)
                if found is None:
                    self.close_connection = True
                    return
                self.send_response(found[0])
                self.send_header("Content-Length", str(len(found[1])))
                self.end_headers()
                self.wfile.write(found[1])

            def log_message(self, *_args: Any) -> None:
                """Nothing on stderr."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()

"""Small servers that speak S3 and clamd, for the tests."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import socketserver
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from app.attachments.s3 import signed_headers

KEY, SECRET, REGION, BUCKET = "AKIDEXAMPLE", "verysecret", "us-east-1", "portal"


class S3Handler(BaseHTTPRequestHandler):
    """PUT, GET with Range, HEAD, DELETE and ListObjectsV2 (two a page); signatures are checked."""

    protocol_version = "HTTP/1.1"
    server: Any

    def log_message(self, *_args: Any) -> None:
        """Quiet."""

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", headers.get("length", str(len(body))))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _genuine(self) -> bool:
        parts = urlsplit(self.path)
        stamp = dt.datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
        names = re.search("SignedHeaders=([^,]+)", self.headers["authorization"])
        assert names
        known = {"host", "x-amz-content-sha256", "x-amz-date"}
        extra = {name: self.headers[name] for name in names.group(1).split(";") if name not in known}
        expected = signed_headers(
            self.command, self.headers["host"], parts.path, dict(parse_qsl(parts.query)),
            self.headers["x-amz-content-sha256"], key=KEY, secret=SECRET, region=REGION, now=stamp,
            extra=extra,
        )  # fmt: skip
        if expected["authorization"] == self.headers["authorization"]:
            return True
        self._answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        return False

    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).removeprefix(f"/{BUCKET}").lstrip("/")

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self._genuine():
            self.server.kept[self._key()] = body
            self._answer(200)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        if not self._genuine():
            return
        if not self._key():
            self._list(dict(parse_qsl(urlsplit(self.path).query)))
            return
        body = self.server.kept.get(self._key())
        if body is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>" if self.command == "GET" else b"")
            return
        self.server.ranges.append(self.headers.get("range"))
        if self.command == "HEAD":
            self._answer(200, length=str(len(body)))
        elif given := self.headers.get("range"):
            start = int(given.removeprefix("bytes=").split("-")[0])
            self._answer(206, body[start:])
        else:
            self._answer(200, body)

    def do_DELETE(self) -> None:
        if self._genuine():
            self.server.kept.pop(self._key(), None)
            self._answer(204)

    def _list(self, query: dict[str, str]) -> None:
        keys = sorted(k for k in self.server.kept if k.startswith(query["prefix"]))
        begin = int(query.get("continuation-token", "0"))
        entries = "".join(
            f"<Contents><Key>{k}</Key><LastModified>2020-01-01T00:00:00.000Z</LastModified>"
            f"<Size>{len(self.server.kept[k])}</Size></Contents>"
            for k in keys[begin : begin + 2]
        )
        more = f"<NextContinuationToken>{begin + 2}</NextContinuationToken>" if len(keys) > begin + 2 else ""
        namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
        self._answer(200, f"<ListBucketResult {namespace}>{entries}{more}</ListBucketResult>".encode())


class Clamd(socketserver.BaseRequestHandler):
    """INSTREAM: finds ``EICAR`` in what it is sent; refuses streams above 3 MB as clamd does."""

    def handle(self) -> None:
        stream = self.request.makefile("rb")
        assert stream.read(10) == b"zINSTREAM\0"
        body = b""
        while length := struct.unpack("!L", stream.read(4))[0]:
            body += stream.read(length)
        stream.close()
        if len(body) > 3 * 1024 * 1024:
            answer = b"INSTREAM size limit exceeded. ERROR\0"
        else:
            answer = b"stream: Win.Test.EICAR_HDB-1 FOUND\0" if b"EICAR" in body else b"stream: OK\0"
        self.request.sendall(answer)


@contextlib.contextmanager
def running(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def s3() -> Iterator[Any]:
    """A store; ``kept`` maps keys to contents, ``ranges`` tells what was asked for."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), S3Handler)
    server.kept, server.ranges = {}, []  # type: ignore[attr-defined]
    with running(server):
        yield server


@contextlib.contextmanager
def clamd() -> Iterator[str]:
    """Address of a scanner."""
    with running(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Clamd)) as server:
        yield f"127.0.0.1:{server.server_address[1]}"

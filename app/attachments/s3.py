"""An S3-compatible store (MinIO, Ceph, 天翼云, 阿里云 …) over HTTP, signed with AWS signature version 4."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import http.client
import io
import re
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

from app.attachments.storage import Item

TIMEOUT = 60
EMPTY = hashlib.sha256(b"").hexdigest()
_PIECE = 1024 * 1024


class S3Error(OSError):
    """The store refused or did not answer."""


def signed_headers(
    method: str, host: str, path: str, query: Mapping[str, str], payload_sha: str, *,
    key: str, secret: str, region: str, now: dt.datetime, extra: Mapping[str, str] | None = None,
) -> dict[str, str]:  # fmt: skip
    """Headers of a request signed with version 4 (service ``s3``); ``path`` is already percent-encoded."""
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    headers = {"host": host, "x-amz-content-sha256": payload_sha, "x-amz-date": stamp}
    headers |= {name.lower(): value for name, value in (extra or {}).items()}
    names = ";".join(sorted(headers))
    asked = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(query.items()))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    canonical = "\n".join([method, path, asked, lines, names, payload_sha])
    span = f"{day}/{region}/s3/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, span, hashlib.sha256(canonical.encode()).hexdigest()])
    signer = f"AWS4{secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        signer = hmac.new(signer, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(signer, to_sign.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key}/{span}, SignedHeaders={names}, Signature={signature}"
    )
    return headers


class _Answer:
    """An answer with the connection it came on: closing closes both."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        self.connection, self.response, self.status = connection, response, response.status

    def close(self) -> None:
        self.response.close()
        self.connection.close()


class S3Storage:
    """Path-style addresses: ``<url>/<bucket>/<key>``."""

    def __init__(self, url: str, bucket: str, key: str, secret: str, region: str = "us-east-1") -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.netloc or not bucket:
            raise ValueError("S3_URL must be an http(s) address and S3_BUCKET a name")
        self.secure, self.host, self.base = parts.scheme == "https", parts.netloc, parts.path.rstrip("/")
        self.bucket, self.key, self.secret, self.region = bucket, key, secret, region

    def _send(
        self, method: str, key: str = "", query: Mapping[str, str] | None = None, *,
        body: BinaryIO | None = None, length: int = 0, payload_sha: str = EMPTY,
        extra: Mapping[str, str] | None = None,
    ) -> _Answer:  # fmt: skip
        path = quote(f"{self.base}/{self.bucket}" + (f"/{key}" if key else ""), safe="/-_.~")
        headers = signed_headers(
            method, self.host, path, query or {}, payload_sha, key=self.key, secret=self.secret,
            region=self.region, now=dt.datetime.now(dt.UTC), extra=extra,
        )  # fmt: skip
        headers["connection"] = "close"
        if body is not None:
            headers["content-length"] = str(length)
        asked = "&".join(
            f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted((query or {}).items())
        )
        line = path + (f"?{asked}" if asked else "")
        connection = (
            http.client.HTTPSConnection(self.host, timeout=TIMEOUT, context=ssl.create_default_context())
            if self.secure
            else http.client.HTTPConnection(self.host, timeout=TIMEOUT)
        )
        try:
            connection.request(method, line, body=body, headers=headers)
            return _Answer(connection, connection.getresponse())
        except (OSError, http.client.HTTPException) as fault:
            connection.close()
            raise S3Error(f"{method} {self.host}: {type(fault).__name__}") from fault

    def _done(self, answer: _Answer, *expected: int) -> bytes:
        try:
            body = answer.response.read()
        except (OSError, http.client.HTTPException) as fault:
            raise S3Error(type(fault).__name__) from fault
        finally:
            answer.close()
        if answer.status not in expected:
            code = re.search(rb"<Code>([^<]{1,60})</Code>", body)
            raise S3Error(f"{answer.status} {code.group(1).decode() if code else answer.response.reason}")
        return body

    def path(self, key: str) -> Path | None:
        return None

    def put(self, key: str, source: Path) -> None:
        digest = hashlib.sha256()
        with source.open("rb") as data:
            while piece := data.read(_PIECE):
                digest.update(piece)
            length = data.tell()
            data.seek(0)
            self._done(
                self._send("PUT", key, body=data, length=length, payload_sha=digest.hexdigest()),
                200,
                201,
                204,
            )

    def size(self, key: str) -> int | None:
        answer = self._send("HEAD", key)
        self._done(answer, 200, 404)
        return int(answer.response.headers["Content-Length"]) if answer.status == 200 else None

    def open(self, key: str) -> BinaryIO:
        length = self.size(key)
        if length is None:
            raise FileNotFoundError(key)
        return io.BufferedReader(_Remote(self, key, length), 64 * 1024)  # type: ignore[type-var]

    def remove(self, key: str) -> None:
        self._done(self._send("DELETE", key), 200, 204, 404)

    def items(self, prefix: str) -> Iterator[Item]:
        query, now = {"list-type": "2", "prefix": prefix}, dt.datetime.now(dt.UTC)
        while True:
            tree = ElementTree.fromstring(self._done(self._send("GET", query=query), 200))
            for entry in tree.iterfind("{*}Contents"):
                changed = dt.datetime.fromisoformat(
                    entry.findtext("{*}LastModified", "").replace("Z", "+00:00")
                )
                size = int(entry.findtext("{*}Size", "0"))
                yield Item(entry.findtext("{*}Key", ""), size, (now - changed).total_seconds())
            following = tree.findtext("{*}NextContinuationToken")
            if not following:
                return
            query = query | {"continuation-token": following}


class _Remote(io.RawIOBase):
    """A remote content as a seekable file: one range request for each stretch that is read."""

    def __init__(self, store: S3Storage, key: str, length: int) -> None:
        self._store, self._key, self._length = store, key, length
        self._at = 0
        self._answer: _Answer | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        if base + offset != self._at:
            self._drop()
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        if self._at >= self._length:
            return 0
        if self._answer is None:
            self._answer = self._store._send("GET", self._key, extra={"range": f"bytes={self._at}-"})
            if self._answer.status not in {200, 206} or (self._answer.status == 200 and self._at):
                raise S3Error(f"GET {self._answer.status}")
        try:
            got = self._answer.response.readinto(buffer)
        except (OSError, http.client.HTTPException) as fault:
            raise S3Error(type(fault).__name__) from fault
        if not got:
            raise S3Error("the content ended early")
        self._at += got
        return got

    def _drop(self) -> None:
        if self._answer is not None:
            self._answer.close()
            self._answer = None

    def close(self) -> None:
        self._drop()
        super().close()

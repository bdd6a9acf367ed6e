"""Files made for the tests, and the way a browser sends them."""

from __future__ import annotations

import hashlib
import io
import random
import struct
import zipfile
import zlib
from typing import Any

from flask.testing import FlaskClient
from PIL import Image


def pdf(text: str = "x", size: int = 0) -> bytes:
    """A PDF as far as head and tail tell; padded to ``size``."""
    head, tail = b"%PDF-1.7\n%" + text.encode() + b"\n", b"\nstartxref\n0\n%%EOF\n"
    return head + b"0" * max(0, size - len(head) - len(tail)) + tail


def jpeg(width: int = 640, height: int = 480, seed: int = 1, exif: Image.Exif | None = None) -> bytes:
    noise = random.Random(seed)
    picture = Image.new("RGB", (width, height), tuple(noise.randrange(256) for _ in range(3)))
    for _ in range(40):
        box = (
            sorted(noise.randrange(width) for _ in range(2)),
            sorted(noise.randrange(height) for _ in range(2)),
        )
        colour = tuple(noise.randrange(256) for _ in range(3))
        picture.paste(colour, (box[0][0], box[1][0], box[0][1] + 1, box[1][1] + 1))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85, **({"exif": exif} if exif else {}))
    return out.getvalue()


def png(width: int = 64, height: int = 48) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (width, height), (20, 120, 200, 90)).save(out, "PNG")
    return out.getvalue()


def archive(name: str = "方案/说明.txt") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr(name, "x" * 100)
    return out.getvalue()


def png_bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A few kilobytes that claim 3.6 thousand million pixels."""

    def piece(kind: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    head = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = piece(b"IHDR", head) + piece(b"IDAT", zlib.compress(b"\0" * 100_000)) + piece(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def begin(
    client: FlaskClient, owner_id: int, name: str, size: int, purpose: str = "evidence", **more: Any
) -> Any:
    body = {
        "entity": "Community",
        "owner_id": owner_id,
        "purpose": purpose,
        "name": name,
        "size": size,
        **more,
    }
    return client.post("/attachments/uploads/", json=body)


def put(client: FlaskClient, url: str, offset: int, piece: bytes) -> Any:
    return client.put(f"{url}?offset={offset}", data=piece, content_type="application/octet-stream")


def complete(client: FlaskClient, url: str, content: bytes, sha256: str = "") -> Any:
    return client.post(f"{url}/complete", json={"sha256": sha256 or hashlib.sha256(content).hexdigest()})


def upload(
    client: FlaskClient, owner_id: int, name: str, content: bytes, purpose: str = "evidence", **more: Any
) -> Any:
    """Everything in one go; the answer of the last step."""
    begun = begin(client, owner_id, name, len(content), purpose, **more)
    if begun.status_code != 201:
        return begun
    url = begun.get_json()["url"]
    for at in range(0, len(content), 1024 * 1024):
        assert put(client, url, at, content[at : at + 1024 * 1024]).status_code == 200
    return complete(client, url, content)

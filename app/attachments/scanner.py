"""Asking a clamd about a file (INSTREAM protocol), when one is configured."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

from app.kernel.errors import PortalError, msg

TIMEOUT = 120
_PIECE = 256 * 1024


class ScannerAway(PortalError):
    """The virus scanner does not answer: the upload stays where it is and can be completed later (503)."""

    status = 503

    def __init__(self) -> None:
        super().__init__(
            msg("The virus check is not available at the moment. The file is kept; please try again shortly.")
        )


def _connect(address: str) -> socket.socket:
    if address.startswith("/"):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(TIMEOUT)
        connection.connect(address)
        return connection
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=TIMEOUT)


def infection(address: str, path: Path) -> str | None:
    """Name of what clamd at ``host:port`` or ``/socket`` finds in the file, None when it is clean.

    Raises: ScannerAway when there is no answer or clamd refuses the file (larger than its StreamMaxLength).
    """
    try:
        with _connect(address) as connection, path.open("rb") as source:
            connection.sendall(b"zINSTREAM\0")
            while piece := source.read(_PIECE):
                connection.sendall(struct.pack("!L", len(piece)) + piece)
            connection.sendall(struct.pack("!L", 0))
            answer = b""
            while not answer.endswith(b"\0") and (piece := connection.recv(4096)):
                answer += piece
    except (OSError, ValueError) as fault:
        raise ScannerAway from fault
    said = answer.rstrip(b"\0\n").decode("utf-8", "replace")
    if said.endswith(" FOUND"):
        return said.removeprefix("stream: ").removesuffix(" FOUND")
    if said.endswith(": OK"):
        return None
    raise ScannerAway

"""The half-finished files of uploads: one each below DATA_DIR/uploads, its length is what has arrived.

Several application nodes share this folder or keep one person on one node.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from flask import current_app

from app.attachments.storage import sync_folder
from app.kernel.errors import PortalError, msg

_PIECE = 256 * 1024
# kept free for the database and its log
_RESERVE = 512 * 1024 * 1024


class WrongPlace(PortalError):
    """A piece does not follow what has arrived: ``received`` is where to go on (409)."""

    status = 409

    def __init__(self, received: int) -> None:
        super().__init__(
            msg("This piece of the file does not follow the one before; the upload goes on by itself.")
        )
        self.received = received


class TooMuch(PortalError):
    """More arrives than was announced (413)."""

    status = 413

    def __init__(self) -> None:
        super().__init__(msg("More data arrived than the file was said to hold."))


class Full(PortalError):
    """The disk has no room for the file (507)."""

    status = 507

    def __init__(self) -> None:
        super().__init__(
            msg("There is not enough room for this file on the server. Please tell the administrator.")
        )


@dataclass(frozen=True)
class Measured:
    """Length in bytes and SHA-256 of a file."""

    size: int
    sha256: str


def folder() -> Path:
    return Path(str(current_app.config["DATA_DIR"])) / "uploads"


def path_of(upload_id: str) -> Path:
    """Where the pieces of an upload gather; the id is made by the product (32 hex digits)."""
    return folder() / upload_id


def begin(upload_id: str, size: int) -> None:
    """Make the empty file. Raises: Full."""
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(place).free < 2 * size + _RESERVE:
        raise Full
    path_of(upload_id).touch(exist_ok=False)
    sync_folder(place)


@contextmanager
def held(upload_id: str) -> Iterator[None]:
    """Keep everybody else from this upload while it is being completed. Raises: FileNotFoundError."""
    with path_of(upload_id).open("rb") as part:
        fcntl.flock(part, fcntl.LOCK_EX)
        yield


def received(upload_id: str) -> int:
    """Bytes that have arrived; 0 when the file is gone."""
    try:
        return path_of(upload_id).stat().st_size
    except FileNotFoundError:
        return 0


def append(upload_id: str, offset: int, source: BinaryIO, total: int) -> int:
    """Take a piece that begins at ``offset``; what is already there is read past, so a repeat is harmless.

    Returns the bytes that have arrived. A connection that breaks leaves what came so far.
    Raises: WrongPlace (a gap, or another piece is just arriving), TooMuch.
    """
    with path_of(upload_id).open("a+b") as part:
        there = part.seek(0, os.SEEK_END)
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            raise WrongPlace(there) from fault
        there = part.seek(0, os.SEEK_END)
        if offset > there:
            raise WrongPlace(there)
        at = offset
        try:
            while piece := source.read(_PIECE):
                fresh = piece[max(0, there - at) :]
                at += len(piece)
                if at > total:
                    raise TooMuch
                part.write(fresh)
        finally:
            part.flush()
            os.fsync(part.fileno())
        return part.seek(0, os.SEEK_END)


def measure(path: Path) -> Measured:
    """Length and digest, read in pieces."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source:
        while piece := source.read(1024 * 1024):
            digest.update(piece)
            size += len(piece)
    return Measured(size, digest.hexdigest())


def start_over(upload_id: str) -> None:
    """Throw away what arrived (it was damaged on the way)."""
    os.truncate(path_of(upload_id), 0)


def discard(upload_id: str) -> None:
    path_of(upload_id).unlink(missing_ok=True)


def age(path: Path) -> float:
    """Seconds since a half-finished file last grew."""
    return time.time() - path.stat().st_mtime


def leftovers() -> Iterator[Path]:
    """Every half-finished file."""
    if folder().is_dir():
        yield from sorted(folder().iterdir())

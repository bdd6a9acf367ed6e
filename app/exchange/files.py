"""Uploaded workbooks on disk: stored whole under their digest, or not at all (model.md, rule 4)."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.exchange.guard import MAX_FILE_BYTES, ReaderError
from app.kernel.errors import msg

_UNSAFE = re.compile(r'[\x00-\x1f\\/:*?"<>|]+')


@dataclass(frozen=True)
class StoredFile:
    """A file that is whole: its name as the user gave it, SHA-256, size in bytes and content."""

    name: str
    digest: str
    size: int
    data: bytes


def folder(data_dir: str) -> Path:
    """Where uploaded workbooks are kept."""
    path = Path(data_dir) / "imports"
    path.mkdir(parents=True, exist_ok=True)
    return path


def path_of(data_dir: str, digest: str) -> Path:
    return folder(data_dir) / digest


def receive(stream: IO[bytes], name: str, data_dir: str) -> StoredFile:
    """Keep an upload: written beside its place, flushed to disk, then named by its digest.

    Raises: ReaderError for a missing, empty or too large file; nothing is kept then.
    """
    shown = _UNSAFE.sub("_", name.strip())[-200:]
    if not shown:
        raise ReaderError(msg("Choose a workbook first."))
    data = stream.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ReaderError(msg("The file is larger than %(most)s MB.", most=MAX_FILE_BYTES >> 20))
    if not data:
        raise ReaderError(msg("The file is empty."))
    digest = hashlib.sha256(data).hexdigest()
    target = path_of(data_dir, digest)
    if not target.exists():
        handle, unfinished = tempfile.mkstemp(dir=target.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            os.replace(unfinished, target)
        finally:
            Path(unfinished).unlink(missing_ok=True)
    return StoredFile(shown, digest, len(data), data)


def read(data_dir: str, digest: str) -> bytes:
    """The content of a kept workbook. Raises: ReaderError when it is gone or is not what was uploaded."""
    try:
        data = path_of(data_dir, digest).read_bytes()
    except FileNotFoundError as error:
        raise ReaderError(msg("The uploaded file is gone. Please upload it again.")) from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise ReaderError(msg("The uploaded file is damaged. Please upload it again."))
    return data

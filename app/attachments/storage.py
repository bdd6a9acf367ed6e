"""Where contents lie: one small interface, on the local disk or in an S3-compatible store."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from flask import current_app


@dataclass(frozen=True)
class Item:
    """One stored content: its key, size in bytes and age in seconds."""

    key: str
    size: int
    age: float


class Storage(Protocol):
    """Keys are made by the product (``files/ab/cd/<sha256>``), never from what a user typed."""

    def put(self, key: str, source: Path) -> None:
        """Store a copy whole or not at all; an existing content of the key is replaced."""

    def open(self, key: str) -> BinaryIO:
        """A seekable reader. Raises: FileNotFoundError."""

    def size(self, key: str) -> int | None:
        """Size in bytes, None when there is no such content."""

    def remove(self, key: str) -> None:
        """Remove a content; one that is not there is no fault."""

    def items(self, prefix: str) -> Iterator[Item]:
        """Every content whose key begins with the prefix."""

    def path(self, key: str) -> Path | None:
        """The file on this machine, None when the store is elsewhere."""


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class LocalStorage:
    """Below one folder; written beside the target, synced to disk and renamed into place."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, key: str) -> Path:
        return self.root / key

    def put(self, key: str, source: Path) -> None:
        target = self.path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".part-", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as out, source.open("rb") as data:
                shutil.copyfileobj(data, out, 1024 * 1024)
                out.flush()
                os.fsync(out.fileno())
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        sync_folder(target.parent)

    def open(self, key: str) -> BinaryIO:
        return self.path(key).open("rb")

    def size(self, key: str) -> int | None:
        try:
            return self.path(key).stat().st_size
        except FileNotFoundError:
            return None

    def remove(self, key: str) -> None:
        self.path(key).unlink(missing_ok=True)

    def items(self, prefix: str) -> Iterator[Item]:
        now = time.time()
        base = self.root / prefix
        for folder, _folders, names in os.walk(base):
            for name in names:
                path = Path(folder, name)
                try:
                    stat = path.stat()
                except FileNotFoundError:
                    continue
                yield Item(path.relative_to(self.root).as_posix(), stat.st_size, now - stat.st_mtime)


def storage() -> Storage:
    """The store of this application, by its settings."""
    config = current_app.config
    if config["S3_URL"]:
        from app.attachments.s3 import S3Storage

        return S3Storage(
            str(config["S3_URL"]), str(config["S3_BUCKET"]), str(config["S3_KEY"]), str(config["S3_SECRET"]),
            str(config["S3_REGION"]),
        )  # fmt: skip
    return LocalStorage(Path(str(config["DATA_DIR"])))

"""What an entity declares to be importable; the machinery around it is the same for all (M1.4.2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from app.exchange.columns import SheetColumn
from app.exchange.staging import Assessment, Chunk, RawRows
from app.kernel.actor import Actor
from app.kernel.errors import Message


@dataclass(frozen=True)
class Target:
    """Who imports what: the batch, and the fingerprint of what its rows were compared with."""

    batch_id: int
    actor: Actor
    surroundings: str


class Importer(Protocol):
    """One importable entity. All methods work inside the caller's transaction and never commit."""

    #: Name in permissions, audit and batches, such as ``Community``.
    entity: str
    #: What stands over the pages: 导入意向小区.
    title: Message
    #: Stem of the template's file name: 意向小区导入模板.
    template_name: Message
    #: Columns without which a file makes no sense.
    needed: tuple[str, ...]
    #: Columns that a preview always shows, in this order, if the file has them.
    shown: tuple[str, ...]
    #: The column by which a row is searched.
    label_key: str

    def columns(self, actor: Actor) -> tuple[SheetColumn, ...]:
        """The template's columns, headings and choices in the actor's language."""

    def instructions(self, actor: Actor) -> Sequence[Message]:
        """Sentences at the head of the template's instructions."""

    def assess(self, session: Session, actor: Actor, raw: RawRows) -> Assessment:
        """Hold every row against the rules, the table and the rest of the file; changes nothing."""

    def lock(self, session: Session, actor: Actor) -> None:
        """Make two imports into the same rows wait for each other (PostgreSQL; SQLite has one writer
        anyway)."""

    def surroundings(self, session: Session, earlier: str) -> str:
        """The fingerprint of ``earlier`` (from an assessment) taken anew; equal means that nothing moved."""

    def write(self, session: Session, target: Target, chunks: Iterable[Chunk]) -> tuple[int, int]:
        """Write every new and changed row with its audit events; returns (added, changed).

        Raises: StaleRow when a row is not what it was at the preview.
        """


_importers: dict[str, Importer] = {}


def register(importer: Importer) -> Importer:
    """Make an entity importable."""
    _importers[importer.entity] = importer
    return importer


def importer_of(entity: str) -> Importer:
    """The importer of an entity. Raises: KeyError."""
    return _importers[entity]

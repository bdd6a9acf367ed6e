"""Audit trail: append-only events chained by hash, one chain per county so that counties do not wait for each other."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import _l
from app.persistence.base import Model
from app.persistence.types import UtcDateTime

BigId = BigInteger().with_variant(Integer, "sqlite")


class AuditEvent(Model):
    """One thing that happened: who, when, from where, what, before → after (model.md, "Around them")."""

    __tablename__ = "audit_event"
    __table_args__ = (
        UniqueConstraint("chain", "seq"),
        Index("ix_audit_event_subject", "entity", "entity_id", "id"),
        Index("ix_audit_event_at", "at"),
        Index("ix_audit_event_actor", "actor_id", "at"),
        Index("ix_audit_event_actor_name", "actor_name", "at", "id"),
        Index("ix_audit_event_action", "action", "at", "id"),
        Index("ix_audit_event_county", "county_code", "at", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    chain: Mapped[str] = mapped_column(String(12), nullable=False, info={"label": _l("Chain")})
    seq: Mapped[int] = mapped_column(Integer, nullable=False, info={"label": _l("Number in chain")})
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False, info={"label": _l("Time")})
    actor_id: Mapped[int | None] = mapped_column(Integer, info={"label": _l("Account number")})
    actor_name: Mapped[str] = mapped_column(String(128), nullable=False, default="", info={"label": _l("Account")})
    address: Mapped[str] = mapped_column(String(45), nullable=False, default="", info={"label": _l("IP address")})
    request_id: Mapped[str] = mapped_column(String(36), nullable=False, default="", info={"label": _l("Request")})
    action: Mapped[str] = mapped_column(String(32), nullable=False, info={"label": _l("Action")})
    entity: Mapped[str] = mapped_column(String(48), nullable=False, default="", info={"label": _l("Kind of record")})
    entity_id: Mapped[str] = mapped_column(String(48), nullable=False, default="", info={"label": _l("Record number")})
    label: Mapped[str] = mapped_column(String(200), nullable=False, default="", info={"label": _l("Record")})
    county_code: Mapped[str] = mapped_column(String(6), nullable=False, default="", info={"label": _l("County code")})
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), info={"label": _l("Before")})
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), info={"label": _l("After")})
    prev_hash: Mapped[str] = mapped_column(String(64), nullable=False)
    hash: Mapped[str] = mapped_column(String(64), nullable=False, info={"label": _l("Digest")})


class AuditChain(Model):
    """The head of each chain: updated first in a transaction, so its row lock orders the writers."""

    __tablename__ = "audit_chain"
    chain: Mapped[str] = mapped_column(String(12), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, nullable=False, default=0)
    head: Mapped[str] = mapped_column(String(64), nullable=False, default="")

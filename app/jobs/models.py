"""The job table: the record of what was asked for and how far it is; the queue only wakes the worker."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.audit.models import BigId
from app.extensions import _l
from app.persistence.base import Model
from app.persistence.types import UtcDateTime, utcnow


class Job(Model):
    """One piece of background work: ``queued`` → ``running`` → ``done`` or ``failed``."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name="state_known"),
        Index("ix_job_state", "state", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True, info={"label": _l("Job number")})
    name: Mapped[str] = mapped_column(String(60), nullable=False, info={"label": _l("Job")})
    args: Mapped[dict[str, Any]] = mapped_column(JSON, nullable=False, default=dict, info={"label": _l("Arguments")})
    state: Mapped[str] = mapped_column(
        String(8), nullable=False, default="queued", server_default="queued", info={"label": _l("State")}
    )
    progress: Mapped[int] = mapped_column(Integer, nullable=False, default=0, info={"label": _l("Done so far")})
    total: Mapped[int] = mapped_column(Integer, nullable=False, default=0, info={"label": _l("Of")})
    error: Mapped[str] = mapped_column(Text, nullable=False, default="", info={"label": _l("Error")})
    attempts: Mapped[int] = mapped_column(Integer, nullable=False, default=0, info={"label": _l("Attempts")})
    user_id: Mapped[int | None] = mapped_column(
        Integer, ForeignKey("ab_user.id", ondelete="SET NULL"), info={"label": _l("Account number")}
    )
    created_at: Mapped[dt.datetime] = mapped_column(
        UtcDateTime, nullable=False, default=utcnow, info={"label": _l("Asked for")}
    )
    beat_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Last sign of life")})
    finished_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Finished")})


class PeriodicRun(Model):
    """The last day that a periodic work was taken up, and how it went; one row a work."""

    __tablename__ = "periodic_run"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name="state_known"),
    )
    name: Mapped[str] = mapped_column(String(60), primary_key=True, info={"label": _l("Job")})
    slot: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False, info={"label": _l("Was due at")})
    state: Mapped[str] = mapped_column(
        String(8), nullable=False, default="waiting", server_default="waiting", info={"label": _l("State")}
    )
    note: Mapped[str] = mapped_column(
        String(300), nullable=False, default="", server_default="", info={"label": _l("Note")}
    )
    started_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Begun")})
    finished_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Finished")})

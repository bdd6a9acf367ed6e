"""督办问题 (supervision issues): where they come from, who is responsible until when (R22)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.audit.models import BigId
from app.extensions import _l
from app.inspections.rules import LEVELS
from app.persistence.base import Audited, CountyScoped, Model, Stamped, Versioned
from app.persistence.types import UtcDateTime
from app.supervision.rules import FLOW, SOURCES

_TEXT: dict[str, Any] = {"nullable": False, "default": "", "server_default": ""}


class SupervisionIssue(Audited, CountyScoped, Versioned, Stamped, Model):
    """A problem of a plan task that a unit has to rectify; its life is `rules.FLOW`."""

    __tablename__ = "supervision_issue"
    __table_args__ = (
        CheckConstraint(
            "source IN ('province_check', 'city_check', 'county_check', 'performance', 'livelihood',"
            " 'report_late', 'behind', 'residents', 'other')",
            name="source_known",
        ),
        CheckConstraint(
            "state IN ('draft', 'open', 'rectified', 'confirmed', 'sent_back', 'discarded')",
            name="state_known",
        ),
        CheckConstraint("level IN ('county', 'city', 'province')", name="level_known"),
        CheckConstraint(
            "state IN ('draft', 'discarded') OR (responsible_unit <> '' AND responsible_person <> ''"
            " AND deadline IS NOT NULL)",
            name="responsible_named",
        ),
        ForeignKeyConstraint(
            ["plan_task_id", "county_code"],
            ["plan_task.id", "plan_task.county_code"],
            name="fk_supervision_issue_plan",
        ),
        ForeignKeyConstraint(
            ["inspection_item_id", "county_code"],
            ["inspection_item.id", "inspection_item.county_code"],
            name="fk_supervision_issue_inspection_item",
        ),
        UniqueConstraint("inspection_item_id"),
        Index("ix_supervision_issue_state", "county_code", "state", "deadline", "id"),
        Index("ix_supervision_issue_plan", "plan_task_id", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    plan_task_id: Mapped[int] = mapped_column(BigId, nullable=False)
    inspection_item_id: Mapped[int | None] = mapped_column(BigId)
    source: Mapped[str] = mapped_column(
        String(16), nullable=False, info={"label": _l("Source of the issue"), "choices": SOURCES}
    )
    level: Mapped[str] = mapped_column(
        String(8), nullable=False, info={"label": _l("Opened by (level)"), "choices": LEVELS}
    )
    state: Mapped[str] = mapped_column(
        String(12),
        nullable=False,
        default="draft",
        server_default="draft",
        info={"label": _l("State"), "choices": FLOW.states},
    )
    content: Mapped[str] = mapped_column(String(120), **_TEXT, info={"label": _l("Renovation content")})
    problem: Mapped[str] = mapped_column(String(1000), **_TEXT, info={"label": _l("Problem found")})
    responsible_unit: Mapped[str] = mapped_column(
        String(120), **_TEXT, info={"label": _l("Responsible unit")}
    )
    responsible_person: Mapped[str] = mapped_column(
        String(40), **_TEXT, info={"label": _l("Responsible person")}
    )
    responsible_phone: Mapped[str] = mapped_column(
        String(20), **_TEXT, info={"label": _l("Phone of the responsible person")}
    )
    deadline: Mapped[dt.date | None] = mapped_column(Date, info={"label": _l("Rectify until")})
    opened_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Opened at")})
    opened_by_id: Mapped[int | None] = mapped_column(Integer)
    opened_by: Mapped[str] = mapped_column(String(128), **_TEXT, info={"label": _l("Opened by")})
    rectification: Mapped[str] = mapped_column(Text, **_TEXT, info={"label": _l("How it was rectified")})
    rectified_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Rectified at")})
    confirmed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Confirmed at")})

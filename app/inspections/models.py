"""区县巡查, 市州抽查, 省级抽查 (inspections) with what was found about every content (M1.6.7.3)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.audit.models import BigId
from app.extensions import _l
from app.inspections.rules import CONCLUSIONS, FINDINGS, FLOW, LEVELS
from app.persistence.base import Audited, CountyScoped, Model, Stamped, Versioned
from app.persistence.types import UtcDateTime, degrees
from app.recognition.models import ContentRow
from app.recognition.rules import CONTENT_STATES
from app.schemes.models import quantity

_TEXT: dict[str, Any] = {"nullable": False, "default": "", "server_default": ""}


class Inspection(Audited, CountyScoped, Versioned, Stamped, Model):
    """A visit of the county, the city or the province to a plan task; who may do what when is `rules.FLOW`.

    ``arrived_*`` is where and when the page on the phone found itself on the spot (WGS-84 degrees).
    """

    __tablename__ = "inspection"
    __table_args__ = (
        CheckConstraint("level IN ('county', 'city', 'province')", name="level_known"),
        CheckConstraint("state IN ('draft', 'concluded', 'void')", name="state_known"),
        CheckConstraint(
            "conclusion IN ('', 'consistent', 'mostly', 'inconsistent')", name="conclusion_known"
        ),
        CheckConstraint(
            "state <> 'concluded' OR (conclusion <> '' AND inspected_on IS NOT NULL)", name="conclusion_given"
        ),
        ForeignKeyConstraint(
            ["plan_task_id", "county_code"],
            ["plan_task.id", "plan_task.county_code"],
            name="fk_inspection_plan",
        ),
        UniqueConstraint("id", "county_code"),
        Index("ix_inspection_plan", "plan_task_id", "level", "state", "id"),
        Index("ix_inspection_county", "county_code", "inspected_on", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    plan_task_id: Mapped[int] = mapped_column(BigId, nullable=False)
    level: Mapped[str] = mapped_column(
        String(8), nullable=False, info={"label": _l("Kind of inspection"), "choices": LEVELS}
    )
    state: Mapped[str] = mapped_column(
        String(12),
        nullable=False,
        default="draft",
        server_default="draft",
        info={"label": _l("State"), "choices": FLOW.states},
    )
    inspected_on: Mapped[dt.date | None] = mapped_column(Date, info={"label": _l("Date of inspection")})
    inspectors: Mapped[str] = mapped_column(String(80), **_TEXT, info={"label": _l("Inspectors")})
    inspector_phone: Mapped[str] = mapped_column(
        String(20), **_TEXT, info={"label": _l("Phone of the inspectors")}
    )
    conclusion: Mapped[str] = mapped_column(
        String(12), **_TEXT, info={"label": _l("Conclusion"), "choices": CONCLUSIONS}
    )
    note: Mapped[str] = mapped_column(Text, **_TEXT, info={"label": _l("Note")})
    arrived_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("On the spot at")})
    arrived_lng: Mapped[Decimal | None] = mapped_column(degrees(), info={"label": _l("Longitude")})
    arrived_lat: Mapped[Decimal | None] = mapped_column(degrees(), info={"label": _l("Latitude")})
    begun_by_id: Mapped[int | None] = mapped_column(Integer)
    concluded_by_id: Mapped[int | None] = mapped_column(Integer)
    concluded_by: Mapped[str] = mapped_column(String(128), **_TEXT, info={"label": _l("Concluded by")})
    concluded_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Concluded at")})
    void_reason: Mapped[str] = mapped_column(Text, **_TEXT, info={"label": _l("Reason of the annulment")})
    problem_count: Mapped[int] = mapped_column(
        Integer, nullable=False, default=0, server_default="0", info={"label": _l("Problems")}
    )
    items: Mapped[list[InspectionItem]] = relationship(
        cascade="all, delete-orphan", order_by="InspectionItem.order, InspectionItem.id", lazy="select",
        back_populates="inspection",
    )  # fmt: skip


class InspectionItem(Audited, CountyScoped, ContentRow, Versioned, Model):
    """A content that was looked at: what was declared, what was found; photos are its attachments.

    Two inspectors may fill different contents at once: each has a lock of its own.
    """

    __tablename__ = "inspection_item"
    __audit_skip__ = frozenset(
        {"content_code", "category", "detail", "unit1", "unit2", "planned1", "planned2", "order", "version"}
    )
    __table_args__ = (
        ForeignKeyConstraint(
            ["inspection_id", "county_code"],
            ["inspection.id", "inspection.county_code"],
            name="fk_inspection_item_inspection",
        ),
        UniqueConstraint("inspection_id", "catalogue_item_id"),
        UniqueConstraint("id", "county_code"),
        CheckConstraint("finding IN ('', 'ok', 'problem')", name="finding_known"),
        CheckConstraint(
            "declared_state IN ('', 'not_started', 'in_progress', 'finished')", name="declared_known"
        ),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    inspection_id: Mapped[int] = mapped_column(BigId, nullable=False)
    declared_state: Mapped[str] = mapped_column(
        String(12), **_TEXT, info={"label": _l("Declared state"), "choices": CONTENT_STATES}
    )
    declared1: Mapped[Decimal | None] = mapped_column(quantity(), info={"label": _l("Declared quantity 1")})
    declared2: Mapped[Decimal | None] = mapped_column(quantity(), info={"label": _l("Declared quantity 2")})
    finding: Mapped[str] = mapped_column(
        String(8), **_TEXT, info={"label": _l("Result of the check"), "choices": FINDINGS}
    )
    problem: Mapped[str] = mapped_column(String(1000), **_TEXT, info={"label": _l("Problem found")})
    hand_over: Mapped[bool] = mapped_column(
        Boolean, nullable=False, default=False, server_default=false(),
        info={"label": _l("Hand over to supervision")},
    )  # fmt: skip
    deadline: Mapped[dt.date | None] = mapped_column(Date, info={"label": _l("Rectify until")})
    inspection: Mapped[Inspection] = relationship(back_populates="items", lazy="select")

"""项目月报 (month reports of works projects) and their contents (M1.6.5.2, M1.6.5.4, R12, R18, R19, R25)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.audit.models import BigId
from app.extensions import _l
from app.persistence.base import Audited, Model, PlanScoped, Recyclable, Stamped, Versioned
from app.persistence.types import UtcDateTime, wan_yuan
from app.schemes.models import quantity
from app.works import models as _works  # noqa: F401  # the table that keys point to

_TEXT: dict[str, Any] = {"nullable": False, "default": "", "server_default": ""}
_OPEN = text("state IN ('draft', 'submitted', 'returned') AND deleted_at IS NULL")
_APPROVED = text("state = 'approved'")
_COMPLETED = text("state = 'approved' AND progress = 'completed' AND deleted_at IS NULL")
STRIP = (
    "plan_task_id", "month", "state", "works_project_id", "revision", "is_makeup", "is_late", "county_code", "deleted_at",
)  # fmt: skip
"""All that the strip of a year shows of a report: a page of 50 plans reads none of their rows."""
_WAITING = text("state = 'submitted' AND deleted_at IS NULL")
_LIVE = text("deleted_at IS NULL")
STATES = "('draft', 'submitted', 'returned', 'approved', 'superseded')"
PROGRESS = "('preparing', 'prepared', 'under_way', 'completed')"


def _money(label: Any) -> Mapped[Decimal | None]:
    return mapped_column(wan_yuan(), info={"label": label, "unit": _l("10k yuan")})


def _only(name: str, *columns: str, where: Any, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


class MonthlyReport(Audited, PlanScoped, Versioned, Stamped, Recyclable, Model):
    """The report of a works project for a month; a correction is a further revision (`rules.FLOW`).

    ``month`` is the month's first day. ``unread`` holds what was typed and could not be read: field → text.
    ``confirmed_warnings``: ``[{"rule", "field", "msgid", "values"}]``; ``declarations`` (R25):
    ``[{"action", "by_id", "by", "at", "text", "digest"}]``, the digest being SHA-256 of what was confirmed.
    """

    __tablename__ = "monthly_report"
    __audit_skip__ = Audited.__audit_skip__ | {"unread"}
    __table_args__ = (
        ForeignKeyConstraint(
            ["works_project_id", "county_code"],
            ["works_project.id", "works_project.county_code"],
            name="fk_monthly_report_project",
        ),
        ForeignKeyConstraint(
            ["works_project_id", "plan_task_id"],
            ["works_project.id", "works_project.plan_task_id"],
            name="fk_monthly_report_plan",
        ),
        UniqueConstraint("id", "plan_task_id", "county_code"),
        CheckConstraint(f"state IN {STATES}", name="state_known"),
        CheckConstraint(f"progress IS NULL OR progress IN {PROGRESS}", name="progress_known"),
        CheckConstraint("revision >= 1", name="revision_min"),
        CheckConstraint("revision = 1 OR length(correction_reason) > 0", name="correction_reason_given"),
        CheckConstraint("state <> 'returned' OR length(return_reason) > 0", name="return_reason_given"),
        CheckConstraint("approved_by_id <> submitted_by_id", name="another_approves"),
        CheckConstraint(
            "state NOT IN ('submitted', 'approved') OR submitted_at IS NOT NULL", name="submission_told"
        ),
        CheckConstraint("state <> 'approved' OR approved_at IS NOT NULL", name="approval_told"),
        CheckConstraint("cumulative_investment IS NULL OR cumulative_investment >= 0", name="cumulative_min"),
        CheckConstraint("year_investment IS NULL OR year_investment >= 0", name="year_min"),
        CheckConstraint(
            "state NOT IN ('submitted', 'approved') OR (progress IS NOT NULL"
            " AND cumulative_investment IS NOT NULL AND year_investment IS NOT NULL"
            " AND year_investment <= cumulative_investment)",
            name="figures_given",
        ),
        _only(
            "uq_monthly_report_revision", "works_project_id", "month", "revision", where=_LIVE, unique=True
        ),
        _only("uq_monthly_report_open", "works_project_id", "month", where=_OPEN, unique=True),
        _only("uq_monthly_report_approved", "works_project_id", "month", where=_APPROVED, unique=True),
        _only("ix_monthly_report_waiting", "county_code", "submitted_at", "id", where=_WAITING),
        _only("ix_monthly_report_due", "month", "state", "county_code", "plan_task_id", where=_LIVE),
        _only("ix_monthly_report_month", "month", "county_code", "state", "is_late", "deleted_at", where=_LIVE),
        _only("ix_monthly_report_strip", *STRIP, where=_LIVE),
        _only("ix_monthly_report_completed", "works_project_id", "month", "deleted_at", where=_COMPLETED),
        Index("ix_monthly_report_recycle", "county_code", "deleted_at"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    works_project_id: Mapped[int] = mapped_column(BigId, nullable=False)
    month: Mapped[dt.date] = mapped_column(Date, nullable=False, info={"label": _l("Report month")})
    revision: Mapped[int] = mapped_column(
        SmallInteger, nullable=False, default=1, server_default="1", info={"label": _l("Revision")}
    )
    replaces_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("monthly_report.id"))
    state: Mapped[str] = mapped_column(
        String(12),
        nullable=False,
        default="draft",
        server_default="draft",
        info={"label": _l("Report state")},
    )
    progress: Mapped[str | None] = mapped_column(String(12), info={"label": _l("Progress of the works")})
    started_on: Mapped[dt.date | None] = mapped_column(Date, info={"label": _l("Start of works")})
    cumulative_investment: Mapped[Decimal | None] = _money(_l("Completed investment since the start"))
    year_investment: Mapped[Decimal | None] = _money(_l("Completed investment of this year"))
    is_makeup: Mapped[bool] = mapped_column(
        Boolean, nullable=False, default=False, server_default=false(), info={"label": _l("Made up later")}
    )
    is_late: Mapped[bool] = mapped_column(
        Boolean, nullable=False, default=False, server_default=false(), info={"label": _l("Submitted late")}
    )
    correction_reason: Mapped[str] = mapped_column(
        String(500), **_TEXT, info={"label": _l("Reason of the correction")}
    )
    return_reason: Mapped[str] = mapped_column(
        String(500), **_TEXT, info={"label": _l("Reason of the return")}
    )
    first_submitted_at: Mapped[dt.datetime | None] = mapped_column(
        UtcDateTime, info={"label": _l("First submitted at")}
    )
    submitted_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Submitted at")})
    submitted_by_id: Mapped[int | None] = mapped_column(Integer)
    submitted_by_name: Mapped[str] = mapped_column(String(128), **_TEXT, info={"label": _l("Submitted by")})
    approved_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Approved at")})
    approved_by_id: Mapped[int | None] = mapped_column(Integer)
    approved_by_name: Mapped[str] = mapped_column(String(128), **_TEXT, info={"label": _l("Approved by")})
    warning_count: Mapped[int] = mapped_column(
        SmallInteger, nullable=False, default=0, server_default="0", info={"label": _l("Warnings")}
    )
    confirmed_warnings: Mapped[list[dict[str, Any]]] = mapped_column(
        JSON, nullable=False, default=list, server_default="[]", info={"label": _l("Confirmed warnings")}
    )
    declarations: Mapped[list[dict[str, Any]]] = mapped_column(
        JSON, nullable=False, default=list, server_default="[]", info={"label": _l("Declarations of truth")}
    )
    unread: Mapped[dict[str, str]] = mapped_column(JSON, nullable=False, default=dict, server_default="{}")
    items: Mapped[list[ReportItem]] = relationship(
        cascade="all, delete-orphan", order_by="ReportItem.order, ReportItem.id", lazy="select"
    )

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}" + (f" ({self.revision})" if self.revision > 1 else "")


class ReportItem(Audited, PlanScoped, Model):
    """A content of a month report: its state, method and quantities done; words and plan as of that month."""

    __tablename__ = "report_item"
    __table_args__ = (
        ForeignKeyConstraint(
            ["report_id", "plan_task_id", "county_code"],
            ["monthly_report.id", "monthly_report.plan_task_id", "monthly_report.county_code"],
            name="fk_report_item_report",
        ),
        UniqueConstraint("report_id", "catalogue_item_id"),
        CheckConstraint("state IN ('not_started', 'in_progress', 'finished')", name="state_known"),
        CheckConstraint("quantity1 IS NULL OR quantity1 >= 0", name="quantity1_min"),
        CheckConstraint("quantity2 IS NULL OR quantity2 >= 0", name="quantity2_min"),
        CheckConstraint("unit2 <> '' OR quantity2 IS NULL", name="quantity2_has_unit"),
        Index("ix_report_item_scheme_item", "scheme_item_id", "report_id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    report_id: Mapped[int] = mapped_column(BigId, nullable=False)
    scheme_item_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("scheme_item.id", ondelete="SET NULL")
    )
    catalogue_item_id: Mapped[int] = mapped_column(BigId, ForeignKey("catalogue_item.id"), nullable=False)
    code: Mapped[str] = mapped_column(String(16), **_TEXT, info={"label": _l("Content code")})
    category: Mapped[str] = mapped_column(String(40), **_TEXT, info={"label": _l("Category")})
    content: Mapped[str] = mapped_column(
        String(120), nullable=False, info={"label": _l("Renovation content")}
    )
    detail: Mapped[str] = mapped_column(String(400), **_TEXT, info={"label": _l("Detail or standard")})
    unit1: Mapped[str] = mapped_column(String(16), **_TEXT, info={"label": _l("Unit 1")})
    unit2: Mapped[str] = mapped_column(String(16), **_TEXT, info={"label": _l("Unit 2")})
    order: Mapped[int] = mapped_column(Integer, nullable=False, default=0, server_default="0")
    planned1: Mapped[Decimal | None] = mapped_column(quantity(), info={"label": _l("Total quantity 1")})
    planned2: Mapped[Decimal | None] = mapped_column(quantity(), info={"label": _l("Total quantity 2")})
    state: Mapped[str] = mapped_column(
        String(12), nullable=False, default="not_started", server_default="not_started",
        info={"label": _l("State of the content")},
    )  # fmt: skip
    method: Mapped[str] = mapped_column(String(60), **_TEXT, info={"label": _l("Renovation method")})
    quantity1: Mapped[Decimal | None] = mapped_column(quantity(), info={"label": _l("Quantity done 1")})
    quantity2: Mapped[Decimal | None] = mapped_column(quantity(), info={"label": _l("Quantity done 2")})

    def __str__(self) -> str:
        return self.content

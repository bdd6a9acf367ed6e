"""项目信息 (works projects of a plan task, M1.6.5.1): owners of month reports and stage files."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.audit.models import BigId
from app.extensions import _l
from app.persistence.base import Audited, Model, PlanScoped, Recyclable, Stamped, Versioned
from app.persistence.types import wan_yuan

_TEXT: dict[str, Any] = {"nullable": False, "default": "", "server_default": ""}
_LIVE = text("deleted_at IS NULL")
KINDS = "('', 'street', 'community', 'platform', 'housing', 'other')"


def _text(length: int, label: Any) -> Mapped[str]:
    return mapped_column(String(length), **_TEXT, info={"label": label})


class WorksProject(Audited, PlanScoped, Versioned, Stamped, Recyclable, Model):
    """A works project of a plan task: one or more a plan; it holds the stage files of all its months."""

    __tablename__ = "works_project"
    __table_args__ = (
        ForeignKeyConstraint(
            ["plan_task_id", "county_code"],
            ["plan_task.id", "plan_task.county_code"],
            name="fk_works_project_plan",
        ),
        UniqueConstraint("id", "county_code"),
        UniqueConstraint("id", "plan_task_id"),
        CheckConstraint("length(name) > 0", name="name_given"),
        CheckConstraint(f"construction_unit_kind IN {KINDS}", name="unit_kind_known"),
        CheckConstraint("contract_amount IS NULL OR contract_amount >= 0", name="contract_amount_min"),
        CheckConstraint(
            "contract_start IS NULL OR contract_finish IS NULL OR contract_start <= contract_finish",
            name="contract_in_order",
        ),
        Index("ix_works_project_plan", "plan_task_id", "id", sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index("ix_works_project_county", "county_code", "id", sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index("ix_works_project_recycle", "county_code", "deleted_at"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(120), nullable=False, info={"label": _l("Project name")})
    platform_number: Mapped[str] = _text(60, _l("Number on the project approval platform"))
    permit_number: Mapped[str] = _text(60, _l("Construction permit number"))
    supervision_unit: Mapped[str] = _text(120, _l("Supervising unit"))
    construction_unit: Mapped[str] = _text(120, _l("Construction unit (client)"))
    construction_unit_kind: Mapped[str] = _text(12, _l("Kind of construction unit"))
    supervisor_name: Mapped[str] = _text(40, _l("Daily supervisor"))
    supervisor_phone: Mapped[str] = _text(20, _l("Supervisor's phone"))
    contract_amount: Mapped[Decimal | None] = mapped_column(
        wan_yuan(), info={"label": _l("Contract amount"), "unit": _l("10k yuan")}
    )
    quality_safety_number: Mapped[str] = _text(60, _l("Quality and safety supervision number"))
    contract_contents: Mapped[str] = mapped_column(
        Text, **_TEXT, info={"label": _l("Renovation contents of the contract")}
    )
    contract_start: Mapped[dt.date | None] = mapped_column(Date, info={"label": _l("Contract start")})
    contract_finish: Mapped[dt.date | None] = mapped_column(Date, info={"label": _l("Contract finish")})
    designer: Mapped[str] = _text(120, _l("Design unit"))
    contractor: Mapped[str] = _text(120, _l("Contractor"))
    supervisor_company: Mapped[str] = _text(120, _l("Engineering supervision unit"))
    cost_consultant: Mapped[str] = _text(120, _l("Cost consultant"))

    def __str__(self) -> str:
        return self.name

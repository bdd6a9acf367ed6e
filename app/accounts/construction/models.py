"""建设单位账号: which construction unit's account may fill in the reports of which plan task (M1.6.5.3)."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.construction.rules import STATES
from app.audit.models import BigId
from app.extensions import _l
from app.persistence.base import Audited, CountyScoped, Model, Stamped, Versioned
from app.persistence.types import UtcDateTime, utcnow


class ConstructionAccount(Audited, CountyScoped, Versioned, Stamped, Model):
    """An account of a construction unit on a plan task; one account may serve several plans of its county.

    Rows are the county's: the units themselves, whose scope is a set of plan tasks, see none of them.
    ``sms_id`` is the last message with a one-time password that was written for it.
    """

    __tablename__ = "construction_account"
    __audit_skip__ = Audited.__audit_skip__ | {"sms_id"}
    __table_args__ = (
        ForeignKeyConstraint(
            ["plan_task_id", "county_code"],
            ["plan_task.id", "plan_task.county_code"],
            name="fk_construction_account_plan",
            ondelete="CASCADE",
        ),
        UniqueConstraint("user_id", "plan_task_id"),
        CheckConstraint("state IN ('active', 'stopped', 'ended')", name="state_known"),
        CheckConstraint("length(unit_name) > 0", name="unit_given"),
        Index("ix_construction_account_user", "user_id", "state", "plan_task_id"),
        Index("ix_construction_account_plan", "plan_task_id", "state"),
        Index("ix_construction_account_county", "county_code", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(
        Integer,
        ForeignKey("ab_user.id", ondelete="CASCADE"),
        nullable=False,
        info={"label": _l("Account number")},
    )
    plan_task_id: Mapped[int] = mapped_column(BigId, nullable=False, info={"label": _l("Plan task")})
    unit_name: Mapped[str] = mapped_column(String(60), nullable=False, info={"label": _l("Name of the unit")})
    phone: Mapped[str] = mapped_column(String(20), nullable=False, info={"label": _l("Phone")})
    state: Mapped[str] = mapped_column(
        String(8), nullable=False, default="active", server_default="active",
        info={"label": _l("State"), "choices": STATES},
    )  # fmt: skip
    issued_at: Mapped[dt.datetime] = mapped_column(
        UtcDateTime, nullable=False, default=utcnow, info={"label": _l("Issued at")}
    )
    stopped_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Stopped at")})
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Expired at")})
    sms_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("sms_message.id", ondelete="SET NULL"))

    @property
    def name(self) -> str:
        """What the audit trail calls it."""
        return self.unit_name

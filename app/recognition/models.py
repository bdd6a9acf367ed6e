"""开工认定 and 完工认定 (recognitions) with the state of every content (M1.6.7.1, M1.6.7.2)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from app.audit.models import BigId
from app.extensions import _l
from app.persistence.base import Audited, CountyScoped, Model, Stamped, Versioned
from app.persistence.types import UtcDateTime
from app.recognition.rules import CONTENT_STATES, FLOW, KINDS
from app.schemes.models import quantity

_TEXT: dict[str, Any] = {"nullable": False, "default": "", "server_default": ""}
_LIVE = text("state IN ('draft', 'submitted', 'returned', 'recognised')")


class ContentRow:
    """A content of a plan's scheme as it stood when it was written down: words, units, planned quantities."""

    content_code: Mapped[str] = mapped_column(String(16), **_TEXT, info={"label": _l("Content code")})
    category: Mapped[str] = mapped_column(String(40), **_TEXT, info={"label": _l("Category")})
    content: Mapped[str] = mapped_column(String(120), **_TEXT, info={"label": _l("Renovation content")})
    detail: Mapped[str] = mapped_column(String(400), **_TEXT, info={"label": _l("Detail or standard")})
    unit1: Mapped[str] = mapped_column(String(16), **_TEXT, info={"label": _l("Unit 1")})
    unit2: Mapped[str] = mapped_column(String(16), **_TEXT, info={"label": _l("Unit 2")})
    planned1: Mapped[Decimal | None] = mapped_column(quantity(), info={"label": _l("Planned quantity 1")})
    planned2: Mapped[Decimal | None] = mapped_column(quantity(), info={"label": _l("Planned quantity 2")})
    order: Mapped[int] = mapped_column(
        Integer, nullable=False, default=0, server_default="0", info={"label": _l("Order")}
    )

    @declared_attr
    def catalogue_item_id(cls) -> Mapped[int]:
        return mapped_column(BigId, ForeignKey("catalogue_item.id"), nullable=False)


class Recognition(Audited, CountyScoped, Versioned, Stamped, Model):
    """The county's word that works have started or are finished; what may be done when is `rules.FLOW`.

    Construction units have no part in it: it carries no plan scope.
    """

    __tablename__ = "recognition"
    __table_args__ = (
        CheckConstraint("kind IN ('start', 'finish')", name="kind_known"),
        CheckConstraint(
            "state IN ('draft', 'submitted', 'recognised', 'returned', 'revoked', 'discarded')",
            name="state_known",
        ),
        CheckConstraint(
            "recognised_by_id IS NULL OR submitted_by_id IS NULL OR recognised_by_id <> submitted_by_id",
            name="another_person",
        ),
        CheckConstraint(
            "recognised_by_id IS NULL OR prepared_by_id IS NULL OR recognised_by_id <> prepared_by_id",
            name="not_who_prepared",
        ),
        CheckConstraint("state <> 'recognised' OR recognised_on IS NOT NULL", name="date_given"),
        CheckConstraint("state <> 'revoked' OR length(revoke_reason) > 0", name="reason_given"),
        ForeignKeyConstraint(
            ["plan_task_id", "county_code"],
            ["plan_task.id", "plan_task.county_code"],
            name="fk_recognition_plan",
        ),
        UniqueConstraint("id", "county_code"),
        Index(
            "uq_recognition_live", "plan_task_id", "kind",
            unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE,
        ),
        Index("ix_recognition_plan", "plan_task_id", "id"),
        Index("ix_recognition_state", "county_code", "state", "submitted_at", "id"),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    plan_task_id: Mapped[int] = mapped_column(BigId, nullable=False)
    kind: Mapped[str] = mapped_column(
        String(8), nullable=False, info={"label": _l("Kind of recognition"), "choices": KINDS}
    )
    state: Mapped[str] = mapped_column(
        String(12),
        nullable=False,
        default="draft",
        server_default="draft",
        info={"label": _l("State"), "choices": FLOW.states},
    )
    recognised_on: Mapped[dt.date | None] = mapped_column(Date, info={"label": _l("Date of recognition")})
    recognisers: Mapped[str] = mapped_column(String(80), **_TEXT, info={"label": _l("Recognised by (staff)")})
    recogniser_phone: Mapped[str] = mapped_column(
        String(20), **_TEXT, info={"label": _l("Phone of the staff")}
    )
    note: Mapped[str] = mapped_column(Text, **_TEXT, info={"label": _l("Note")})
    prepared_by_id: Mapped[int | None] = mapped_column(Integer)
    submitted_by_id: Mapped[int | None] = mapped_column(Integer)
    submitted_by: Mapped[str] = mapped_column(String(128), **_TEXT, info={"label": _l("Submitted by")})
    submitted_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Submitted at")})
    recognised_by_id: Mapped[int | None] = mapped_column(Integer)
    recognised_by: Mapped[str] = mapped_column(String(128), **_TEXT, info={"label": _l("Recognised by")})
    recognised_at: Mapped[dt.datetime | None] = mapped_column(
        UtcDateTime, info={"label": _l("Recognised at")}
    )
    return_reason: Mapped[str] = mapped_column(Text, **_TEXT, info={"label": _l("Reason of the return")})
    revoke_reason: Mapped[str] = mapped_column(Text, **_TEXT, info={"label": _l("Reason of the revocation")})
    items: Mapped[list[RecognitionItem]] = relationship(
        cascade="all, delete-orphan", order_by="RecognitionItem.order, RecognitionItem.id", lazy="select",
        back_populates="recognition",
    )  # fmt: skip


class RecognitionItem(Audited, CountyScoped, ContentRow, Model):
    """A content in a recognition: its state and the quantities done; photos are its attachments."""

    __tablename__ = "recognition_item"
    __audit_skip__ = frozenset(
        {"content_code", "category", "detail", "unit1", "unit2", "planned1", "planned2", "order"}
    )
    __table_args__ = (
        ForeignKeyConstraint(
            ["recognition_id", "county_code"],
            ["recognition.id", "recognition.county_code"],
            name="fk_recognition_item_recognition",
        ),
        UniqueConstraint("recognition_id", "catalogue_item_id"),
        CheckConstraint("state IN ('not_started', 'in_progress', 'finished')", name="state_known"),
        CheckConstraint("quantity1 IS NULL OR quantity1 >= 0", name="quantity1_min"),
        CheckConstraint("quantity2 IS NULL OR quantity2 >= 0", name="quantity2_min"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    recognition_id: Mapped[int] = mapped_column(BigId, nullable=False)
    state: Mapped[str] = mapped_column(
        String(12), nullable=False, default="not_started", server_default="not_started",
        info={"label": _l("State of the content"), "choices": CONTENT_STATES},
    )  # fmt: skip
    quantity1: Mapped[Decimal | None] = mapped_column(quantity(), info={"label": _l("Quantity done 1")})
    quantity2: Mapped[Decimal | None] = mapped_column(quantity(), info={"label": _l("Quantity done 2")})
    recognition: Mapped[Recognition] = relationship(back_populates="items", lazy="select")

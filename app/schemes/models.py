"""改造内容清单 (catalogues), 方案 (schemes), their contents, funding lines, joint review (M1.6.4, N2.1)."""

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
    String,
    Text,
    UniqueConstraint,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.annual_plans.models import PlanTask  # noqa: F401  (an owner that the keys point to)
from app.audit.models import BigId
from app.extensions import _l
from app.persistence.base import Audited, CountyScoped, Model, Stamped, Versioned
from app.persistence.types import ExactDecimal, UtcDateTime, utcnow, wan_yuan
from app.reserve.models import ReserveProject  # noqa: F401  (an owner that the keys point to)

_TEXT: dict[str, Any] = {"nullable": False, "default": "", "server_default": ""}
STATES = "('draft', 'submitted', 'in_review', 'reviewed', 'approved', 'published', 'returned')"


def _status(label: Any) -> Mapped[bool | None]:
    return mapped_column(Boolean, info={"label": label})


def _money(label: Any) -> Mapped[Decimal | None]:
    return mapped_column(wan_yuan(), info={"label": label, "unit": _l("10k yuan")})


def quantity() -> ExactDecimal:
    """A quantity of works with 2 decimals, in the unit of its content."""
    return ExactDecimal(14, 2)


class Catalogue(Audited, Versioned, Model):
    """A province's renovation contents for a period; ``valid_to`` is the last day (None: still in force)."""

    __tablename__ = "catalogue"
    __table_args__ = (
        UniqueConstraint("key"),
        UniqueConstraint("province_code", "valid_from"),
        CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="period_in_order"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(40), nullable=False, info={"label": _l("Catalogue key")})
    province_code: Mapped[str] = mapped_column(
        String(8), ForeignKey("region.code"), nullable=False, info={"label": _l("Province")}
    )
    name: Mapped[str] = mapped_column(String(80), nullable=False, info={"label": _l("Catalogue name")})
    valid_from: Mapped[dt.date] = mapped_column(Date, nullable=False, info={"label": _l("Valid from")})
    valid_to: Mapped[dt.date | None] = mapped_column(Date, info={"label": _l("Valid to")})

    def __str__(self) -> str:
        return self.name


class CatalogueItem(Audited, Versioned, Model):
    """One content: 改造类别, 改造内容, 具体内容 or 改造标准, units, order; unused ones are switched off."""

    __tablename__ = "catalogue_item"
    __table_args__ = (
        UniqueConstraint("catalogue_id", "code"),
        CheckConstraint("unit2 = '' OR unit1 <> ''", name="unit2_after_unit1"),
        Index("ix_catalogue_item_order", "catalogue_id", "order", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    catalogue_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("catalogue.id"), nullable=False, info={"label": _l("Content catalogue")}
    )
    code: Mapped[str] = mapped_column(String(16), nullable=False, info={"label": _l("Content code")})
    category: Mapped[str] = mapped_column(String(40), nullable=False, info={"label": _l("Category")})
    content: Mapped[str] = mapped_column(
        String(120), nullable=False, info={"label": _l("Renovation content")}
    )
    detail: Mapped[str] = mapped_column(String(400), **_TEXT, info={"label": _l("Detail or standard")})
    unit1: Mapped[str] = mapped_column(String(16), **_TEXT, info={"label": _l("Unit 1")})
    unit2: Mapped[str] = mapped_column(String(16), **_TEXT, info={"label": _l("Unit 2")})
    method: Mapped[str] = mapped_column(String(40), **_TEXT, info={"label": _l("Usual method")})
    order: Mapped[int] = mapped_column(Integer, nullable=False, default=0, info={"label": _l("Order")})
    active: Mapped[bool] = mapped_column(
        Boolean, nullable=False, default=True, server_default=true(), info={"label": _l("In use")}
    )

    alias_rows: Mapped[list[CatalogueAlias]] = relationship(
        cascade="all, delete-orphan", order_by="CatalogueAlias.name", lazy="select"
    )

    @property
    def aliases(self) -> str:
        """Other words for the content, as the console shows them: one a line."""
        return "\n".join(row.name for row in self.alias_rows)

    def __str__(self) -> str:
        return self.content


class CatalogueAlias(Audited, Model):
    """Another word by which a content is known: found by the filter box and by imports."""

    __tablename__ = "catalogue_alias"
    item_id: Mapped[int] = mapped_column(BigId, ForeignKey("catalogue_item.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(120), primary_key=True, info={"label": _l("Other word")})

    def __str__(self) -> str:
        return self.name


class Scheme(Audited, CountyScoped, Versioned, Stamped, Model):
    """The scheme of one reserve project or one plan task; what may be done in which state is `rules.FLOW`."""

    __tablename__ = "scheme"
    __table_args__ = (
        CheckConstraint("(reserve_project_id IS NULL) <> (plan_task_id IS NULL)", name="exactly_one_owner"),
        CheckConstraint(f"state IN {STATES}", name="state_known"),
        CheckConstraint(
            "property_management IN ('', 'professional', 'residents', 'community', 'private', 'other')",
            name="management_known",
        ),
        CheckConstraint("elevator_count IS NULL OR elevator_count >= 0", name="elevators_min"),
        CheckConstraint("parking_count IS NULL OR parking_count >= 0", name="parking_min"),
        CheckConstraint("investment IS NULL OR investment >= 0", name="investment_min"),
        UniqueConstraint("reserve_project_id"),
        UniqueConstraint("plan_task_id"),
        UniqueConstraint("id", "county_code"),
        ForeignKeyConstraint(
            ["reserve_project_id", "county_code"],
            ["reserve_project.id", "reserve_project.county_code"],
            name="fk_scheme_reserve",
        ),
        ForeignKeyConstraint(
            ["plan_task_id", "county_code"], ["plan_task.id", "plan_task.county_code"], name="fk_scheme_plan"
        ),
        Index("ix_scheme_state", "county_code", "state", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reserve_project_id: Mapped[int | None] = mapped_column(BigId)
    plan_task_id: Mapped[int | None] = mapped_column(BigId)
    state: Mapped[str] = mapped_column(
        String(12),
        nullable=False,
        default="draft",
        server_default="draft",
        info={"label": _l("Scheme state")},
    )
    property_management: Mapped[str] = mapped_column(
        String(16), **_TEXT, info={"label": _l("Property management after the renovation")}
    )
    elevator_count: Mapped[int | None] = mapped_column(Integer, info={"label": _l("Elevators added")})
    parking_count: Mapped[int | None] = mapped_column(Integer, info={"label": _l("Parking spaces added")})
    rain_sewage_separated: Mapped[bool | None] = _status(_l("Rain and sewage separated"))
    piped_gas: Mapped[bool | None] = _status(_l("Piped natural gas"))
    waste_sorted: Mapped[bool | None] = _status(_l("Waste sorting"))
    fire_facilities: Mapped[bool | None] = _status(_l("Fire protection facilities"))
    security_facilities: Mapped[bool | None] = _status(_l("Security facilities"))
    fibre_to_home: Mapped[bool | None] = _status(_l("Fibre to the home"))
    weak_lines_tidied: Mapped[bool | None] = _status(_l("Weak-current lines tidied (underground)"))
    strong_lines_tidied: Mapped[bool | None] = _status(_l("Strong-current lines tidied (insulated)"))
    investment: Mapped[Decimal | None] = _money(_l("Estimated investment"))
    investment_basic: Mapped[Decimal | None] = _money(_l("Investment: basic"))
    investment_improved: Mapped[Decimal | None] = _money(_l("Investment: improvement"))
    investment_upgraded: Mapped[Decimal | None] = _money(_l("Investment: upgrade"))
    standard: Mapped[str] = mapped_column(Text, **_TEXT, info={"label": _l("Renovation standard")})
    subsidy_standard: Mapped[str] = mapped_column(Text, **_TEXT, info={"label": _l("Subsidy standard")})
    safeguards: Mapped[str] = mapped_column(Text, **_TEXT, info={"label": _l("Safeguards")})
    filler_name: Mapped[str] = mapped_column(String(40), **_TEXT, info={"label": _l("Filled in by")})
    filler_phone: Mapped[str] = mapped_column(
        String(20), **_TEXT, info={"label": _l("Phone of who filled in")}
    )
    confirmed_warnings: Mapped[str] = mapped_column(Text, **_TEXT, info={"label": _l("Confirmed warnings")})
    review_round: Mapped[int] = mapped_column(Integer, nullable=False, default=0, server_default="0")
    submitted_by_id: Mapped[int | None] = mapped_column(Integer)
    submitted_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Submitted at")})
    published_on: Mapped[dt.date | None] = mapped_column(Date, info={"label": _l("Published on")})
    published_until: Mapped[dt.date | None] = mapped_column(Date, info={"label": _l("Published until")})
    items: Mapped[list[SchemeItem]] = relationship(
        cascade="all, delete-orphan", order_by="SchemeItem.id", lazy="select"
    )
    funding: Mapped[list[SchemeFunding]] = relationship(
        cascade="all, delete-orphan", order_by="SchemeFunding.source", lazy="select"
    )


def _of_scheme(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["scheme_id", "county_code"], ["scheme.id", "scheme.county_code"], name=f"fk_{table}_scheme"
    )


class SchemeItem(Audited, CountyScoped, Model):
    """A content of a scheme with its total quantities 1 and 2, once per content."""

    __tablename__ = "scheme_item"
    __table_args__ = (
        _of_scheme("scheme_item"),
        UniqueConstraint("scheme_id", "catalogue_item_id"),
        CheckConstraint("quantity1 IS NULL OR quantity1 >= 0", name="quantity1_min"),
        CheckConstraint("quantity2 IS NULL OR quantity2 >= 0", name="quantity2_min"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    scheme_id: Mapped[int] = mapped_column(BigId, nullable=False)
    catalogue_item_id: Mapped[int] = mapped_column(BigId, ForeignKey("catalogue_item.id"), nullable=False)
    quantity1: Mapped[Decimal | None] = mapped_column(quantity(), info={"label": _l("Total quantity 1")})
    quantity2: Mapped[Decimal | None] = mapped_column(quantity(), info={"label": _l("Total quantity 2")})
    item: Mapped[CatalogueItem] = relationship(lazy="joined", innerjoin=True)


class SchemeFunding(Audited, CountyScoped, Model):
    """资金来源 by line: an amount of one source (湘建城〔2020〕44号 二(一))."""

    __tablename__ = "scheme_funding"
    __table_args__ = (_of_scheme("scheme_funding"), CheckConstraint("amount >= 0", name="amount_min"))
    scheme_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(String(24), primary_key=True)
    amount: Mapped[Decimal] = mapped_column(wan_yuan(), nullable=False, info={"label": _l("Amount")})


class SchemeReview(CountyScoped, Versioned, Model):
    """One department's part of the joint review, one row a department and round (N2.1)."""

    __tablename__ = "scheme_review"
    __table_args__ = (
        _of_scheme("scheme_review"),
        UniqueConstraint("scheme_id", "round", "department"),
        CheckConstraint("outcome IN ('pending', 'passed', 'returned')", name="outcome_known"),
        CheckConstraint("department IN ('housing', 'development', 'finance')", name="department_known"),
        CheckConstraint("outcome <> 'returned' OR length(reason) > 0", name="reason_given"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    scheme_id: Mapped[int] = mapped_column(BigId, nullable=False)
    round: Mapped[int] = mapped_column(Integer, nullable=False)
    department: Mapped[str] = mapped_column(String(16), nullable=False)
    outcome: Mapped[str] = mapped_column(
        String(8), nullable=False, default="pending", server_default="pending"
    )
    reason: Mapped[str] = mapped_column(Text, **_TEXT)
    reviewer_id: Mapped[int | None] = mapped_column(Integer)
    reviewer_name: Mapped[str] = mapped_column(String(128), **_TEXT)
    at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class SchemeCarry(CountyScoped, Model):
    """What a reserve project's scheme brought into a plan's: taken away again when unlinking says so."""

    __tablename__ = "scheme_carry"
    __table_args__ = (_of_scheme("scheme_carry"),)
    scheme_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    reserve_project_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("reserve_project.id"), primary_key=True, autoincrement=False
    )
    brought: Mapped[dict[str, Any]] = mapped_column(JSON, nullable=False)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False, default=utcnow)

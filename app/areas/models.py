"""What reserve projects and plan tasks ("小(片)区") share: facts, sums of communities, and the links."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Integer, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, validates

from app.audit.models import BigId
from app.extensions import _l
from app.kernel.text import pinyin_initials
from app.persistence.base import Audited, CountyScoped, Model, Recyclable, Stamped, Versioned
from app.persistence.types import ExactDecimal, UtcDateTime, utcnow, wan_yuan

_TEXT: dict[str, Any] = {"nullable": False, "default": "", "server_default": ""}


def _text(length: int, label: Any) -> Mapped[str]:
    return mapped_column(String(length), **_TEXT, info={"label": label})


def _count(label: Any, unit: Any) -> Mapped[int]:
    return mapped_column(
        Integer,
        nullable=False,
        default=0,
        server_default="0",
        info={"label": label, "unit": unit, "sum": True},
    )


def area_checks() -> tuple[CheckConstraint, ...]:
    """R07 and R02 as far as one row shows them; ``flask portal verify`` checks the sums themselves."""
    return (
        CheckConstraint("length(name) > 0", name="name_given"),
        CheckConstraint(
            "built_up_to_2000 + built_after_2000 <= community_count", name="built_within_communities"
        ),
        CheckConstraint("unit_without_elevator_count <= unit_count", name="without_elevator_within_units"),
        CheckConstraint(
            "substandard_household_count <= household_count", name="substandard_within_households"
        ),
    )


class Area(Audited, CountyScoped, Versioned, Stamped, Recyclable):
    """An area of communities. `app.areas.sums` alone writes sums; a row's version does not count them."""

    __audit_skip__ = Audited.__audit_skip__ | {
        "community_count", "building_count", "household_count", "floor_area", "unit_count",
        "unit_without_elevator_count", "substandard_household_count", "built_up_to_2000", "built_after_2000",
        "earliest_built_year", "planned_investment", "community_names", "scheme_state", "scheme_investment",
        "initials",
    }  # fmt: skip

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(120), nullable=False, info={"label": _l("Area name")})
    initials: Mapped[str] = mapped_column(String(120), **_TEXT)
    address: Mapped[str] = _text(200, _l("Detailed address"))
    supervision_unit: Mapped[str] = _text(120, _l("Supervising unit"))
    supervisor_name: Mapped[str] = _text(40, _l("Daily supervisor"))
    supervisor_phone: Mapped[str] = _text(20, _l("Supervisor's phone"))
    original_owners: Mapped[str] = _text(400, _l("Original owners"))

    community_names: Mapped[str] = mapped_column(
        Text, **_TEXT, info={"label": _l("Linked communities"), "sum": True}
    )
    community_count: Mapped[int] = _count(_l("Number of communities"), _l("pcs"))
    building_count: Mapped[int] = _count(_l("Buildings"), _l("buildings (unit)"))
    household_count: Mapped[int] = _count(_l("Households"), _l("households (unit)"))
    unit_count: Mapped[int] = _count(_l("Units"), _l("pcs"))
    unit_without_elevator_count: Mapped[int] = _count(_l("Units without elevator"), _l("pcs"))
    substandard_household_count: Mapped[int] = _count(
        _l("Households in substandard flats"), _l("households (unit)")
    )
    built_up_to_2000: Mapped[int] = _count(_l("Communities built up to 2000"), _l("pcs"))
    built_after_2000: Mapped[int] = _count(_l("Communities built after 2000"), _l("pcs"))
    earliest_built_year: Mapped[int | None] = mapped_column(
        SmallInteger, info={"label": _l("Year built"), "unit": _l("year"), "sum": True}
    )
    floor_area: Mapped[Decimal] = mapped_column(
        ExactDecimal(16, 4), nullable=False, default=0, server_default="0",
        info={"label": _l("Floor area"), "unit": _l("10k ㎡"), "sum": True},
    )  # fmt: skip
    planned_investment: Mapped[Decimal] = mapped_column(
        ExactDecimal(18, 2), nullable=False, default=0, server_default="0",
        info={"label": _l("Planned investment"), "unit": _l("10k yuan"), "sum": True},
    )  # fmt: skip

    scheme_state: Mapped[str] = mapped_column(String(16), **_TEXT, info={"label": _l("Scheme filled in")})
    scheme_investment: Mapped[Decimal | None] = mapped_column(
        wan_yuan(), info={"label": _l("Estimated investment"), "unit": _l("10k yuan")}
    )

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.__dict__.get("version", Versioned.version)}

    @validates("name")
    def _follow_name(self, _key: str, name: str) -> str:
        """The letters that the lists are searched by follow the name."""
        self.initials = pinyin_initials(name)[:120]
        return name

    def __str__(self) -> str:
        return self.name


class CommunityLink(CountyScoped, Model):
    """A community's place: one row at most (primary key), in a reserve project or directly in a plan task.

    The county stands in every foreign key: a link across counties is impossible.
    """

    __tablename__ = "community_link"
    __table_args__ = (
        CheckConstraint("(reserve_project_id IS NULL) <> (plan_task_id IS NULL)", name="exactly_one_owner"),
        ForeignKeyConstraint(
            ["community_id", "county_code"],
            ["community.id", "community.county_code"],
            name="fk_community_link_community",
        ),
        ForeignKeyConstraint(
            ["reserve_project_id", "county_code"],
            ["reserve_project.id", "reserve_project.county_code"],
            name="fk_community_link_reserve",
        ),
        ForeignKeyConstraint(
            ["plan_task_id", "county_code"],
            ["plan_task.id", "plan_task.county_code"],
            name="fk_community_link_plan",
        ),
        Index("ix_community_link_reserve", "reserve_project_id", "community_id"),
        Index("ix_community_link_plan", "plan_task_id", "community_id"),
    )
    community_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    reserve_project_id: Mapped[int | None] = mapped_column(BigId)
    plan_task_id: Mapped[int | None] = mapped_column(BigId)
    linked_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False, default=utcnow)
    linked_by: Mapped[str] = mapped_column(String(128), **_TEXT)


class ReserveLink(CountyScoped, Model):
    """A reserve project in a plan task: one row at most for a reserve project (primary key)."""

    __tablename__ = "reserve_link"
    __table_args__ = (
        ForeignKeyConstraint(
            ["reserve_project_id", "county_code"],
            ["reserve_project.id", "reserve_project.county_code"],
            name="fk_reserve_link_reserve",
        ),
        ForeignKeyConstraint(
            ["plan_task_id", "county_code"],
            ["plan_task.id", "plan_task.county_code"],
            name="fk_reserve_link_plan",
        ),
        Index("ix_reserve_link_plan", "plan_task_id", "reserve_project_id"),
    )
    reserve_project_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    plan_task_id: Mapped[int] = mapped_column(BigId, nullable=False)
    linked_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False, default=utcnow)
    linked_by: Mapped[str] = mapped_column(String(128), **_TEXT)

"""计划任务 (plan tasks of a year), their code counter and the windows of the yearly declaration (M1.6)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    false,
    true,
)  # fmt: skip
from sqlalchemy.orm import Mapped, mapped_column

from app.annual_plans.rules import IMPLEMENTATION_STATES
from app.areas.models import Area, area_checks
from app.extensions import _l
from app.persistence.base import Audited, CountyScoped, Model, Versioned, live_index
from app.persistence.types import wan_yuan

_PAIRS = ("party_organisations", "owners_committees", "property_managed", "professionally_managed")


def _flag(label: Any) -> Mapped[bool]:
    return mapped_column(
        Boolean, nullable=False, default=False, server_default=false(), info={"label": label}
    )


def _money(label: Any) -> Mapped[Decimal]:
    info = {"label": label, "unit": _l("10k yuan")}
    return mapped_column(wan_yuan(), nullable=False, default=0, server_default="0", info=info)


def _figure(label: Any) -> Mapped[int | None]:
    return mapped_column(Integer, info={"label": label, "unit": _l("pcs")})


class PlanTask(Area, Model):
    """A plan task of a year. What its list shows stands on the row; recognitions alone set 实施状态 (M1.6.7).

    ``start_due`` and ``finish_due`` are the planned dates, else the profile's (R17).
    """

    __tablename__ = "plan_task"
    __plan_key__ = "id"
    __plan_writes__ = False
    __audit_skip__ = Area.__audit_skip__ | {"start_due", "finish_due", "account_assigned"}
    __table_args__ = (
        *area_checks(),
        UniqueConstraint("code"),
        CheckConstraint("year BETWEEN 2000 AND 2100", name="year_range"),
        CheckConstraint("length(code) = 17", name="code_length"),
        CheckConstraint("planned_start IS NULL OR planned_finish IS NULL OR planned_start <= planned_finish",
                        name="planned_dates_in_order"),
        CheckConstraint("implementation_state IN ('not_started', 'started', 'finished')",
                        name="implementation_known"),
        CheckConstraint("funds_in_place = funds_state_budget + funds_residents + funds_social + funds_other",
                        name="funds_add_up"),
        CheckConstraint("funds_planned >= 0 AND funds_completed >= 0 AND funds_state_budget >= 0"
                        " AND funds_residents >= 0 AND funds_social >= 0 AND funds_other >= 0",
                        name="funds_not_negative"),
        *(CheckConstraint(f"{whole} IS NULL OR {whole} >= 0", name=f"{whole}_min") for whole in _PAIRS),
        *(CheckConstraint(f"{whole}_new IS NULL OR ({whole}_new >= 0 AND"
                          f" ({whole} IS NULL OR {whole}_new <= {whole}))",
                          name=f"{whole}_new_within") for whole in _PAIRS),
        CheckConstraint("professionally_managed IS NULL OR property_managed IS NULL"
                        " OR professionally_managed <= property_managed", name="professional_within_managed"),
        CheckConstraint("jobs_created IS NULL OR jobs_created >= 0", name="jobs_created_min"),
        Index("uq_plan_task_id_county_code", "id", "county_code", unique=True),
        live_index("ix_plan_task_live", "county_code", "id", "deleted_at"),
        live_index("ix_plan_task_year", "county_code", "year", "id", "deleted_at"),
        live_index("ix_plan_task_light", "county_code", "implementation_state", "start_due", "finish_due",
              "deleted_at"),
        live_index("ix_plan_task_scheme", "county_code", "scheme_state", "id"),
        Index("ix_plan_task_recycle", "county_code", "deleted_at"),
    )  # fmt: skip

    year: Mapped[int] = mapped_column(SmallInteger, nullable=False, info={"label": _l("Listed in plan of")})
    code: Mapped[str] = mapped_column(String(17), nullable=False, info={"label": _l("Area code")})
    planned_start: Mapped[dt.date | None] = mapped_column(Date, info={"label": _l("Planned start")})
    planned_finish: Mapped[dt.date | None] = mapped_column(Date, info={"label": _l("Planned finish")})
    start_due: Mapped[dt.date] = mapped_column(Date, nullable=False, info={"label": _l("Start due")})
    finish_due: Mapped[dt.date] = mapped_column(Date, nullable=False, info={"label": _l("Finish due")})

    central_budget: Mapped[bool] = _flag(_l("Central budget support"))
    provincial_pilot: Mapped[bool] = _flag(_l("Provincial pilot"))
    livelihood: Mapped[bool] = _flag(_l("Livelihood project"))
    special_bond: Mapped[bool] = _flag(_l("Special bond"))

    funds_planned: Mapped[Decimal] = _money(_l("Total planned investment"))
    funds_completed: Mapped[Decimal] = _money(_l("Completed investment"))
    funds_in_place: Mapped[Decimal] = _money(_l("Funds in place"))
    funds_state_budget: Mapped[Decimal] = _money(_l("State budget funds"))
    funds_residents: Mapped[Decimal] = _money(_l("Residents' contribution"))
    funds_social: Mapped[Decimal] = _money(_l("Social capital"))
    funds_other: Mapped[Decimal] = _money(_l("Other funds"))

    implementation_state: Mapped[str] = mapped_column(
        String(12), nullable=False, default="not_started", server_default="not_started",
        info={"label": _l("Implementation state"), "choices": IMPLEMENTATION_STATES},
    )  # fmt: skip
    started_on: Mapped[dt.date | None] = mapped_column(Date, info={"label": _l("Works started on")})
    finished_on: Mapped[dt.date | None] = mapped_column(Date, info={"label": _l("Works finished on")})
    county_inspected: Mapped[bool] = _flag(_l("County inspection"))
    city_inspected: Mapped[bool] = _flag(_l("City spot-check"))
    province_inspected: Mapped[bool] = _flag(_l("Province spot-check"))
    account_assigned: Mapped[bool] = _flag(_l("Account assigned"))

    approved_month: Mapped[dt.date | None] = mapped_column(Date, info={"label": _l("Latest approved month")})
    approved_investment: Mapped[Decimal] = _money(_l("Approved cumulative investment"))
    approved_year_investment: Mapped[Decimal] = _money(_l("Approved investment of this year"))

    jobs_created: Mapped[int | None] = _figure(_l("Jobs created by the renovation"))
    party_organisations: Mapped[int | None] = _figure(_l("Communities with a party organisation"))
    party_organisations_new: Mapped[int | None] = _figure(_l("Of these: founded with the renovation"))
    owners_committees: Mapped[int | None] = _figure(_l("Communities with an owners' committee"))
    owners_committees_new: Mapped[int | None] = _figure(_l("Of these: elected with the renovation"))
    property_managed: Mapped[int | None] = _figure(_l("Communities with property management"))
    property_managed_new: Mapped[int | None] = _figure(_l("Of these: managed since the renovation"))
    professionally_managed: Mapped[int | None] = _figure(_l("Communities with professional property service"))
    professionally_managed_new: Mapped[int | None] = _figure(
        _l("Of these: professional since the renovation")
    )


class CodeCounter(CountyScoped, Model):
    """The last number given out for a county on a day; raised by one atomic statement (M1.6.c)."""

    __tablename__ = "code_counter"
    __table_args__ = (CheckConstraint("last BETWEEN 0 AND 1000", name="last_range"),)
    county_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    day: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    last: Mapped[int] = mapped_column(Integer, nullable=False, default=0, server_default="0")


class DeclarationWindow(Audited, Versioned, Model):
    """When counties of a province may declare plan tasks of a year; else the profile's days count."""

    __tablename__ = "declaration_window"
    __table_args__ = (CheckConstraint("opens <= closes", name="in_order"),)
    province_code: Mapped[str] = mapped_column(String(8), ForeignKey("region.code"), primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    opens: Mapped[dt.date] = mapped_column(Date, nullable=False, info={"label": _l("Opens on")})
    closes: Mapped[dt.date] = mapped_column(Date, nullable=False, info={"label": _l("Closes on")})
    county_may_add: Mapped[bool] = mapped_column(
        Boolean,
        nullable=False,
        default=True,
        server_default=true(),
        info={"label": _l("Counties may add plan tasks")},
    )
    note: Mapped[str] = mapped_column(
        String(200), nullable=False, default="", server_default="", info={"label": _l("Note")}
    )

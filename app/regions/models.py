"""Tables of regions and organisations (model.md, "Regions and organisations")."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    false,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import _l
from app.persistence.base import Audited, Model, Versioned
from app.persistence.types import ExactDecimal, degrees
from app.regions.rules import REVIEWED

__all__ = [
    "CacheVersion",
    "CodeItem",
    "CodeTable",
    "Department",
    "Holiday",
    "ProvinceProfile",
    "Region",
    "RegionAlias",
    "Town",
]


class Region(Audited, Model):
    """行政区划: province, city or county by GB/T 2260 code, or a functional zone inside a county.

    A functional zone (``kind = "functional"``, ``level = "county"``) has the code of its county and two
    digits more, so that the county's and the city's prefix scopes hold it.
    """

    __tablename__ = "region"
    __table_args__ = (
        CheckConstraint("level IN ('province', 'city', 'county')", name="level"),
        CheckConstraint("kind IN ('normal', 'functional')", name="kind"),
        CheckConstraint("(level = 'province') = (parent_code IS NULL)", name="parent"),
        CheckConstraint("length(code) = CASE WHEN kind = 'functional' THEN 8 ELSE 6 END", name="code_length"),
        Index("ix_region_parent_code", "parent_code", "code"),
    )
    code: Mapped[str] = mapped_column(String(8), primary_key=True, info={"label": _l("Region code")})
    name: Mapped[str] = mapped_column(String(40), nullable=False, info={"label": _l("Region")})
    short_name: Mapped[str] = mapped_column(String(20), nullable=False, info={"label": _l("Short name")})
    level: Mapped[str] = mapped_column(String(8), nullable=False, info={"label": _l("Level")})
    kind: Mapped[str] = mapped_column(
        String(12),
        nullable=False,
        default="normal",
        server_default="normal",
        info={"label": _l("Kind of region")},
    )
    parent_code: Mapped[str | None] = mapped_column(
        String(8), ForeignKey("region.code"), info={"label": _l("Superior region")}
    )
    pinyin: Mapped[str] = mapped_column(String(80), nullable=False, default="", info={"label": _l("Pinyin")})
    initials: Mapped[str] = mapped_column(
        String(24), nullable=False, default="", info={"label": _l("Pinyin initials")}
    )
    label_lng: Mapped[Decimal | None] = mapped_column(degrees(), info={"label": _l("Label longitude")})
    label_lat: Mapped[Decimal | None] = mapped_column(degrees(), info={"label": _l("Label latitude")})
    seat_lng: Mapped[Decimal | None] = mapped_column(degrees(), info={"label": _l("Seat longitude")})
    seat_lat: Mapped[Decimal | None] = mapped_column(degrees(), info={"label": _l("Seat latitude")})
    active: Mapped[bool] = mapped_column(
        Boolean, nullable=False, default=True, server_default=true(), info={"label": _l("In use")}
    )
    parent: Mapped[Region | None] = relationship(remote_side=[code], lazy="raise_on_sql")

    def __str__(self) -> str:
        return self.name


def _whole(label: Any, default: int) -> Mapped[int]:
    return mapped_column(Integer, nullable=False, default=default, info={"label": label})


def _number(label: Any, default: str, precision: int = 8, scale: int = 4) -> Mapped[Decimal]:
    return mapped_column(
        ExactDecimal(precision, scale), nullable=False, default=Decimal(default), info={"label": label}
    )


def _data(label: Any, default: Any) -> Mapped[Any]:
    return mapped_column(JSON, nullable=False, default=default, info={"label": label})


def _range(column: str, low: int, high: int) -> CheckConstraint:
    return CheckConstraint(f"{column} BETWEEN {low} AND {high}", name=column)


class ProvinceProfile(Versioned, Audited, Model):
    """省级配置: every threshold, window, wording and policy that differs between provinces (rules.md, G4).

    Shares are fractions (0.5 = 50%). The plausible range of each number is held by CHECKs and explained by
    ``rules.check_profile`` before they bite.
    """

    __tablename__ = "province_profile"
    __table_args__ = (
        CheckConstraint(
            "built_year_first <= built_year_normal AND built_year_normal <= built_year_last",
            name="built_years",
        ),
        CheckConstraint("late_share_limit IS NULL OR late_share_limit >= 0", name="late_share_limit"),
        CheckConstraint(
            "area_per_household_min > 0 AND area_per_household_min < area_per_household_max",
            name="area_per_household",
        ),
        CheckConstraint(
            "investment_deviation > 0 AND border_km >= 0 AND over_plan_share >= 0 AND jump_share > 0",
            name="positive",
        ),
        _range("duplicate_metres", 0, 1000),
        _range("photo_metres", 50, 20000),
        _range("idle_months", 1, 12),
        _range("warn_days", 1, 365),
        _range("finish_due_years", 0, 5),
        _range("report_open_day", 1, 28),
        _range("report_due_day", 1, 28),
        _range("ranking_day", 1, 28),
        _range("publicity_days", 1, 60),
        _range("rectify_days", 1, 365),
        _range("recycle_days", 1, 365),
        _range("declaration_open_month", 1, 12),
        _range("declaration_open_day", 1, 31),
        _range("declaration_close_month", 1, 12),
        _range("declaration_close_day", 1, 31),
        _range("password_min_length", 8, 64),
        _range("password_classes", 1, 4),
        _range("password_history", 0, 24),
        _range("password_max_age_days", 0, 730),
        _range("lockout_failures", 3, 20),
        _range("lockout_minutes", 1, 1440),
        _range("idle_minutes", 5, 480),
    )
    province_code: Mapped[str] = mapped_column(
        String(8), ForeignKey("region.code"), primary_key=True, info={"label": _l("Province")}
    )
    title: Mapped[str] = mapped_column(String(60), nullable=False, info={"label": _l("System title")})
    short_title: Mapped[str] = mapped_column(String(30), nullable=False, info={"label": _l("Short title")})
    catalogue_version: Mapped[str] = mapped_column(
        String(40), nullable=False, info={"label": _l("Catalogue in force")}
    )
    wording: Mapped[dict[str, str]] = _data(_l("Wording"), dict)
    map_approval: Mapped[str] = mapped_column(
        String(40), nullable=False, default="", info={"label": _l("Map approval number")}
    )

    built_year_first: Mapped[int] = _whole(_l("Earliest built year"), 1949)
    built_year_normal: Mapped[int] = _whole(_l("Last normal built year"), 2000)
    built_year_last: Mapped[int] = _whole(_l("Last admissible built year"), 2005)
    late_share_limit: Mapped[Decimal | None] = mapped_column(
        ExactDecimal(8, 4), info={"label": _l("Limit of the share of late communities")}
    )
    area_per_household_min: Mapped[Decimal] = _number(_l("Least floor area per household (m²)"), "15", 8, 2)
    area_per_household_max: Mapped[Decimal] = _number(
        _l("Greatest floor area per household (m²)"), "300", 8, 2
    )
    investment_deviation: Mapped[Decimal] = _number(
        _l("Deviation from the county's median investment"), "0.6"
    )
    border_km: Mapped[Decimal] = _number(_l("Tolerance at the border (km)"), "2", 8, 2)
    duplicate_metres: Mapped[int] = _whole(_l("Suspected duplicate within (m)"), 50)
    photo_metres: Mapped[int] = _whole(_l("Photo at most this far from the community (m)"), 500)
    over_plan_share: Mapped[Decimal] = _number(_l("Investment above the plan by"), "0.1")
    jump_share: Mapped[Decimal] = _number(_l("Month's jump above this share of the plan"), "0.5")
    idle_months: Mapped[int] = _whole(_l("Months without progress"), 2)
    warn_days: Mapped[int] = _whole(_l("Yellow light this many days before"), 90)
    finish_due_years: Mapped[int] = _whole(_l("Finish due at the end of the year after (years)"), 1)
    consent_attend_share: Mapped[Decimal] = _number(_l("Residents taking part, at least"), "0.6666")
    consent_agree_share: Mapped[Decimal] = _number(_l("Residents agreeing, at least"), "0.75")

    programme_names: Mapped[dict[str, str]] = _data(_l("Programme names"), dict)
    milestones: Mapped[list[dict[str, Any]]] = _data(_l("Yearly milestones"), list)
    requires_review: Mapped[list[str]] = _data(_l("Departments of the joint review"), list)
    review_programmes: Mapped[list[str]] = _data(_l("What needs the joint review"), lambda: list(REVIEWED))
    publicity_days: Mapped[int] = _whole(_l("Days of publicity"), 7)
    ranking_formula: Mapped[dict[str, str]] = _data(_l("Ranking weights"), dict)
    report_open_day: Mapped[int] = _whole(_l("Month report may be filled from day"), 25)
    report_due_day: Mapped[int] = _whole(_l("Month report due on day of the next month"), 1)
    ranking_day: Mapped[int] = _whole(_l("Ranking published on day"), 2)
    declaration_open_month: Mapped[int] = _whole(_l("Declaration opens in month"), 1)
    declaration_open_day: Mapped[int] = _whole(_l("Declaration opens on day"), 1)
    declaration_close_month: Mapped[int] = _whole(_l("Declaration closes in month"), 3)
    declaration_close_day: Mapped[int] = _whole(_l("Declaration closes on day"), 31)
    county_may_declare: Mapped[bool] = mapped_column(
        Boolean,
        nullable=False,
        default=True,
        server_default=true(),
        info={"label": _l("Counties may add plan tasks")},
    )
    rectify_days: Mapped[int] = _whole(_l("Days proposed for rectifying a problem"), 15)
    recycle_days: Mapped[int] = _whole(_l("Days in the recycle bin"), 30)
    notify_by_sms: Mapped[bool] = mapped_column(
        Boolean,
        nullable=False,
        default=False,
        server_default=false(),
        info={"label": _l("Urgent notices by SMS too")},
    )

    password_min_length: Mapped[int] = _whole(_l("Least length of a password"), 10)
    password_classes: Mapped[int] = _whole(_l("Character classes in a password"), 3)
    password_history: Mapped[int] = _whole(_l("Earlier passwords refused"), 5)
    password_max_age_days: Mapped[int] = _whole(_l("Days a password stays valid (0 = unlimited)"), 90)
    lockout_failures: Mapped[int] = _whole(_l("Failed sign-ins until lock-out"), 5)
    lockout_minutes: Mapped[int] = _whole(_l("Minutes of lock-out"), 15)
    idle_minutes: Mapped[int] = _whole(_l("Minutes without action until sign-out"), 30)
    totp_required_roles: Mapped[list[str]] = _data(_l("Roles that need a second factor"), list)

    def __str__(self) -> str:
        return self.short_title


class Town(Audited, Model):
    """乡级: street office, town, township or other unit of that level, by its nine-digit code."""

    __tablename__ = "town"
    __table_args__ = (
        CheckConstraint("length(code) = 9", name="code_length"),
        Index("ix_town_county_code", "county_code", "code"),
    )
    code: Mapped[str] = mapped_column(String(9), primary_key=True, info={"label": _l("Town code")})
    name: Mapped[str] = mapped_column(String(40), nullable=False, info={"label": _l("Town")})
    kind: Mapped[str] = mapped_column(String(8), nullable=False, info={"label": _l("Kind of town")})
    county_code: Mapped[str] = mapped_column(
        String(6), ForeignKey("region.code"), nullable=False, info={"label": _l("County")}
    )
    zone_code: Mapped[str | None] = mapped_column(
        String(8), ForeignKey("region.code"), info={"label": _l("Functional zone")}
    )
    pinyin: Mapped[str] = mapped_column(String(80), nullable=False, default="", info={"label": _l("Pinyin")})
    initials: Mapped[str] = mapped_column(
        String(24), nullable=False, default="", info={"label": _l("Pinyin initials")}
    )
    lng: Mapped[Decimal | None] = mapped_column(degrees(), info={"label": _l("Longitude")})
    lat: Mapped[Decimal | None] = mapped_column(degrees(), info={"label": _l("Latitude")})

    def __str__(self) -> str:
        return self.name


class RegionAlias(Audited, Model):
    """A withdrawn region code and the code that took its place (431121 → 431181)."""

    __tablename__ = "region_alias"
    old_code: Mapped[str] = mapped_column(String(6), primary_key=True, info={"label": _l("Withdrawn code")})
    code: Mapped[str] = mapped_column(
        String(8), ForeignKey("region.code"), nullable=False, info={"label": _l("Region code")}
    )
    note: Mapped[str] = mapped_column(String(100), nullable=False, default="", info={"label": _l("Note")})

    def __str__(self) -> str:
        return self.old_code


class Department(Audited, Model):
    """单位: an administration, street office or construction unit of a region; accounts belong to one."""

    __tablename__ = "department"
    __table_args__ = (
        UniqueConstraint("name", "region_code"),
        Index("ix_department_region_code", "region_code", "name"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(80), nullable=False, info={"label": _l("Department")})
    region_code: Mapped[str] = mapped_column(
        String(8), ForeignKey("region.code"), nullable=False, info={"label": _l("Region")}
    )
    kind: Mapped[str] = mapped_column(String(24), nullable=False, info={"label": _l("Kind of department")})
    active: Mapped[bool] = mapped_column(
        Boolean, nullable=False, default=True, server_default=true(), info={"label": _l("In use")}
    )

    def __str__(self) -> str:
        return self.name


class Holiday(Audited, Model):
    """A day off the built-in calendar: a holiday on a working day or the other way round (N3.3r)."""

    __tablename__ = "holiday"
    date: Mapped[dt.date] = mapped_column(Date, primary_key=True, info={"label": _l("Date")})
    is_working: Mapped[bool] = mapped_column(
        Boolean, nullable=False, default=False, server_default=false(), info={"label": _l("Working day")}
    )
    note: Mapped[str] = mapped_column(String(60), nullable=False, default="", info={"label": _l("Note")})

    def __str__(self) -> str:
        return self.date.isoformat()


class CodeTable(Audited, Model):
    """A code table of the console (D2), e.g. kinds of departments."""

    __tablename__ = "code_table"
    key: Mapped[str] = mapped_column(String(40), primary_key=True, info={"label": _l("Code table key")})
    name: Mapped[str] = mapped_column(String(40), nullable=False, info={"label": _l("Code table")})
    fixed: Mapped[bool] = mapped_column(
        Boolean,
        nullable=False,
        default=False,
        server_default=false(),
        info={"label": _l("Codes fixed by the program")},
    )

    def __str__(self) -> str:
        return self.name


class CodeItem(Audited, Model):
    """One code with its label; a code in use is switched off, not deleted."""

    __tablename__ = "code_item"
    __table_args__ = (UniqueConstraint("table_key", "code"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    table_key: Mapped[str] = mapped_column(
        String(40), ForeignKey("code_table.key"), nullable=False, info={"label": _l("Code table")}
    )
    code: Mapped[str] = mapped_column(String(40), nullable=False, info={"label": _l("Code")})
    label: Mapped[str] = mapped_column(String(60), nullable=False, info={"label": _l("Code label")})
    order: Mapped[int] = mapped_column(Integer, nullable=False, default=0, info={"label": _l("Order")})
    active: Mapped[bool] = mapped_column(
        Boolean, nullable=False, default=True, server_default=true(), info={"label": _l("In use")}
    )

    def __str__(self) -> str:
        return self.label


class CacheVersion(Model):
    """The version of what processes keep in memory; every write changes it in its own transaction."""

    __tablename__ = "cache_version"
    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, nullable=False)

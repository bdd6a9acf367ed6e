"""小区 (candidate communities): the table, its constraints, its search text and its rollups (model.md, M1.4)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.audit.models import BigId
from app.communities.fields import PLACE_KINDS, PROPERTY_KINDS, read_warnings
from app.extensions import _l
from app.persistence.base import Audited, CountyScoped, Model, Recyclable, Stamped, Versioned, live_index
from app.persistence.types import ExactDecimal, degrees, wan_sqm, wan_yuan
from app.web.wording import translate


def warnings_text(stored: str) -> str:
    """Confirmed soft findings in the user's language, for the history."""
    return "；".join(translate(finding.message) for finding in read_warnings(stored))


_BINNED, _PLACED = text("deleted_at IS NOT NULL"), text("lng IS NOT NULL")
_TEXT: dict[str, Any] = {"nullable": False, "default": "", "server_default": ""}


class Community(Audited, CountyScoped, Versioned, Stamped, Recyclable, Model):
    """An old residential community that may be renovated; free, in one reserve project, or directly in one plan task.

    Imported rows may lack required fields: ``missing`` names them (待完善), ``is_complete`` is what lists filter by.
    ``search_grams`` feeds the full-text index (SQLite FTS5, PostgreSQL GIN); both follow the row by trigger.
    """

    __tablename__ = "community"
    __locks_county__ = True
    __audit_skip__ = frozenset(
        {"updated_at", "updated_by", "version", "search_grams", "initials", "normalised_name", "is_complete", "missing"}
    )
    __table_args__ = (
        CheckConstraint("built_year IS NULL OR built_year BETWEEN 1900 AND 2100", name="built_year_range"),
        CheckConstraint("building_count IS NULL OR building_count >= 1", name="building_count_min"),
        CheckConstraint("household_count IS NULL OR household_count >= 1", name="household_count_min"),
        CheckConstraint("unit_count IS NULL OR unit_count >= 0", name="unit_count_min"),
        CheckConstraint(
            "unit_without_elevator_count IS NULL OR (unit_without_elevator_count >= 0"
            " AND (unit_count IS NULL OR unit_without_elevator_count <= unit_count))",
            name="without_elevator_within_units",
        ),
        CheckConstraint(
            "substandard_household_count IS NULL OR (substandard_household_count >= 0"
            " AND (household_count IS NULL OR substandard_household_count <= household_count))",
            name="substandard_within_households",
        ),
        CheckConstraint("floor_area IS NULL OR floor_area > 0", name="floor_area_positive"),
        CheckConstraint("planned_investment IS NULL OR planned_investment >= 0", name="investment_not_negative"),
        CheckConstraint("(lng IS NULL) = (lat IS NULL)", name="point_whole"),
        CheckConstraint("place_kind IN ('', 'city', 'county_town')", name="place_kind_known"),
        CheckConstraint(
            "property_kind IN ('', 'commodity', 'reform', 'public', 'affordable', 'collective', 'other')",
            name="property_kind_known",
        ),
        CheckConstraint("place_state IN ('free', 'reserve', 'plan')", name="place_state_known"),
        live_index("ix_community_live", "county_code", "id", "deleted_at"),
        live_index("ix_community_town", "county_code", "town_code", "id", "deleted_at"),
        live_index("ix_community_state", "county_code", "place_state", "place_year", "id", "deleted_at"),
        live_index("ix_community_todo", "county_code", "is_complete", "id", "deleted_at"),
        live_index("ix_community_built", "county_code", "built_year", "id", "deleted_at"),
        Index("ix_community_name_key", "county_code", "normalised_name"),
        Index("ix_community_point", "county_code", "lng", "lat", sqlite_where=_PLACED, postgresql_where=_PLACED),
        Index("ix_community_size", "county_code", "building_count", "household_count", "floor_area"),
        Index("ix_community_recycle", "county_code", "deleted_at", sqlite_where=_BINNED, postgresql_where=_BINNED),
        Index("uq_community_id_county_code", "id", "county_code", unique=True),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(120), nullable=False, info={"label": _l("Community name")})
    town_code: Mapped[str | None] = mapped_column(String(9), ForeignKey("town.code"), info={"label": _l("Sub-district")})
    address: Mapped[str] = mapped_column(String(200), **_TEXT, info={"label": _l("Detailed address")})
    lng: Mapped[Decimal | None] = mapped_column(degrees(), info={"label": _l("Longitude")})
    lat: Mapped[Decimal | None] = mapped_column(degrees(), info={"label": _l("Latitude")})
    built_year: Mapped[int | None] = mapped_column(SmallInteger, info={"label": _l("Year built"), "unit": _l("year")})
    place_kind: Mapped[str] = mapped_column(
        String(16), **_TEXT, info={"label": _l("City or county town"), "choices": PLACE_KINDS}
    )
    building_count: Mapped[int | None] = mapped_column(
        Integer, info={"label": _l("Buildings"), "unit": _l("buildings (unit)")}
    )
    unit_count: Mapped[int | None] = mapped_column(Integer, info={"label": _l("Units"), "unit": _l("pcs")})
    unit_without_elevator_count: Mapped[int | None] = mapped_column(
        Integer, info={"label": _l("Units without elevator"), "unit": _l("pcs")}
    )
    household_count: Mapped[int | None] = mapped_column(
        Integer, info={"label": _l("Households"), "unit": _l("households (unit)")}
    )
    substandard_household_count: Mapped[int | None] = mapped_column(
        Integer, info={"label": _l("Households in substandard flats"), "unit": _l("households (unit)")}
    )
    floor_area: Mapped[Decimal | None] = mapped_column(wan_sqm(), info={"label": _l("Floor area"), "unit": _l("10k ㎡")})
    property_kind: Mapped[str] = mapped_column(
        String(16), **_TEXT, info={"label": _l("Kind of property"), "choices": PROPERTY_KINDS}
    )
    planned_investment: Mapped[Decimal | None] = mapped_column(
        wan_yuan(), info={"label": _l("Planned investment"), "unit": _l("10k yuan")}
    )
    supervision_unit: Mapped[str] = mapped_column(String(120), **_TEXT, info={"label": _l("Supervising unit")})
    supervisor_name: Mapped[str] = mapped_column(String(40), **_TEXT, info={"label": _l("Daily supervisor")})
    supervisor_phone: Mapped[str] = mapped_column(String(20), **_TEXT, info={"label": _l("Supervisor's phone")})
    implementer_unit: Mapped[str] = mapped_column(String(120), **_TEXT, info={"label": _l("Implementing unit")})
    implementer_name: Mapped[str] = mapped_column(String(40), **_TEXT, info={"label": _l("Person in charge")})
    implementer_phone: Mapped[str] = mapped_column(String(20), **_TEXT, info={"label": _l("Implementer's phone")})
    original_owners: Mapped[str] = mapped_column(String(400), **_TEXT, info={"label": _l("Original owners")})
    intended_contents: Mapped[str] = mapped_column(Text, **_TEXT, info={"label": _l("Intended contents")})

    place_state: Mapped[str] = mapped_column(String(8), nullable=False, default="free", server_default="free")
    place_year: Mapped[int] = mapped_column(SmallInteger, nullable=False, default=0, server_default="0")
    place_label: Mapped[str] = mapped_column(String(160), **_TEXT)
    is_complete: Mapped[bool] = mapped_column(nullable=False, default=False, server_default="0")
    missing: Mapped[str] = mapped_column(String(400), **_TEXT)
    confirmed_warnings: Mapped[str] = mapped_column(
        Text, **_TEXT, info={"label": _l("Confirmed warnings"), "show": warnings_text}
    )
    import_batch_id: Mapped[int | None] = mapped_column(BigId)
    normalised_name: Mapped[str] = mapped_column(String(120), **_TEXT)
    initials: Mapped[str] = mapped_column(String(120), **_TEXT)
    search_grams: Mapped[str] = mapped_column(Text, **_TEXT)


class CommunityRollup(CountyScoped, Model):
    """Counts and sums of the living communities per county, state, plan year and completeness.

    Kept by triggers in the transaction that changes a community; trees, totals and unfiltered counts read it.
    """

    __tablename__ = "community_rollup"
    county_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    place_state: Mapped[str] = mapped_column(String(8), primary_key=True)
    place_year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    is_complete: Mapped[bool] = mapped_column(primary_key=True)
    communities: Mapped[int] = mapped_column(Integer, nullable=False, default=0)
    buildings: Mapped[int] = mapped_column(Integer, nullable=False, default=0)
    households: Mapped[int] = mapped_column(Integer, nullable=False, default=0)
    floor_area: Mapped[Decimal] = mapped_column(ExactDecimal(18, 4), nullable=False, default=0)
    planned_investment: Mapped[Decimal] = mapped_column(ExactDecimal(18, 2), nullable=False, default=0)

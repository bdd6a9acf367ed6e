"""储备项目 (reserve projects): areas whose scheme is settled and that wait for a yearly plan (M1.5.1)."""

from __future__ import annotations

from sqlalchemy import Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from app.areas.models import Area, area_checks
from app.extensions import _l
from app.persistence.base import Model, live_index


class ReserveProject(Area, Model):
    """A reserve project; ``plan_year`` (0 = in no plan) and ``plan_name`` follow its link to a plan task."""

    __tablename__ = "reserve_project"
    __audit_skip__ = Area.__audit_skip__ | {"plan_year", "plan_name"}
    __table_args__ = (
        *area_checks(),
        Index("uq_reserve_project_id_county_code", "id", "county_code", unique=True),
        live_index("ix_reserve_project_live", "county_code", "id", "deleted_at"),
        live_index("ix_reserve_project_plan", "county_code", "plan_year", "id", "deleted_at"),
        live_index("ix_reserve_project_scheme", "county_code", "scheme_state", "id"),
        Index("ix_reserve_project_recycle", "county_code", "deleted_at"),
    )  # fmt: skip
    plan_year: Mapped[int] = mapped_column(
        SmallInteger, nullable=False, default=0, server_default="0", info={"label": _l("Listed in plan of")}
    )
    plan_name: Mapped[str] = mapped_column(
        String(120), nullable=False, default="", server_default="", info={"label": _l("Plan link")}
    )

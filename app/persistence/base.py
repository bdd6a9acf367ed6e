"""Declarative base shared with Flask-AppBuilder, and the mixins every table is built from."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from flask_appbuilder import Model
from sqlalchemy import BigInteger, ForeignKey, Index, Integer, MetaData, String, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from app.persistence.types import UtcDateTime, utcnow

__all__ = [
    "Audited", "CountyScoped", "Model", "PlanKeyed", "PlanScoped", "Recyclable", "Stamped", "Versioned",
    "live_index", "metadata",
]  # fmt: skip

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: MetaData = Model.metadata
metadata.naming_convention = NAMING


def live_index(name: str, *columns: str) -> Index:
    """An index over what is not in the recycle bin; SQLite counts from it alone when it ends with ``deleted_at``."""
    live = text("deleted_at IS NULL")
    return Index(name, *columns, sqlite_where=live, postgresql_where=live)


class CountyScoped:
    """A row that belongs to a county: the scope gate hides it from everybody else (design.md, question 2).

    ``__plan_key__`` names the column with the plan task a row belongs to; a construction unit, whose scope is a set
    of plan tasks, sees nothing of a kind without one, and writes nothing of a kind with ``__plan_writes__`` off.
    """

    __plan_key__: ClassVar[str] = ""
    __plan_writes__: ClassVar[bool] = True

    @declared_attr
    def county_code(cls) -> Mapped[str]:
        return mapped_column(String(6), ForeignKey("region.code"), nullable=False, index=False)


class PlanKeyed(CountyScoped):
    """A row that may belong to a plan task, in its own column ``plan_task_id``; where it does, it also exists for the
    construction units that were given the plan (M1.6.5.3b)."""

    __plan_key__: ClassVar[str] = "plan_task_id"


class PlanScoped(PlanKeyed):
    """A row that always belongs to a plan task."""

    @declared_attr
    def plan_task_id(cls) -> Mapped[int]:
        return mapped_column(BigInteger().with_variant(Integer, "sqlite"), nullable=False)


class Versioned:
    """Optimistic lock: the number travels in the form; an update with a stale number is refused."""

    version: Mapped[int] = mapped_column(Integer, nullable=False, default=1, server_default="1")

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.__dict__.get("version", Versioned.version)}


class Stamped:
    """Who made and last changed a row, and when (names are kept: accounts may go)."""

    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False, default=utcnow)
    created_by: Mapped[str] = mapped_column(String(64), nullable=False, default="", server_default="")
    updated_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False, default=utcnow)
    updated_by: Mapped[str] = mapped_column(String(64), nullable=False, default="", server_default="")


class Recyclable:
    """删除选定 goes to a recycle bin for 30 days: the gate hides rows whose ``deleted_at`` is set."""

    deleted_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, nullable=True)
    deleted_by: Mapped[str] = mapped_column(String(64), nullable=False, default="", server_default="")


class Audited:
    """Every insert, update and delete writes an audit event in the same transaction.

    ``__audit_skip__`` names columns that are derived and would only repeat others.
    """

    __audit_name__: ClassVar[str] = ""
    __audit_skip__: ClassVar[frozenset[str]] = frozenset({"updated_at", "updated_by", "version"})

"""Copy works projects, month reports and their contents to the peers: ``python -m bench.load_peer_reports URL``.

Three more tables as a tutorial would draw them, with indices on the keys, on county_code and on the month.
"""

from __future__ import annotations

import sys
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    Numeric,
    String,
    Table,
    insert,
    select,
)

from bench.load_peers import engine_of, metadata


def _county() -> Any:
    return Column("county_code", String(8), ForeignKey("region.code"), nullable=False, index=True)


def _plan() -> Any:
    return Column("plan_task_id", Integer, ForeignKey("plan_task.id"), nullable=False, index=True)


works_project = Table(
    "works_project", metadata, Column("id", Integer, primary_key=True), _plan(), _county(),
    *(Column(name, String(120), nullable=False) for name in ("name", "construction_unit", "contractor")),
    Column("contract_amount", Numeric(16, 2)),
)  # fmt: skip
month_report = Table(
    "month_report", metadata, Column("id", Integer, primary_key=True), _plan(), _county(),
    Column("works_project_id", Integer, ForeignKey("works_project.id"), nullable=False, index=True),
    Column("month", Date, nullable=False, index=True), Column("revision", Integer, nullable=False),
    Column("state", String(12), nullable=False), Column("progress", String(12)), Column("started_on", Date),
    *(Column(name, Numeric(16, 2)) for name in ("cumulative_investment", "year_investment")),
    *(Column(name, Boolean, nullable=False) for name in ("is_makeup", "is_late")),
    Column("warning_count", Integer, nullable=False), Column("submitted_at", DateTime),
    *(Column(name, String(128), nullable=False) for name in ("submitted_by_name", "return_reason")),
)  # fmt: skip
month_report_item = Table(
    "month_report_item", metadata, Column("id", Integer, primary_key=True),
    Column("report_id", Integer, ForeignKey("month_report.id"), nullable=False, index=True),
    *(Column(name, String(120), nullable=False) for name in ("category", "content")),
    *(Column(name, String(60), nullable=False) for name in ("state", "method", "unit1")),
    *(Column(name, Numeric(16, 2)) for name in ("planned1", "quantity1")),
)  # fmt: skip


def copy(target: str) -> None:
    """Every living row, with the same keys."""
    from app import create_app
    from app.extensions import db
    from app.kernel.actor import SYSTEM
    from app.monthly_reports.models import MonthlyReport, ReportItem
    from app.persistence.context import acting_as
    from app.reserve.models import ReserveProject  # noqa: F401  (schemes refer to its table)
    from app.works.models import WorksProject

    engine = engine_of(target)
    metadata.create_all(engine)
    app = create_app()
    pairs = ((WorksProject, works_project), (MonthlyReport, month_report), (ReportItem, month_report_item))
    with app.app_context(), acting_as(SYSTEM), engine.begin() as connection:
        for model, table in pairs:
            source = model.__table__
            named = (source.c[column.name] for column in table.columns)
            options = {"scope_applied": True, "yield_per": 10_000}
            rows = db.session.execute(select(*named).order_by(source.c.id), execution_options=options)
            for part in rows.mappings().partitions():
                connection.execute(insert(table), [_plain(row) for row in part])


def _plain(row: Any) -> dict[str, Any]:
    """A row as the peers store it: times without a zone."""
    sent = row.get("submitted_at")
    return {**row, "submitted_at": sent.replace(tzinfo=None)} if sent else dict(row)


if __name__ == "__main__":
    copy(sys.argv[1])

"""Statements over hundreds of thousands of reports go by their indexes, however few rows the tests have (SQLite)."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from app.areas import queries as areas
from app.extensions import db
from app.kernel import calendar
from app.monthly_reports import queries
from app.monthly_reports.listing import ReportListing
from app.persistence.context import acting_as
from app.persistence.gate import execute_applied
from tests.conftest import actor_named


def _plans(app: Flask, work: Any) -> str:
    """How SQLite goes about the statements of some work."""
    with app.app_context(), acting_as(actor_named("hunan")):
        seen: list[tuple[str, Any]] = []
        note = lambda _c, _cursor, sql, values, *_rest: seen.append((sql, values))
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            work(db.session())
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        raw: Any = db.session.connection().connection.cursor()
        told = [row[3] for sql, values in seen if sql.startswith("SELECT")
                for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}", values)]  # fmt: skip
        db.session.rollback()
        return "\n".join(told)


def _due(state: str) -> Any:
    def work(session: Any) -> None:
        listing = ReportListing(lambda *a, **k: execute_applied(session, *a, **k))
        listing.page(listing.state({"report": state}), listing.pick(None))

    return work


@pytest.mark.req("M1.6.5.2", "M1.6.5.4", "N3.3a")
def test_large_tables_are_reached_by_their_indexes(app_sqlite: Flask) -> None:
    waiting = _plans(app_sqlite, lambda session: session.execute(queries.waiting()).all())
    assert "INDEX ix_monthly_report_waiting" in waiting and "SCAN row" not in waiting
    counted = _plans(app_sqlite, queries.count_waiting)
    assert "INDEX ix_monthly_report_waiting" in counted

    year = calendar.today().year
    strips = _plans(app_sqlite, lambda session: queries.strip(session, list(range(1, 40)), year))
    for index in ("ix_works_project_plan", "COVERING INDEX ix_monthly_report_strip", "ix_monthly_report_completed"):
        assert index in strips, strips
    assert "ix_works_project_county" not in strips and "ix_works_project_recycle" not in strips

    assert "ix_monthly_report_due" in _plans(app_sqlite, _due("submitted"))
    points = _plans(app_sqlite, lambda session: areas.points_of(session, [1, 2]))
    assert "SCAN community" not in points and "ix_community_link_plan" in points


@pytest.mark.req("M1.6.1")
def test_the_dialog_reads_no_table_as_a_whole(app_sqlite: Flask) -> None:
    def work(session: Any) -> None:
        found = areas.candidates(actor_named("hunan").scope, "plan_task", 1, "430703", areas.Search())
        areas.rows(session, found, 10, 1)
        areas.linked_count(session, found)

    told = _plans(app_sqlite, work)
    assert "SCAN community" not in told and "SCAN placed" not in told and "SCAN community_link" not in told, told

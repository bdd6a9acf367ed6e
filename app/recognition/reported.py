"""What approved month reports declare about the contents of a plan (M1.6.5.2)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.monthly_reports.models import MonthlyReport, ReportItem


@dataclass(frozen=True)
class Reported:
    """A content in the latest approved report that names it."""

    state: str
    quantity1: Decimal | None
    quantity2: Decimal | None
    month: dt.date
    report_id: int
    item_id: int


_RANK = {"not_started": 0, "in_progress": 1, "finished": 2}


def reported(session: Session, plan_id: int) -> dict[int, Reported]:
    """Catalogue content → what the approved reports of the plan declare; one statement.

    Several works projects may report one content: the latest month counts, in one month the farther state.
    """
    statement = (
        select(ReportItem, MonthlyReport.month)
        .join(MonthlyReport, MonthlyReport.id == ReportItem.report_id)
        .where(MonthlyReport.plan_task_id == plan_id, MonthlyReport.state == "approved")
        .order_by(MonthlyReport.month, ReportItem.id)
    )
    found: dict[int, Reported] = {}
    for item, month in session.execute(statement):
        known = found.get(item.catalogue_item_id)
        if known and known.month == month and _RANK[known.state] > _RANK[item.state]:
            continue
        found[item.catalogue_item_id] = Reported(
            item.state, item.quantity1, item.quantity2, month, item.report_id, item.id
        )
    return found

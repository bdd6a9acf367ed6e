"""The contents of a plan's scheme, as far as a month report may choose from them (M1.6.5.2, M1.6.4.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from app.monthly_reports.models import MonthlyReport, ReportItem
from app.persistence.context import unscoped
from app.schemes import queries as scheme_queries
from app.schemes.models import Scheme
from app.schemes.services import progressed_items

_item: Table = ReportItem.__table__  # type: ignore[assignment]
_report: Table = MonthlyReport.__table__  # type: ignore[assignment]


@dataclass(frozen=True)
class Content:
    """A content of the plan's scheme with its total quantities."""

    scheme_item_id: int
    catalogue_item_id: int
    code: str
    category: str
    content: str
    detail: str
    unit1: str
    unit2: str
    planned1: Decimal | None
    planned2: Decimal | None
    order: int


def contents_of_plan(session: Session, plan_id: int) -> list[Content]:
    """The contents of the scheme of a plan task, in the order of the catalogue; two statements.

    ``plan_id`` is of a plan task or record that was found through the gate: a construction unit sees no
    scheme, but chooses from its contents.
    """
    with unscoped("contents of a plan the actor holds"):
        scheme = scheme_queries.scheme_of(session, "plan_task", plan_id)
        return [] if scheme is None else [_content(row) for row in scheme_queries.rows_of(scheme)]


def _content(row: dict[str, Any]) -> Content:
    return Content(
        row["id"], row["item_id"], row["code"], row["category"], row["content"], row["detail"], row["unit1"],
        row["unit2"], row["quantity1"], row["quantity2"], row["order"],
    )  # fmt: skip


@progressed_items.register
def progressed(session: Session, scheme: Scheme) -> Iterable[int]:
    """Contents of a plan's scheme for which an approved report carries progress: they stay (M1.6.4.3)."""
    if scheme.plan_task_id is None:
        return []
    found = (
        select(ReportItem.scheme_item_id)
        .join(MonthlyReport, MonthlyReport.id == ReportItem.report_id)
        .where(
            MonthlyReport.plan_task_id == scheme.plan_task_id,
            MonthlyReport.state == "approved",
            ReportItem.state != "not_started",
            ReportItem.scheme_item_id.is_not(None),
        )
        .distinct()
        .order_by(ReportItem.scheme_item_id)
    )
    return [key for key in session.scalars(found) if key is not None]

"""The tables of month reports as SQLAlchemy models, the way a tutorial declares them; for both Flask peers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, Date, DateTime, ForeignKey, Integer, Numeric, String
from sqlalchemy.orm import declared_attr, object_session, relationship

from bench.subject import due_month

STRIP_SHOWN = ["year", "name", "implementation_state", "community_count", "building_count", "months"]
WAITING_SHOWN = ["plan_name", "month", "marks", "previous", "cumulative_investment", "change", "warning_count",
                 "submitted_by_name", "submitted_at"]  # fmt: skip
REPORT_SHOWN = ["plan_name", "project", "month", "revision", "state", "progress", "started_on", "previous",
                "cumulative_investment", "year_investment", "warning_count", "submitted_by_name", "submitted_at"]  # fmt: skip
ITEM_SHOWN = ["category", "content", "state", "method", "unit1", "planned1", "quantity1"]


def months_of(reports: Any) -> str:
    """The months of the year with their states, from a plan's reports."""
    mine = sorted((report for report in reports if report.month.year == due_month().year), key=lambda report: report.month)
    return " ".join(f"{report.month.month}:{report.state}" for report in mine)


class ProjectColumns:
    id = Column(Integer, primary_key=True)
    name = Column(String(120), nullable=False)
    construction_unit = Column(String(120), nullable=False)
    contractor = Column(String(120), nullable=False)
    contract_amount = Column(Numeric(16, 2))
    county_code = Column(String(8), nullable=False)

    def __str__(self) -> str:
        return str(self.name)


class ReportColumns:
    id = Column(Integer, primary_key=True)
    county_code = Column(String(8), nullable=False)
    month = Column(Date, nullable=False)
    revision = Column(Integer, nullable=False)
    state = Column(String(12), nullable=False)
    progress = Column(String(12))
    started_on = Column(Date)
    cumulative_investment = Column(Numeric(16, 2))
    year_investment = Column(Numeric(16, 2))
    is_makeup = Column(Boolean, nullable=False)
    is_late = Column(Boolean, nullable=False)
    warning_count = Column(Integer, nullable=False)
    submitted_at = Column(DateTime)
    submitted_by_name = Column(String(128), nullable=False)
    return_reason = Column(String(128), nullable=False)

    @declared_attr
    def plan_task_id(self):  # type: ignore[no-untyped-def]
        return Column(Integer, ForeignKey("plan_task.id"), nullable=False)

    @declared_attr
    def works_project_id(self):  # type: ignore[no-untyped-def]
        return Column(Integer, ForeignKey("works_project.id"), nullable=False)

    @declared_attr
    def project(self):  # type: ignore[no-untyped-def]
        return relationship("WorksProject")

    @declared_attr
    def plan(self):  # type: ignore[no-untyped-def]
        return relationship("PlanTask")

    @property
    def plan_name(self) -> str:
        return f"{self.plan.name} / {self.project.name}"

    @property
    def marks(self) -> str:
        return " ".join(["made up"] * bool(self.is_makeup) + ["late"] * bool(self.is_late))

    @property
    def previous(self) -> Any:
        """Cumulative investment of the last approved report before this one."""
        cls = type(self)
        found = object_session(self).query(cls.cumulative_investment).filter(
            cls.works_project_id == self.works_project_id, cls.state == "approved", cls.month < self.month
        )  # fmt: skip
        return found.order_by(cls.month.desc()).limit(1).scalar()

    @property
    def change(self) -> Any:
        return (self.cumulative_investment or 0) - (self.previous or 0)

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class ItemColumns:
    id = Column(Integer, primary_key=True)
    category = Column(String(120), nullable=False)
    content = Column(String(120), nullable=False)
    state = Column(String(60), nullable=False)
    method = Column(String(60), nullable=False)
    unit1 = Column(String(60), nullable=False)
    planned1 = Column(Numeric(16, 2))
    quantity1 = Column(Numeric(16, 2))

    @declared_attr
    def report_id(self):  # type: ignore[no-untyped-def]
        return Column(Integer, ForeignKey("month_report.id"), nullable=False)

    @declared_attr
    def report(self):  # type: ignore[no-untyped-def]
        return relationship("MonthReport", backref="items")

    def __str__(self) -> str:
        return str(self.content)


"""What the page of a month report and its review show, in a fixed handful of statements (M1.6.5.4)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from app.annual_plans.models import PlanTask
from app.attachments import queries as attachments
from app.attachments.models import Attachment
from app.kernel.calendar import Month, ReportWindow, report_window
from app.kernel.errors import OutOfScope
from app.monthly_reports.models import MonthlyReport, ReportItem
from app.monthly_reports.rules import change, required_files
from app.monthly_reports.selects import around, get_report, photos
from app.persistence.transitions import Transition, trace
from app.regions import cache as regions
from app.regions.rules import Profile
from app.works.models import WorksProject
from app.works.rules import PURPOSES as STAGE_PURPOSES

_other = aliased(WorksProject)
_SHARED = exists().where(_other.plan_task_id == WorksProject.plan_task_id, _other.id != WorksProject.id)
"""Whether a plan has several works projects; an alias costs more to make than to ask."""


@dataclass(frozen=True)
class Shot:
    """A photo of a content; ``earlier``: it belongs to an approved report of an earlier month."""

    photo: Attachment
    month: dt.date
    earlier: bool


@dataclass
class ReportPage:
    """A month report with what surrounds it; ``before``: catalogue item → last approved content.

    ``shots``: catalogue item → purpose → photos; ``files``: purpose → stage files of the works project;
    ``history``: approved reports of earlier months, newest first; ``shared``: the plan has other works projects;
    money in 万元.
    """

    report: MonthlyReport
    project: WorksProject
    plan: PlanTask
    profile: Profile
    window: ReportWindow
    history: list[MonthlyReport]
    following: MonthlyReport | None
    shots: dict[int, dict[str, list[Shot]]]
    files: dict[str, list[Attachment]]
    trace: list[Transition]
    before: dict[int, ReportItem] = field(default_factory=dict)
    shared: bool = False

    @property
    def previous(self) -> MonthlyReport | None:
        """The last approved report before this month."""
        return self.history[0] if self.history else None

    @property
    def missing_files(self) -> list[str]:
        """Purposes of stage files that this progress needs and nobody has uploaded yet."""
        return [one for one in required_files(self.report.progress) if not self.files.get(one)]

    def photos(self, item: ReportItem, purpose: str) -> list[Shot]:
        """The photos of a content for a purpose, this month's and earlier ones, oldest first."""
        return self.shots.get(item.catalogue_item_id, {}).get(purpose, [])

    def photo_counts(self, item: ReportItem) -> dict[str, int]:
        """Purpose → number of photos of a content, earlier ones included."""
        return {purpose: len(shots) for purpose, shots in self.shots.get(item.catalogue_item_id, {}).items()}

    def change(self, name: str) -> Decimal | None:
        """Change of ``cumulative_investment`` or ``year_investment`` against the last approved report."""
        before = self.previous
        same_year = before is not None and before.month.year == self.report.month.year
        known = before is not None and (name == "cumulative_investment" or same_year)
        return change(getattr(self.report, name), getattr(before, name) if known else None)

    def item_change(self, item: ReportItem, name: str) -> Decimal | None:
        """This month's change of ``quantity1`` or ``quantity2`` of a content against the last approved."""
        return change(getattr(item, name), getattr(self.before.get(item.catalogue_item_id), name, None))


def report_page(
    session: Session, report_id: int, *, traced: bool = True, locked: MonthlyReport | None = None
) -> ReportPage:
    """The page of a month report of the scope, in at most 12 statements; ``locked`` is the report where it was read
    under a lock already. Raises: OutOfScope."""
    report = locked or get_report(session, report_id)
    project, plan, shared = _around(session, report)
    profile = regions.current(session).profile(report.county_code)
    earlier, following = around(session, report, max(1, profile.idle_months))
    month = Month(report.month)
    files: dict[str, list[Attachment]] = defaultdict(list)
    for file in attachments.of_owner(session, "WorksProject", project.id, STAGE_PURPOSES):
        files[file.purpose].append(file)
    return ReportPage(
        report, project, plan, profile,
        report_window(month, profile.report_open_day, profile.report_due_day, profile.ranking_day),
        earlier, following, _shots(session, report), dict(files),
        trace(session, "MonthlyReport", report.id) if traced else [],
        {item.catalogue_item_id: item for item in earlier[0].items} if earlier else {}, shared,
    )  # fmt: skip


def _around(session: Session, report: MonthlyReport) -> tuple[WorksProject, PlanTask, bool]:
    """Works project, plan task, and whether the plan has other works projects; one statement. Raises: OutOfScope."""
    found = (
        select(WorksProject, PlanTask, _SHARED)
        .join(PlanTask, PlanTask.id == WorksProject.plan_task_id)
        .where(WorksProject.id == report.works_project_id)
    )
    row = session.execute(found).first()
    if row is None:
        raise OutOfScope(f"works project {report.works_project_id}")
    return row[0], row[1], row[2]


def _shots(session: Session, report: MonthlyReport) -> dict[int, dict[str, list[Shot]]]:
    shots: dict[int, dict[str, list[Shot]]] = defaultdict(lambda: defaultdict(list))
    for photo, catalogue_item_id, month in photos(session, report):
        shots[catalogue_item_id][photo.purpose].append(Shot(photo, month, month != report.month))
    return {key: dict(value) for key, value in shots.items()}

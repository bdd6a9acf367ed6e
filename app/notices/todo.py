"""待办: what waits for whoever is signed in, counted anew from the records themselves in one statement.

It is always right and done by itself: nothing here is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask_babel import format_date
from sqlalchemy import ScalarSelect, Table, func, select
from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.annual_plans.queries import light_clause, warn_days_of
from app.communities.models import CommunityRollup
from app.evidence.models import PhotoFinding
from app.extensions import _
from app.kernel import calendar
from app.kernel.actor import Actor
from app.kernel.errors import N_
from app.kernel.scope import Scope
from app.monthly_reports.models import MonthlyReport
from app.persistence.base import metadata
from app.persistence.context import current_actor
from app.persistence.gate import SCOPE_APPLIED, execute_applied, scope_clause
from app.regions.cache import current
from app.schemes.models import Scheme
from app.supervision.models import SupervisionIssue
from app.supervision.rules import UNRECTIFIED

_report: Table = MonthlyReport.__table__  # type: ignore[assignment]
_plan: Table = PlanTask.__table__  # type: ignore[assignment]
_rollup: Table = CommunityRollup.__table__  # type: ignore[assignment]
_scheme: Table = Scheme.__table__  # type: ignore[assignment]
_finding: Table = PhotoFinding.__table__  # type: ignore[assignment]
_issue: Table = SupervisionIssue.__table__  # type: ignore[assignment]


@dataclass(frozen=True)
class Todo:
    """One thing to do: how many, what, why, and the list behind the number."""

    key: str
    number: int
    label: str
    note: str
    href: str
    icon: str
    colour: str


def _count(table: Table, scope: Scope, *where: Any) -> ScalarSelect[int]:
    plan = table.c.plan_task_id if table is not _plan and "plan_task_id" in table.c else None
    plan = table.c.id if table is _plan else plan
    live = [table.c.deleted_at.is_(None)] if "deleted_at" in table.c else []
    mine = scope_clause(scope, table.c.county_code, plan)
    return select(func.count()).select_from(table).where(mine, *live, *where).scalar_subquery()


def _lit(colour: str) -> Any:
    return light_clause(colour, calendar.today(), warn_days_of(current()))


def _incomplete(scope: Scope) -> ScalarSelect[int]:
    mine = (scope_clause(scope, _rollup.c.county_code), _rollup.c.is_complete.is_(False))
    return select(func.coalesce(func.sum(_rollup.c.communities), 0)).where(*mine).scalar_subquery()


@dataclass(frozen=True)
class Source:
    """Where a number comes from and who is asked to do something about it."""

    key: str
    permission: tuple[str, str]
    count: Callable[[Scope], ScalarSelect[int]]
    label: str
    note: str
    href: str
    icon: str
    colour: str


def _returned(scope: Scope) -> ScalarSelect[int]:
    return _count(_report, scope, _report.c.state == "returned")


def _waiting(scope: Scope) -> ScalarSelect[int]:
    return _count(_report, scope, _report.c.state == "submitted")


def _comments(scope: Scope) -> ScalarSelect[int]:
    comment = metadata.tables["scheme_comment"]  # of an edge that knows the boards, which know this
    return _count(comment, scope, comment.c.state == "new")


def _issues(scope: Scope) -> ScalarSelect[int]:
    return _count(_issue, scope, _issue.c.state.in_(sorted(UNRECTIFIED)))


def _rectified(scope: Scope) -> ScalarSelect[int]:
    """Those of issues that the level of the scope opened itself."""
    level = {2: "province", 4: "city", 6: "county"}.get(len(scope.prefix), "")
    return _count(_issue, scope, _issue.c.state == "rectified", _issue.c.level == level)


SOURCES: tuple[Source, ...] = (
    Source("returned", ("can_submit", "MonthlyReport"), _returned, N_("Month reports returned"),
           N_("To be mended and submitted again"), "/reports/list/?report=returned", "arrow-back-up", "bad"),
    Source("waiting", ("can_approve", "MonthlyReport"), _waiting, N_("Month reports to review"),
           N_("Oldest first"), "/reports/review/list/", "file-check", "wait"),
    Source("incomplete", ("can_edit", "Community"), _incomplete, N_("Communities to complete"),
           N_("Required fields are still empty"), "/communities/list/?todo=1", "alert-triangle", "warn"),
    Source("issues", ("can_submit", "SupervisionIssue"), _issues, N_("Problems to rectify"),
           N_("Raised by inspections"), "/supervision/list/", "gavel", "warn"),
    Source("rectified", ("can_edit", "SupervisionIssue"), _rectified, N_("Rectifications to confirm"),
           N_("Filed by the counties"), "/supervision/list/?state=rectified", "gavel", "wait"),
    Source("schemes", ("can_submit", "Scheme"),
           lambda scope: _count(_scheme, scope, _scheme.c.state == "returned"), N_("Schemes returned"),
           N_("To be mended and submitted again"), "/schemes/list/?state=returned", "clipboard-list", "bad"),
    Source("comments", ("can_edit", "SchemeComment"),
           _comments, N_("Residents' comments to answer"),
           N_("On schemes in publicity"), "/scheme-comments/list/?state=new", "message-2", "wait"),
    Source("doubtful", ("can_dismiss", "PhotoFinding"),
           lambda scope: _count(_finding, scope, _finding.c.reported, _finding.c.state == "open"),
           N_("Doubtful reports"), N_("Photos and figures"), "/doubtful/list/", "alert-triangle", "warn"),
    Source("late", ("can_list", "PlanTask"), lambda scope: _count(_plan, scope, _lit("red")),
           N_("Plan tasks behind schedule"), N_("A deadline has passed"), "/plans/list/?light=red", "calendar-due",
           "bad"),
    Source("soon", ("can_list", "PlanTask"), lambda scope: _count(_plan, scope, _lit("yellow")),
           N_("Plan tasks due soon"), N_("A deadline is near"), "/plans/list/?light=yellow", "calendar-stats", "warn"),
)  # fmt: skip


def of_actor(session: Session, actor: Actor | None = None) -> list[Todo]:
    """What waits for the actor, nothing that is zero; one statement."""
    actor = actor or current_actor()
    asked = [source for source in SOURCES if actor.may(*source.permission)]
    if not asked or actor.is_system:
        return []
    statement = select(*(source.count(actor.scope).label(source.key) for source in asked))
    found = execute_applied(session, statement.execution_options(**{SCOPE_APPLIED: True})).one()._mapping
    return [
        Todo(source.key, int(found[source.key]), _(source.label), _(source.note), source.href, source.icon, source.colour)
        for source in asked
        if found[source.key]
    ]


def day_words() -> str:
    """Today as the to-do strip shows it: day and weekday in the language of the page."""
    return str(format_date(calendar.today(), "full"))

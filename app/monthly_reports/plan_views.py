"""A plan task's works projects with their months; beginning, withdrawing, correcting, removing reports."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.annual_plans.services import get_plan
from app.extensions import _, db
from app.kernel.calendar import Month
from app.kernel.errors import RuleViolation, StaleRow
from app.kernel.text import BadInput, mask_phone
from app.monthly_reports import pages, plan_queries, queries, services
from app.monthly_reports.due import due_text, month_due
from app.monthly_reports.form_views import words
from app.monthly_reports.models import MonthlyReport
from app.monthly_reports.strip_cells import legend, may_begin
from app.persistence.context import current_actor
from app.persistence.transitions import trace
from app.persistence.work import unit_of_work
from app.regions.cache import current
from app.web.listing import whole
from app.web.views import row_id
from app.web.wording import translate
from app.works import queries as works
from app.works.models import WorksProject
from app.works.rules import UNIT_KINDS


def _refused(refusal: RuleViolation) -> None:
    for finding in refusal.findings[:20]:
        flash(translate(finding.message), "danger")


def _maker(report_id: int) -> str:
    """Who began a report."""
    return next((step.actor_name for step in trace(db.session(), "MonthlyReport", report_id)), "")


def _asked() -> tuple[int, Month]:
    """(works project, month) of a posted ``at=12.2026-09`` or of ``project`` and ``month``. Raises: BadInput."""
    project, _dot, month = request.form.get("at", "").partition(".")
    if not project:
        project, month = request.form.get("project", ""), request.form.get("month", "")
    return row_id(project), Month.parse(month)


class ReportPlanPages:
    """Mixed into MonthlyReportView: ``plan``, ``begin``, ``withdraw``, ``correct``, ``delete``, ``restore``."""

    @expose("/plan/<plan>", methods=["GET"])
    @has_access
    @permission_name("show")
    def plan(self, plan: str) -> Any:
        """Every works project of a plan task with the months of a year and its reports."""
        session = db.session()
        record = get_plan(session, row_id(plan))
        projects = works.projects_of(session, record.id)
        actor = current_actor()
        if not projects and actor.may("can_add", "WorksProject") and "months" not in request.args:
            return redirect(url_for("WorksProjectView.add", plan=record.id))
        return self._plan_page(record, projects)

    def _plan_page(self, record: PlanTask, projects: list[WorksProject]) -> Any:
        session, actor = db.session(), current_actor()
        due = month_due(record.county_code)
        year = whole(request.args.get("months"))
        year = year if year and 2000 <= year <= 2100 else due.year
        strip = queries.strip(session, [record.id], year)[record.id]
        reports = plan_queries.reports_of_plan(session, record.id)
        binned = (
            plan_queries.binned_of_plan(session, record.id)
            if actor.may("can_restore", "MonthlyReport")
            else []
        )
        shown = [
            _project(one, strip.of_projects[one.id], due,
                     [r for r in reports if r.works_project_id == one.id],
                     [r for r in binned if r.works_project_id == one.id])
            for one in projects
        ]  # fmt: skip
        deleted = works.binned_of(session, record.id) if actor.may("can_restore", "WorksProject") else []
        return self.render_template(  # type: ignore[attr-defined]
            "reports/plan.html", view=self, plan=record, projects=shown, year=year, due=str(due), due_text=due_text(record.county_code),
            county=current().path(record.county_code), month_legend=legend(), binned=deleted,
            fills=may_begin(), kinds_of_unit=UNIT_KINDS,
            may_add=actor.may("can_add", "WorksProject"), may_edit=actor.may("can_edit", "WorksProject"),
            may_delete=actor.may("can_delete", "WorksProject"),
            may_restore=actor.may("can_restore", "MonthlyReport"), dossier=actor.may("can_show", "PlanTask"), **words(),
        )  # fmt: skip

    @expose("/begin", methods=["POST"])
    @has_access
    @permission_name("add")
    def begin(self) -> Any:
        """新增项目月报: the draft of a month, a copy of the last approved; one that is there already opens."""
        session = db.session()
        try:
            project_id, month = _asked()
        except BadInput as bad:
            flash(translate(bad.message), "danger")
            project = works.get_project(session, row_id(request.form.get("project", "")))
            return redirect(url_for("MonthlyReportView.plan", plan=project.plan_task_id))
        project = works.get_project(session, project_id)
        plan_id = project.plan_task_id
        try:
            with unit_of_work() as session:
                opened = services.start_report(session, project, month).id
        except RuleViolation as refusal:
            there = queries.open_report(db.session(), project_id, month.first)
            there = there or queries.approved_report(db.session(), project_id, month.first)
            if there is None:
                _refused(refusal)
                return redirect(url_for("MonthlyReportView.plan", plan=plan_id))
            opened = there.id
            said = _("%(month)s was begun already, by %(who)s: this is that report.", month=month, who=_maker(opened))
            flash(said, "info")
        return redirect(url_for("MonthlyReportView.show", pk=opened))

    @expose("/withdraw/<pk>", methods=["POST"])
    @has_access
    @permission_name("submit")
    def withdraw(self, pk: str) -> Any:
        return self._step(pk, services.withdraw, _("The report is a draft again."))

    @expose("/correct/<pk>", methods=["POST"])
    @has_access
    @permission_name("add")
    def correct(self, pk: str) -> Any:
        """更正 of an approved report, with a reason: the new version opens."""
        why = request.form.get("reason", "").replace("\x00", "")
        return self._step(
            pk, lambda session, report: services.correct(session, report, why), _("The correction is open.")
        )

    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    @permission_name("delete")
    def delete(self, pk: str) -> Any:
        """A draft that was never submitted goes to the recycle bin."""
        said = _("The draft was moved to the recycle bin.")
        return self._step(pk, services.discard, said, to_plan=True)

    @expose("/restore/<pk>", methods=["POST"])
    @has_access
    @permission_name("restore")
    def restore(self, pk: str) -> Any:
        report = queries.get_report(db.session(), row_id(pk), deleted=True)
        plan_id, key = report.plan_task_id, report.id
        try:
            with unit_of_work() as session:
                services.restore(session, key)
        except RuleViolation as refusal:
            _refused(refusal)
        else:
            flash(_("The draft was restored."), "success")
        return redirect(url_for("MonthlyReportView.plan", plan=plan_id))

    @staticmethod
    def _step(
        pk: str, do: Callable[[Session, MonthlyReport], MonthlyReport], said: str, *, to_plan: bool = False
    ) -> Any:
        """Carry out one step and open what it leads to; a refusal is said on the report's page."""
        report = queries.get_report(db.session(), row_id(pk))
        own, plan_id = report.id, report.plan_task_id
        try:
            with unit_of_work() as session:
                own = do(session, report).id
        except StaleRow as refusal:
            flash(translate(refusal.message), "danger")
        except RuleViolation as refusal:
            _refused(refusal)
        else:
            flash(said, "success")
            if to_plan:
                return redirect(url_for("MonthlyReportView.plan", plan=plan_id))
        return redirect(url_for("MonthlyReportView.show", pk=own))


def _project(
    project: WorksProject, cells: Any, due: Month, reports: list[Any], binned: list[Any]
) -> SimpleNamespace:
    """A works project as its card shows it."""
    owed = next((one for one in cells if one.month == due.first and not one.report_id), None)
    begin = f"{project.id}.{due}" if owed is not None and may_begin() else ""
    return SimpleNamespace(
        project=project, cells=pages.cells_of(cells, project.id, due), reports=reports, binned=binned, begin=begin,
        begin_month=_("Month %(n)s", n=due.month), phone=mask_phone(project.supervisor_phone),
    )  # fmt: skip

"""项目信息: adding, editing and removing works projects of a plan task; their part of the dossier (M1.6.5.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.annual_plans.services import get_plan
from app.areas.form_views import AreaFormPages, Group, Section, Shown, Slot
from app.extensions import _, _l, db
from app.kernel.errors import RuleViolation
from app.kernel.text import mask_phone
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.web.paths import page_path
from app.web.views import row_id
from app.web.wording import translate
from app.works import queries, services
from app.works.forms import WorksProjectForm
from app.works.models import WorksProject
from app.works.rules import UNIT_KINDS

_MONEY = _l("10k yuan")

SECTION = Section(
    "works", _l("Edit works project"), WorksProjectForm,
    (
        Group(_l("Works project"), (
            Slot("name", "c2"), Slot("platform_number"), Slot("permit_number"), Slot("quality_safety_number"))),
        Group(_l("Responsibility"), (
            Slot("supervision_unit"), Slot("supervisor_name"), Slot("supervisor_phone"), Slot("construction_unit", "c2"),
            Slot("construction_unit_kind"))),
        Group(_l("Contract"), (
            Slot("contract_amount", unit=_MONEY), Slot("contract_start"), Slot("contract_finish"),
            Slot("contract_contents", "c3"))),
        Group(_l("Taking part (optional)"), (
            Slot("designer"), Slot("contractor"), Slot("supervisor_company"), Slot("cost_consultant")), grid="f2"),
    ),
    services.update_project,
)  # fmt: skip


class WorksProjectView(AreaFormPages, BaseView):
    """Works projects; they are listed with their plan task's month reports."""

    route_base = "/works"
    class_permission_name = "WorksProject"
    nav_key = "MonthlyReportView"
    entity = "works"
    basics = SECTION
    add_title = _l("Enter the works project")
    list_title = _l("Report implementation")
    star_note = _l("* is required")

    def path(self, _name: str) -> str:
        """Works projects have no list of their own: that of the reports."""
        return page_path("MonthlyReportView.list")

    def may(self, action: str) -> bool:
        return current_actor().may(f"can_{action}", self.class_permission_name)

    def find(self, pk: str) -> WorksProject:
        return queries.get_project(db.session(), row_id(pk))

    @staticmethod
    def _plan() -> PlanTask:
        """The plan task that the address names. Raises: OutOfScope (404)."""
        return get_plan(db.session(), row_id((request.view_args or {}).get("plan", "")))

    # ── adding ──
    @expose("/add/<plan>", methods=["GET", "POST"])
    @has_access
    @permission_name("add")
    def add(self, plan: str) -> Any:
        """新增项目信息; a plan task without one comes here when its reports are opened."""
        get_plan(db.session(), row_id(plan))
        if request.method == "POST":
            return self.save_section(self.basics, None)
        return self._page(self.basics, self.new_form(), None, Shown())

    def new_form(self) -> WorksProjectForm:
        """What the plan task says of itself is filled in."""
        plan = self._plan()
        known = {key: getattr(plan, key) for key in ("name", "supervision_unit", "supervisor_name")}
        return WorksProjectForm(data={**known, "supervisor_phone": mask_phone(plan.supervisor_phone)})

    def create(self, session: Session, county_code: str, typed: Mapping[str, Any]) -> WorksProject:
        plan = self._plan()
        texts = dict(typed)
        if plan.supervisor_phone and texts.get("supervisor_phone") == mask_phone(plan.supervisor_phone):
            texts["supervisor_phone"] = plan.supervisor_phone
        return services.create_project(session, plan, texts)

    def form_notes(self, record: WorksProject | None) -> list[str]:
        if record is not None:
            return []
        plan = self._plan()
        said = [_("Works project of “%(plan)s”, plan of %(year)s.", plan=plan.name, year=plan.year)]
        if not queries.projects_of(db.session(), plan.id):
            said.append(_("Every plan has at least one works project; month reports follow it."))
        return said

    def draft_key(self, section: Section, record: Any | None) -> str:
        return f"works-{record.id}" if record is not None else f"works-new-{self._plan().id}"

    # ── where it is shown ──
    @expose("/show/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def show(self, pk: str) -> Any:
        """A works project stands with its months on the page of its plan task."""
        project = self.find(pk)
        return redirect(
            url_for("MonthlyReportView.plan", plan=project.plan_task_id) + f"#project-{project.id}"
        )

    @expose("/tab/<plan>", methods=["GET"])
    @has_access
    @permission_name("show")
    def tab(self, plan: str) -> Any:
        """03 项目信息 of the dossier, put into its page by htmx."""
        record = get_plan(db.session(), row_id(plan))
        session = db.session()
        return render_template(
            "works/tab.html", view=self, record=record, projects=queries.projects_of(session, record.id),
            binned=queries.binned_of(session, record.id) if self.may("restore") else [], kinds=UNIT_KINDS,
        )  # fmt: skip

    # ── recycle bin ──
    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    @permission_name("delete")
    def delete(self, pk: str) -> Any:
        """Into the recycle bin; one that has reports stays."""
        said = _("The works project was moved to the recycle bin.")
        return self._change(row_id(pk), services.delete_projects, said)

    @expose("/restore/<pk>", methods=["POST"])
    @has_access
    @permission_name("restore")
    def restore(self, pk: str) -> Any:
        return self._change(row_id(pk), services.restore_projects, _("The works project was restored."))

    @staticmethod
    def _change(key: int, do: Callable[[Session, Sequence[int]], Any], said: str) -> Any:
        plan_id = queries.get_project(db.session(), key, deleted=True).plan_task_id
        try:
            with unit_of_work() as session:
                do(session, [key])
        except RuleViolation as refusal:
            flash(translate(refusal.message), "danger")
        else:
            flash(said, "success")
        return redirect(url_for("MonthlyReportView.plan", plan=plan_id))

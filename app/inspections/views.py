"""区县巡查, 市州抽查, 省级抽查: list, form, page, and 检查信息 of the dossier (M1.6.7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy.orm import Session

from app.annual_plans.services import get_plan
from app.attachments import queries as attachments
from app.attachments.panels import panels, panels_of_many
from app.audit.history import history
from app.extensions import _, _l, db
from app.inspections import queries, rules, services
from app.inspections.forms import InspectionForm
from app.inspections.listing import InspectionListing
from app.inspections.models import Inspection
from app.inspections.onsite_views import OnsitePages
from app.kernel.errors import RuleViolation, StaleRow
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.recognition import pages
from app.recognition import queries as recognitions
from app.recognition import rules as recognition_rules
from app.recognition.form_pages import CheckFormPages, Shown
from app.web.views import PortalModelView, row_id

_PLACES = frozenset({rules.SHEET})


class InspectionView(OnsitePages, CheckFormPages, pages.CheckLists, PortalModelView):
    """Inspections of the jurisdiction; each level writes its own."""

    route_base = "/inspections"
    datamodel = SQLAInterface(Inspection, db.session)
    class_permission_name = "Inspection"
    listing_class = InspectionListing
    include_route_methods = frozenset({
        "list", "export", "count", "preferences", "begin", "show", "edit", "discard", "annul", "tab", "onsite",
        "answer", "arrive", "finish", "worker",
    })  # fmt: skip
    list_template = "inspections/list.html"
    list_columns = ["state"]
    list_title = _l("Inspections (list)")
    add_form = edit_form = InspectionForm
    row_pages = False
    choices = {"state": rules.FLOW.states, "level": rules.LEVELS, "conclusion": rules.CONCLUSIONS}
    folder, entity, flow, form_class, last_step = "inspections", "inspection", rules.FLOW, InspectionForm, "conclude"
    said_saved = _l("The inspection was saved.")
    said_finished = _l("The inspection was concluded.")

    # ── from the dossier ──
    @expose("/tab/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def tab(self, pk: str) -> Any:
        """检查信息 of a plan task's dossier, put into its page by htmx."""
        session, actor = db.session(), current_actor()
        plan = get_plan(session, row_id(pk))
        found = queries.of_plan(session, plan.id)
        return self.render_template(
            "inspections/tab.html", plan=plan, inspections=found, rules=rules, words=recognition_rules,
            recognitions=recognitions.of_plan(session, plan.id),
            may_prepare=actor.may("can_add", "Recognition"),
            level=rules.level_of(actor) if self.may("add") else "",
        )  # fmt: skip

    @expose("/of/<plan>", methods=["POST"])
    @has_access
    @permission_name("add")
    def begin(self, plan: str) -> Any:
        """新增巡查 or 抽查 at the actor's own level; ``then=onsite`` leads to the page for the phone."""
        number = row_id(plan)
        with unit_of_work() as session:
            key = services.begin(session, number).id
        where = "onsite" if request.form.get("then") == "onsite" else "show"
        return redirect(url_for(f"InspectionView.{where}", pk=key))

    # ── one ──
    def find(self, number: int) -> Inspection:
        return queries.get_inspection(db.session(), number)

    def editable(self, row: Inspection) -> bool:
        return rules.may_write(current_actor(), row.level, row.state)

    def save(self, session: Session, row: Inspection, form: InspectionForm) -> Inspection:
        """Every content under its own lock; 其余均无问题 (``then=rest``) ticks what was not looked at."""
        versions = self.posted_versions(form)
        items = {
            key: {**typed, "version": versions.get(key, "0")} for key, typed in form.item_changes().items()
        }
        saved = services.save(session, row, form.head_changes(row), items, pages.posted_version())
        if request.form.get("then") == "rest":
            services.rest_is_fine(session, saved, saved.version)
        return saved

    def end_filling(self, session: Session, row: Inspection, version: int) -> None:
        """提交结论."""
        services.conclude(session, row, version)

    def posted_versions(self, form: InspectionForm) -> dict[int, str]:
        return {key: request.form.get(f"version_{key}", "0")[:10] for key in form.item_ids}

    def form_parts(self, row: Inspection, shown: Shown) -> dict[str, Any]:
        beside, others = pages.beside(shown.findings, _PLACES)
        versions = {item.id: shown.versions.get(item.id, item.version) for item in row.items}
        return {"beside": beside, "others": others, "versions": versions}

    def parts(self, row: Inspection, writable: bool) -> dict[str, Any]:
        """What both pages show: plan, contents with photos, sheet, course, history."""
        session, actor = db.session(), current_actor()
        plan = get_plan(session, row.plan_task_id)
        photos = panels_of_many(session, actor, "InspectionItem", [item.id for item in row.items], writable=writable)
        return {
            "view": self, "inspection": row, "plan": plan, "rules": rules, "photos": photos,
            "marked": attachments.marked(session, [f.id for held in photos.values() for p in held for f in p.files]),
            "number": {key: sum(len(panel.files) for panel in some) for key, some in photos.items()},
            "states": recognition_rules.CONTENT_STATES,
            "sheet": panels(session, actor, "Inspection", row, (rules.SHEET,))[0],
            "offered": {step.action for step in rules.FLOW.offered(row.state, actor)},
            "own": rules.level_of(actor) == row.level,
            "events": pages.events(session, "Inspection", row.id, rules.FLOW),
            "draft": f"inspection-{row.id}", "place": pages.place(plan),
            "left": rules.unchecked(queries.rows_of(row)),
            "log": history("Inspection", row.id) if self.may("history") and not writable else None,
        }  # fmt: skip

    # ── ends ──
    def _step(self, pk: str, do: Callable[[Session, Inspection, int], Any], said: Any) -> Any:
        key, version = row_id(pk), pages.posted_version()
        plan = queries.get_inspection(db.session(), key).plan_task_id
        try:
            with unit_of_work() as session:
                do(session, queries.get_inspection(session, key), version)
        except (RuleViolation, StaleRow) as refusal:
            pages.say(refusal)
            db.session.rollback()
            return redirect(url_for("InspectionView.show", pk=key))
        flash(said, "success")
        return redirect(url_for("PlanView.show", pk=plan, tab="checks"))

    @expose("/discard/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def discard(self, pk: str) -> Any:
        """Give up a sheet that was never concluded."""
        return self._step(pk, services.discard, _("The draft was given up."))

    @expose("/annul/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def annul(self, pk: str) -> Any:
        """作废 a concluded inspection, with a reason."""
        why = pages.reason()
        return self._step(
            pk,
            lambda s, row, version: services.annul(s, row, version, why),
            _("The inspection was annulled."),
        )

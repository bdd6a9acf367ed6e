"""区县巡查, 市州抽查, 省级抽查: list, form, page, and 检查信息 of the dossier (M1.6.7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy.orm import Session

from app.annual_plans.services import get_plan
from app.attachments import queries as attachments
from app.attachments.panels import panels
from app.audit.history import history
from app.extensions import _, _l, db
from app.inspections import queries, rules, services
from app.inspections.forms import InspectionForm
from app.inspections.listing import InspectionListing
from app.inspections.models import Inspection
from app.inspections.onsite_views import OnsitePages
from app.kernel.errors import Finding, RuleViolation, StaleRow
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.recognition import pages
from app.recognition import queries as recognitions
from app.recognition import rules as recognition_rules
from app.recognition.panels import counts, item_panels
from app.web import conflicts, drafts, submissions
from app.web.views import PortalModelView, row_id

_PLACES = frozenset({rules.SHEET})


@dataclass
class Shown:
    """What the form page tells besides the form."""

    findings: tuple[Finding, ...] = ()
    status: int = 0
    changed: list[conflicts.Difference] = field(default_factory=list)
    stale: bool = False
    saved: bool = False
    versions: dict[int, str] = field(default_factory=dict)


class InspectionView(OnsitePages, pages.CheckLists, PortalModelView):
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
    @expose("/show/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def show(self, pk: str) -> Any:
        inspection = queries.get_inspection(db.session(), row_id(pk))
        if rules.may_write(current_actor(), inspection.level, inspection.state):
            return self._form_page(inspection, self._form(inspection), Shown())
        return self._read_page(inspection)

    def _form(self, inspection: Inspection, posted: Any = None) -> InspectionForm:
        return InspectionForm.for_items(inspection.items).of(inspection, posted)

    def _read_page(self, inspection: Inspection, status: int = 200) -> Any:
        return self.render_template("inspections/show.html", **self._parts(inspection, False)), status

    def _form_page(self, inspection: Inspection, form: InspectionForm, shown: Shown) -> Any:
        form.token.data = submissions.new_token()
        beside, others = pages.beside(shown.findings, _PLACES)
        loose = form.show(others)
        versions = {item.id: shown.versions.get(item.id, item.version) for item in inspection.items}
        page = self.render_template(
            "inspections/form.html", form=form, shown=shown, beside=beside, loose=loose, versions=versions,
            **self._parts(inspection, True),
        )  # fmt: skip
        return page, shown.status or (422 if shown.findings else 200)

    def _parts(self, inspection: Inspection, writable: bool) -> dict[str, Any]:
        """What both pages show: plan, contents with photos, sheet, course, history."""
        session, actor = db.session(), current_actor()
        plan = get_plan(session, inspection.plan_task_id)
        photos = item_panels(session, "InspectionItem", inspection.items, (rules.PHOTO,), writable=writable)
        return {
            "view": self, "inspection": inspection, "plan": plan, "rules": rules, "photos": photos,
            "marked": attachments.marked(session, [f.id for row in photos.values() for p in row for f in p.files]),
            "number": counts(photos), "states": recognition_rules.CONTENT_STATES,
            "sheet": panels(session, actor, "Inspection", inspection, (rules.SHEET,))[0],
            "offered": {step.action for step in rules.FLOW.offered(inspection.state, actor)},
            "own": rules.level_of(actor) == inspection.level,
            "events": pages.events(session, "Inspection", inspection.id, rules.FLOW),
            "draft": f"inspection-{inspection.id}", "place": pages.place(plan),
            "left": rules.unchecked(queries.rows_of(inspection)),
            "log": history("Inspection", inspection.id) if self.may("history") and not writable else None,
        }  # fmt: skip

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def edit(self, pk: str) -> Any:
        """保存, 其余均无问题 (``then=rest``) or 提交结论 (``then=conclude``): what was typed is saved first."""
        inspection = queries.get_inspection(db.session(), row_id(pk))
        if request.method == "GET":
            return redirect(url_for("InspectionView.show", pk=inspection.id))
        own, target = inspection.id, url_for("InspectionView.show", pk=inspection.id)
        form = self._form(inspection, request.form)
        if (done := submissions.outcome(db.session(), current_actor(), form.token.data)) is not None:
            return redirect(done)
        texts = type(form).texts_of(inspection)
        for key in conflicts.picked_now(request.form, texts):
            form.put(key, texts[key])
        then = request.form.get("then", "")
        try:
            with unit_of_work() as session:
                saved = self._save(session, inspection, form)
                drafts.discard(session, current_actor().user_id, f"inspection-{own}")
                if then == "rest":
                    services.rest_is_fine(session, saved, saved.version)
                if then != "conclude":
                    submissions.record(session, current_actor(), form.token.data, target)
                version = saved.version
        except StaleRow:
            return self._conflict(form, own)
        except RuleViolation as refusal:
            return self._again(form, own, Shown(findings=refusal.findings, versions=_posted_versions(form)))
        if then == "conclude":
            return self._conclude(form, own, version, target)
        flash(_("The inspection was saved."), "success")
        return redirect(target)

    def _save(self, session: Session, inspection: Inspection, form: InspectionForm) -> Inspection:
        versions = _posted_versions(form)
        items = {
            key: {**typed, "version": versions.get(key, "0")} for key, typed in form.item_changes().items()
        }
        return services.save(
            session, inspection, form.head_changes(inspection), items, pages.posted_version()
        )

    def _conclude(self, form: InspectionForm, own: int, version: int, target: str) -> Any:
        try:
            with unit_of_work() as session:
                services.conclude(session, queries.get_inspection(session, own), version)
                submissions.record(session, current_actor(), form.token.data, target)
        except StaleRow:
            return self._conflict(form, own)
        except RuleViolation as refusal:
            return self._again(form, own, Shown(findings=refusal.findings, saved=True))
        flash(_("The inspection was concluded."), "success")
        return redirect(target)

    def _again(self, form: InspectionForm, own: int, shown: Shown) -> Any:
        """The page with every word as typed and what stands against it."""
        db.session.rollback()
        inspection = queries.get_inspection(db.session(), own)
        if shown.saved:
            fresh = self._form(inspection)
            form.version.data, form.base.data = fresh.version.data, fresh.base.data
        if not rules.may_write(current_actor(), inspection.level, inspection.state):
            pages.say_all(shown.findings)
            return self._read_page(inspection, 422)
        return self._form_page(inspection, form, shown)

    def _conflict(self, form: InspectionForm, own: int) -> Any:
        """Somebody else was faster: both values side by side, what was typed still stands."""
        db.session.rollback()
        db.session.expire_all()
        inspection = queries.get_inspection(db.session(), own)
        if not rules.may_write(current_actor(), inspection.level, inspection.state):
            flash(_("Somebody else has changed it meanwhile: it is “%(state)s” now.",
                    state=_(rules.FLOW.states[inspection.state])), "warning")  # fmt: skip
            return self._read_page(inspection, 409)
        now = type(form).texts_of(inspection)
        changed = conflicts.differences(form, form.begun_with(), now, form.word_of)
        for difference in changed:
            if not difference.touched:
                form.put(difference.key, difference.now_text)
        fresh = self._form(inspection)
        form.version.data, form.base.data = fresh.version.data, fresh.base.data
        return self._form_page(inspection, form, Shown(status=409, changed=changed, stale=True))

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


def _posted_versions(form: InspectionForm) -> dict[int, str]:
    """The versions of the contents that the form was shown with."""
    return {key: request.form.get(f"version_{key}", "0")[:10] for key in form.item_ids}

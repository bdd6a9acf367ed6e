"""开工认定 and 完工认定: their list, the form of a draft, the page of what was decided (M1.6.7.1, M1.6.7.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy.orm import Session

from app.annual_plans.services import get_plan
from app.attachments.panels import panels, panels_of_many
from app.audit.history import history
from app.extensions import _, _l, db
from app.kernel.errors import RuleViolation, StaleRow
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.recognition import pages, queries, rules, services, takeover
from app.recognition.form_pages import CheckFormPages, Shown
from app.recognition.forms import RecognitionForm
from app.recognition.listing import RecognitionListing
from app.recognition.models import Recognition
from app.web.views import PortalModelView, row_id


class RecognitionView(CheckFormPages, pages.CheckLists, PortalModelView):
    """Recognitions of the jurisdiction; a county editor prepares them, a county reviewer recognises."""

    route_base = "/recognitions"
    datamodel = SQLAInterface(Recognition, db.session)
    class_permission_name = "Recognition"
    listing_class = RecognitionListing
    include_route_methods = frozenset({
        "list", "export", "count", "preferences", "begin", "show", "edit", "take", "withdraw", "discard",
        "recognise", "send_back", "revoke",
    })  # fmt: skip
    list_template = "recognition/list.html"
    list_columns = ["state"]
    list_title = _l("Recognitions of start and finish")
    add_form = edit_form = RecognitionForm
    row_pages = False
    choices = {"state": rules.FLOW.states, "kind": rules.KINDS}
    folder, entity, flow, form_class, last_step = "recognition", "recognition", rules.FLOW, RecognitionForm, "submit"
    said_saved = _l("The recognition was saved as a draft.")
    said_finished = _l("Submitted: a reviewer of the county recognises it now.")

    # ── from the dossier ──
    @expose("/of/<plan>/<kind>", methods=["POST"])
    @has_access
    @permission_name("add")
    def begin(self, plan: str, kind: str) -> Any:
        """新增开工认定, 新增完工认定: to the draft, begun where there is none."""
        if kind not in rules.KINDS:
            abort(404)
        number = row_id(plan)
        try:
            with unit_of_work() as session:
                key = services.begin(session, number, kind).id
        except RuleViolation as refusal:
            pages.say(refusal)
            return redirect(url_for("PlanView.show", pk=number, tab="checks"))
        return redirect(url_for("RecognitionView.show", pk=key))

    # ── one ──
    def find(self, number: int) -> Recognition:
        return queries.get_recognition(db.session(), number)

    def editable(self, row: Recognition) -> bool:
        return pages.editable(row)

    def save(self, session: Session, row: Recognition, form: RecognitionForm) -> Recognition:
        return services.save(session, row, form.head_changes(row), form.item_changes(), pages.posted_version())

    def end_filling(self, session: Session, row: Recognition, version: int) -> None:
        """提交, with the person's word that it is true (R25)."""
        services.submit(session, row, version, confirmed=request.form.get("confirmed") == "1")

    def form_parts(self, row: Recognition, shown: Shown) -> dict[str, Any]:
        beside, others = pages.beside(shown.findings)
        return {"beside": beside, "others": others, "sources": takeover.sources(db.session(), row)}

    def parts(self, row: Recognition, writable: bool) -> dict[str, Any]:
        """What both pages show: plan, contents with photos, documents, course, history."""
        session, actor = db.session(), current_actor()
        plan = get_plan(session, row.plan_task_id)
        documents = tuple(rules.DOCUMENTS[row.kind])
        return {
            "view": self, "recognition": row, "plan": plan, "rules": rules,
            "documents": panels(session, actor, "Recognition", row, documents),
            "photos": panels_of_many(session, actor, "RecognitionItem", [item.id for item in row.items], writable=writable),
            "offered": {step.action for step in rules.FLOW.offered(row.state, actor)},
            "mine": actor.user_id in (row.prepared_by_id, row.submitted_by_id),
            "events": pages.events(session, "Recognition", row.id, rules.FLOW),
            "draft": f"recognition-{row.id}", "place": pages.place(plan),
            "log": history("Recognition", row.id) if self.may("history") and not writable else None,
        }  # fmt: skip

    # ── steps ──
    def _step(self, pk: str, do: Callable[[Session, Recognition, int], Any], said: Any) -> Any:
        """Carry out one step; a refusal is said on the page it leads back to."""
        key, version = row_id(pk), pages.posted_version()
        try:
            with unit_of_work() as session:
                do(session, queries.get_recognition(session, key), version)
        except (RuleViolation, StaleRow) as refusal:
            pages.say(refusal)
            db.session.rollback()
        else:
            flash(said, "success")
        return redirect(url_for("RecognitionView.show", pk=key))

    @expose("/take/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def take(self, pk: str) -> Any:
        """沿用: documents of a works project or states and photos of an approved report."""
        kind, _sep, number = request.form.get("source", "").partition("-")
        if kind not in ("works", "report"):
            abort(404)
        source = row_id(number)
        return self._step(
            pk, lambda s, row, version: takeover.take_over(s, row, kind, source, version), _("Taken over.")
        )

    @expose("/withdraw/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def withdraw(self, pk: str) -> Any:
        return self._step(pk, services.withdraw, _("The recognition is a draft again."))

    @expose("/discard/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def discard(self, pk: str) -> Any:
        return self._step(pk, services.discard, _("The draft was given up."))

    @expose("/recognise/<pk>", methods=["POST"])
    @has_access
    @permission_name("approve")
    def recognise(self, pk: str) -> Any:
        """认定: sets 实施状态; with the reviewer's word that it is true (R25)."""
        sure = request.form.get("confirmed") == "1"
        return self._step(
            pk, lambda s, row, version: services.recognise(s, row, version, confirmed=sure),
            _("Recognised; the state of the plan task follows."),
        )  # fmt: skip

    @expose("/return/<pk>", methods=["POST"])
    @has_access
    @permission_name("approve")
    def send_back(self, pk: str) -> Any:
        why = pages.reason()
        return self._step(
            pk,
            lambda s, row, version: services.send_back(s, row, version, why),
            _("The recognition was returned."),
        )

    @expose("/revoke/<pk>", methods=["POST"])
    @has_access
    @permission_name("approve")
    def revoke(self, pk: str) -> Any:
        why = pages.reason()
        return self._step(
            pk, lambda s, row, version: services.revoke(s, row, version, why),
            _("The recognition was revoked; the state of the plan task went back."),
        )  # fmt: skip

"""开工认定 and 完工认定: their list, the form of a draft, the page of what was decided (M1.6.7.1, M1.6.7.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy.orm import Session

from app.annual_plans.services import get_plan
from app.attachments.panels import panels
from app.audit.history import history
from app.extensions import _, _l, db
from app.kernel.errors import Finding, RuleViolation, StaleRow
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.recognition import pages, queries, rules, services, takeover
from app.recognition.forms import RecognitionForm
from app.recognition.listing import RecognitionListing
from app.recognition.models import Recognition
from app.recognition.panels import item_panels
from app.web import conflicts, drafts, submissions
from app.web.views import PortalModelView, row_id


@dataclass
class Shown:
    """What the form page tells besides the form."""

    findings: tuple[Finding, ...] = ()
    status: int = 0
    changed: list[conflicts.Difference] = field(default_factory=list)
    stale: bool = False
    saved: bool = False


class RecognitionView(pages.CheckLists, PortalModelView):
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
    @expose("/show/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def show(self, pk: str) -> Any:
        recognition = queries.get_recognition(db.session(), row_id(pk))
        if pages.editable(recognition):
            return self._form_page(recognition, self._form(recognition), Shown())
        return self._read_page(recognition)

    def _form(self, recognition: Recognition, posted: Any = None) -> RecognitionForm:
        return RecognitionForm.for_items(recognition.items).of(recognition, posted)

    def _read_page(self, recognition: Recognition, status: int = 200) -> Any:
        return self.render_template("recognition/show.html", **self._parts(recognition, False)), status

    def _form_page(self, recognition: Recognition, form: RecognitionForm, shown: Shown) -> Any:
        form.token.data = submissions.new_token()
        beside, others = pages.beside(shown.findings)
        loose = form.show(others)
        page = self.render_template(
            "recognition/form.html", form=form, shown=shown, beside=beside, loose=loose,
            sources=takeover.sources(db.session(), recognition), **self._parts(recognition, True),
        )  # fmt: skip
        return page, shown.status or (422 if shown.findings else 200)

    def _parts(self, recognition: Recognition, writable: bool) -> dict[str, Any]:
        """What both pages show: plan, contents with photos, documents, course, history."""
        session, actor = db.session(), current_actor()
        plan = get_plan(session, recognition.plan_task_id)
        documents = tuple(rules.DOCUMENTS[recognition.kind])
        return {
            "view": self, "recognition": recognition, "plan": plan, "rules": rules,
            "documents": panels(session, actor, "Recognition", recognition, documents),
            "photos": item_panels(session, "RecognitionItem", recognition.items, tuple(rules.PHOTOS), writable=writable),
            "offered": {step.action for step in rules.FLOW.offered(recognition.state, actor)},
            "mine": actor.user_id in (recognition.prepared_by_id, recognition.submitted_by_id),
            "events": pages.events(session, "Recognition", recognition.id, rules.FLOW),
            "draft": f"recognition-{recognition.id}", "place": pages.place(plan),
            "log": history("Recognition", recognition.id) if self.may("history") and not writable else None,
        }  # fmt: skip

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def edit(self, pk: str) -> Any:
        """保存 (``then=``), or 提交 (``then=submit``): what was typed is saved first."""
        recognition = queries.get_recognition(db.session(), row_id(pk))
        if request.method == "GET":
            return redirect(url_for("RecognitionView.show", pk=recognition.id))
        own, target = recognition.id, url_for("RecognitionView.show", pk=recognition.id)
        form = self._form(recognition, request.form)
        if (done := submissions.outcome(db.session(), current_actor(), form.token.data)) is not None:
            return redirect(done)
        texts = type(form).texts_of(recognition)
        for key in conflicts.picked_now(request.form, texts):
            form.put(key, texts[key])
        submitting = request.form.get("then") == "submit"
        try:
            with unit_of_work() as session:
                saved = services.save(
                    session,
                    recognition,
                    form.head_changes(recognition),
                    form.item_changes(),
                    pages.posted_version(),
                )
                drafts.discard(session, current_actor().user_id, f"recognition-{own}")
                if not submitting:
                    submissions.record(session, current_actor(), form.token.data, target)
                version = saved.version
        except StaleRow:
            return self._conflict(form, own)
        except RuleViolation as refusal:
            return self._again(form, own, Shown(findings=refusal.findings))
        if submitting:
            return self._submit(form, own, version, target)
        flash(_("The recognition was saved as a draft."), "success")
        return redirect(target)

    def _submit(self, form: RecognitionForm, own: int, version: int, target: str) -> Any:
        try:
            with unit_of_work() as session:
                recognition = queries.get_recognition(session, own)
                services.submit(session, recognition, version, confirmed=request.form.get("confirmed") == "1")
                submissions.record(session, current_actor(), form.token.data, target)
        except StaleRow:
            return self._conflict(form, own)
        except RuleViolation as refusal:
            return self._again(form, own, Shown(findings=refusal.findings, saved=True))
        flash(_("Submitted: a reviewer of the county recognises it now."), "success")
        return redirect(target)

    def _again(self, form: RecognitionForm, own: int, shown: Shown) -> Any:
        """The page with every word as typed and what stands against it."""
        db.session.rollback()
        recognition = queries.get_recognition(db.session(), own)
        if shown.saved:
            fresh = self._form(recognition)
            form.version.data, form.base.data = fresh.version.data, fresh.base.data
        if not pages.editable(recognition):
            pages.say_all(shown.findings)
            return self._read_page(recognition, 422)
        return self._form_page(recognition, form, shown)

    def _conflict(self, form: RecognitionForm, own: int) -> Any:
        """Somebody else was faster: both values side by side, what was typed still stands."""
        db.session.rollback()
        db.session.expire_all()
        recognition = queries.get_recognition(db.session(), own)
        if not pages.editable(recognition):
            flash(_("Somebody else has changed it meanwhile: it is “%(state)s” now.",
                    state=_(rules.FLOW.states[recognition.state])), "warning")  # fmt: skip
            return self._read_page(recognition, 409)
        now = type(form).texts_of(recognition)
        changed = conflicts.differences(form, form.begun_with(), now, form.word_of)
        for difference in changed:
            if not difference.touched:
                form.put(difference.key, difference.now_text)
        fresh = self._form(recognition)
        form.version.data, form.base.data = fresh.version.data, fresh.base.data
        return self._form_page(recognition, form, Shown(status=409, changed=changed, stale=True))

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

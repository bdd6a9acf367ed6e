"""方案信息: showing, 保存 and 确认并提交 of a scheme, and how a record's page opens it (M1.5.1, M1.6.4)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.annual_plans.services import get_plan
from app.areas import queries as area_queries
from app.areas.models import Area
from app.areas.services import owner_of
from app.extensions import _, db
from app.kernel.errors import Finding, RuleViolation, StaleRow
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.reserve.services import get_reserve
from app.schemes import checklist, pages, queries, rules, services, timeline
from app.schemes.forms import SchemeForm, words_of
from app.schemes.models import Scheme
from app.web import conflicts, drafts, submissions
from app.web.views import row_id
from app.web.wording import translate


@dataclass
class Shown:
    """What the form page tells besides the form."""

    findings: tuple[Finding, ...] = ()
    status: int = 0
    changed: list[conflicts.Difference] = field(default_factory=list)
    other: Scheme | None = None
    saved: bool = False

    @property
    def refused(self) -> bool:
        return any(finding.is_error for finding in self.findings)

    @property
    def warned(self) -> bool:
        return bool(self.findings) and not self.refused


def draft_key(scheme: Scheme) -> str:
    return f"scheme-{scheme.id}"


def warnings_of(findings: Any) -> str:
    """What a person accepts by submitting again: the sentences of the warnings seen."""
    return "|".join(sorted(translate(f.message) for f in findings if not f.is_error))


class SchemeFormPages:
    """Mixed into SchemeView: ``show``, ``edit``, ``tab``, ``begin``."""

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def show(self, pk: str) -> Any:
        frame = pages.frame(pages.find(pk))
        if frame.editable:
            return self._form_page(frame, SchemeForm.of(frame.scheme), Shown())
        return self._read_page(frame)

    def _read_page(self, frame: pages.Frame, status: int = 200) -> Any:
        return self.render_template(  # type: ignore[attr-defined]
            "schemes/show.html", view=self, frame=frame, words=words_of(frame.scheme), **self._parts(frame)
        ), status

    def _parts(self, frame: pages.Frame) -> dict[str, Any]:
        """Contents, files, timeline and joint review of a scheme."""
        session, scheme = db.session(), frame.scheme
        return {
            "rows": queries.rows_of(scheme), "funding": queries.funding_of(scheme),
            "plain": checklist.plain, "rules": rules,
            "files": pages.attachments(scheme), "events": timeline.events(session, scheme),
            "reviews": timeline.departments(session, scheme), "department": rules.department_of(current_actor()),
            "offered": {step.action for step in rules.FLOW.offered(scheme.state, current_actor())},
            "brought": area_queries.reserve_ids(session, frame.area.id) if frame.kind == "plan" else [],
        }  # fmt: skip

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def edit(self, pk: str) -> Any:
        """保存 (``then=``), or 确认并提交 (``then=submit``): what was typed is saved first."""
        scheme = pages.find(pk)
        if request.method == "GET":
            return redirect(url_for("SchemeView.show", pk=scheme.id))
        return self._save(scheme)

    def _save(self, scheme: Scheme) -> Any:
        session, actor = db.session(), current_actor()
        form = SchemeForm.of(scheme, request.form)
        if (done := submissions.outcome(session, actor, form.token.data)) is not None:
            return redirect(done)
        conflicts.pick(form, request.form, SchemeForm.texts_of(scheme))
        own, target = scheme.id, url_for("SchemeView.show", pk=scheme.id)
        submitting = request.form.get("then") == "submit"
        try:
            with unit_of_work() as session:
                saved = services.save_draft(session, scheme, form.changes(scheme), pages.posted_version())
                drafts.discard(session, actor.user_id, draft_key(scheme))
                if not submitting:
                    submissions.record(session, actor, form.token.data, target)
                version = saved.version
        except StaleRow:
            return self._conflict(form, own)
        except RuleViolation as refusal:
            return self._again(form, own, Shown(findings=refusal.findings))
        if submitting:
            return self._submit(form, own, version, target)
        flash(_("The scheme was saved as a draft."), "success")
        return redirect(target)

    def _submit(self, form: SchemeForm, own: int, version: int, target: str) -> Any:
        """Everything is checked; warnings are accepted when the person has seen exactly these."""
        confirmed = request.form.get("confirmed") == "1"
        try:
            with unit_of_work() as session:
                scheme = queries.get_scheme(session, own)
                seen = request.form.get("accepted", "") == warnings_of(services.check(session, scheme))
                services.submit(session, scheme, version, confirmed=confirmed, accept_warnings=seen)
                submissions.record(session, current_actor(), form.token.data, target)
                state = rules.FLOW.states[scheme.state]
        except StaleRow:
            return self._conflict(form, own)
        except RuleViolation as refusal:
            return self._again(form, own, Shown(findings=refusal.findings, saved=True))
        flash(_("The scheme was submitted; it is now “%(state)s”.", state=_(state)), "success")
        return redirect(target)

    def _again(self, form: SchemeForm, own: int, shown: Shown) -> Any:
        """The page with every word as typed and what stands against it."""
        db.session.rollback()
        frame = pages.frame(pages.find(str(own)))
        if shown.saved:
            conflicts.begin_anew(form, SchemeForm.of(frame.scheme))
        if not frame.editable:
            for finding in shown.findings:
                flash(translate(finding.message), "danger")
            return self._read_page(frame, 422)
        return self._form_page(frame, form, shown)

    def _conflict(self, form: SchemeForm, own: int) -> Any:
        """Somebody else was faster: both values side by side, what was typed still stands (screen 16)."""
        db.session.rollback()
        db.session.expire_all()
        frame = pages.frame(pages.find(str(own)))
        changed = conflicts.merged(form, SchemeForm.texts_of(frame.scheme))
        conflicts.begin_anew(form, SchemeForm.of(frame.scheme))
        if not frame.editable:
            flash(_("The scheme is “%(state)s” now and cannot be changed.", state=frame.state), "warning")
            return self._read_page(frame, 409)
        return self._form_page(frame, form, Shown(status=409, changed=changed, other=frame.scheme))

    def _form_page(self, frame: pages.Frame, form: SchemeForm, shown: Shown) -> Any:
        form.token.data = submissions.new_token()
        beside, others = pages.split(shown.findings)
        loose = form.show(others)
        page = self.render_template(  # type: ignore[attr-defined]
            "schemes/form.html", view=self, frame=frame, form=form, shown=shown, beside=beside, loose=loose,
            draft=draft_key(frame.scheme), accepted=warnings_of(shown.findings) if shown.warned else "",
            **self._parts(frame),
        )  # fmt: skip
        return page, shown.status or (422 if shown.findings else 200)

    # ── from a record's page ──
    @expose("/tab/<owner>/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def tab(self, owner: str, pk: str) -> Any:
        """The part 方案信息 of a dossier (``owner``: reserve or plan), put into its page by htmx."""
        area = self._area(owner, pk)
        scheme = queries.scheme_of(db.session(), owner_of(area), area.id)
        if scheme is None or not rules.visible_to(current_actor(), scheme.review_round):
            return render_template(
                "schemes/tab.html", frame=None, record=area, owner=owner, may_begin=self._may_begin()
            )
        frame = pages.frame(scheme)
        parts = self._parts(frame)
        parts["files"] = [replace(panel, writable=False, binned=(), parts=()) for panel in parts["files"]]
        return render_template(
            "schemes/tab.html", frame=frame, record=area, owner=owner, may_begin=False, words=words_of(scheme),
            **parts,
        )  # fmt: skip

    @expose("/of/<owner>/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("show")
    def begin(self, owner: str, pk: str) -> Any:
        """To the scheme of a record; a posted one is begun where there is none."""
        area = self._area(owner, pk)
        scheme = queries.scheme_of(db.session(), owner_of(area), area.id)
        if scheme is None and request.method == "POST":
            with unit_of_work() as session:
                scheme = services.ensure_scheme(session, area)
        if scheme is None:
            return self.render_template(  # type: ignore[attr-defined]
                "schemes/none.html", view=self, record=area, owner=owner, may_begin=self._may_begin()
            )
        return redirect(url_for("SchemeView.show", pk=scheme.id))

    @staticmethod
    def _may_begin() -> bool:
        return current_actor().may("can_edit", "Scheme")

    @staticmethod
    def _area(owner: str, pk: str) -> Area:
        if rules.department_of(current_actor()):
            abort(404)
        if owner == "plan":
            return get_plan(db.session(), row_id(pk))
        return get_reserve(db.session(), row_id(pk)) if owner == "reserve" else abort(404)

"""The form of a record whose contents are judged one by one: recognitions and inspections (M1.6.7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy.orm import Session

from app.extensions import _, db
from app.kernel.errors import Finding, RuleViolation, StaleRow
from app.kernel.flow import Flow
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.recognition import pages
from app.web import conflicts, drafts, submissions
from app.web.views import row_id


@dataclass
class Shown:
    """What the form page tells besides the form; ``versions`` are those of contents that have locks of their own."""

    findings: tuple[Finding, ...] = ()
    status: int = 0
    changed: list[conflicts.Difference] = field(default_factory=list)
    stale: bool = False
    saved: bool = False
    versions: dict[int, str] = field(default_factory=dict)


class CheckFormPages:
    """Mixed into the views: ``show`` and ``edit`` with save, last step, refusal and conflict.

    ``folder`` names the templates and ``entity`` the draft; ``last_step`` is the value of ``then`` that also ends
    the filling in.
    """

    folder: ClassVar[str]
    entity: ClassVar[str]
    flow: ClassVar[Flow]
    form_class: ClassVar[Any]
    last_step: ClassVar[str]
    said_saved: ClassVar[Any]
    said_finished: ClassVar[Any]

    # ── what the kinds differ in ──
    def find(self, number: int) -> Any:
        """The record, where the actor may know of it. Raises: OutOfScope."""
        raise NotImplementedError

    def editable(self, row: Any) -> bool:
        """Whether the actor meets the form rather than the page."""
        raise NotImplementedError

    def save(self, session: Session, row: Any, form: Any) -> Any:
        """Write what was typed; the record. Raises: RuleViolation, StaleRow."""
        raise NotImplementedError

    def end_filling(self, session: Session, row: Any, version: int) -> None:
        """Carry out the last step. Raises: RuleViolation, StaleRow."""
        raise NotImplementedError

    def parts(self, row: Any, writable: bool) -> dict[str, Any]:
        """What the page and the form show."""
        raise NotImplementedError

    def form_parts(self, row: Any, shown: Shown) -> dict[str, Any]:
        """What the form alone shows, ``beside`` and ``others`` (findings by place, the rest) among it."""
        raise NotImplementedError

    def posted_versions(self, form: Any) -> dict[int, str]:
        """The versions of the contents that the form was shown with."""
        return {}

    # ── one ──
    @expose("/show/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def show(self, pk: str) -> Any:
        row = self.find(row_id(pk))
        return self._form_page(row, self._form(row), Shown()) if self.editable(row) else self._read_page(row)

    def _form(self, row: Any, posted: Any = None) -> Any:
        return self.form_class.for_items(row.items).of(row, posted)

    def _address(self, number: int) -> str:
        return url_for(f"{type(self).__name__}.show", pk=number)

    def _read_page(self, row: Any, status: int = 200) -> Any:
        page = self.render_template(f"{self.folder}/show.html", **self.parts(row, False))  # type: ignore[attr-defined]
        return page, status

    def _form_page(self, row: Any, form: Any, shown: Shown) -> Any:
        form.token.data = submissions.new_token()
        own = self.form_parts(row, shown)
        loose = form.show(own.pop("others"))
        page = self.render_template(  # type: ignore[attr-defined]
            f"{self.folder}/form.html", form=form, shown=shown, loose=loose, **own, **self.parts(row, True)
        )
        return page, shown.status or (422 if shown.findings else 200)

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def edit(self, pk: str) -> Any:
        """保存, or the last step (``then``): what was typed is saved first."""
        row = self.find(row_id(pk))
        own, target = row.id, self._address(row.id)
        if request.method == "GET":
            return redirect(target)
        form = self._form(row, request.form)
        if (done := submissions.outcome(db.session(), current_actor(), form.token.data)) is not None:
            return redirect(done)
        conflicts.pick(form, request.form, type(form).texts_of(row))
        last = request.form.get("then") == self.last_step
        try:
            with unit_of_work() as session:
                saved = self.save(session, row, form)
                drafts.discard(session, current_actor().user_id, f"{self.entity}-{own}")
                if not last:
                    submissions.record(session, current_actor(), form.token.data, target)
                version = saved.version
        except StaleRow:
            return self._conflict(form, own)
        except RuleViolation as refusal:
            shown = Shown(findings=refusal.findings, versions=self.posted_versions(form))
            return self._again(form, own, shown)
        if last:
            return self._finish(form, own, version, target)
        flash(self.said_saved, "success")
        return redirect(target)

    def _finish(self, form: Any, own: int, version: int, target: str) -> Any:
        try:
            with unit_of_work() as session:
                self.end_filling(session, self.find(own), version)
                submissions.record(session, current_actor(), form.token.data, target)
        except StaleRow:
            return self._conflict(form, own)
        except RuleViolation as refusal:
            return self._again(form, own, Shown(findings=refusal.findings, saved=True))
        flash(self.said_finished, "success")
        return redirect(target)

    def _again(self, form: Any, own: int, shown: Shown) -> Any:
        """The page with every word as typed and what stands against it."""
        db.session.rollback()
        row = self.find(own)
        if shown.saved:
            conflicts.begin_anew(form, self._form(row))
        if not self.editable(row):
            pages.say_all(shown.findings)
            return self._read_page(row, 422)
        return self._form_page(row, form, shown)

    def _conflict(self, form: Any, own: int) -> Any:
        """Somebody else was faster: both values side by side, what was typed still stands."""
        db.session.rollback()
        db.session.expire_all()
        row = self.find(own)
        if not self.editable(row):
            flash(_("Somebody else has changed it meanwhile: it is “%(state)s” now.",
                    state=_(self.flow.states[row.state])), "warning")  # fmt: skip
            return self._read_page(row, 409)
        changed = conflicts.merged(form, type(form).texts_of(row))
        conflicts.begin_anew(form, self._form(row))
        return self._form_page(row, form, Shown(status=409, changed=changed, stale=True))

"""申报窗口: when counties may add plan tasks of a year, set by the province (M1.6.c)."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.annual_plans import windows
from app.annual_plans.forms import WindowForm
from app.annual_plans.queries import windows as stored_windows
from app.extensions import _, db
from app.kernel import calendar
from app.kernel.errors import Finding, RuleViolation, StaleRow
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.web import conflicts
from app.web.views import row_id
from app.web.wording import translate


def posted_version() -> int:
    """The version that the form was shown with; -1, which no window has, when it cannot be read."""
    posted = request.form.get("version", "")
    return int(posted) if posted.isascii() and posted.isdigit() and len(posted) < 10 else -1


class DeclarationWindowView(BaseView):
    """The windows of a province: one row a year, the profile's days where nothing else is set."""

    route_base = "/plans/windows"
    class_permission_name = "DeclarationWindow"
    default_view = "list"

    @expose("/", methods=["GET"])
    @has_access
    @permission_name("list")
    def list(self) -> Any:
        province, session, today = windows.require_window("list"), db.session(), calendar.today()
        own = {row.year: row for row in session.scalars(stored_windows(province))}
        years = windows.shown_years(today, [*own])
        rows = [(own.get(y) or windows.window_row(session, province, y), y in own) for y in years]
        may_edit = current_actor().may("can_edit", self.class_permission_name)
        return self.render_template(
            "plans/windows.html", rows=rows, today=today, may_edit=may_edit, is_open=windows.is_open
        )

    @expose("/close/<year>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def close(self, year: str) -> Any:
        """Close now: counties can add no more from this moment on."""
        number = row_id(year)
        try:
            with unit_of_work() as session:
                windows.close_window(session, number, posted_version())
        except (StaleRow, RuleViolation) as refusal:
            flash(translate(refusal.message), "danger")
        else:
            flash(_("The declaration of %(year)s is closed now.", year=number), "success")
        return redirect(f"{self.route_base}/")

    @expose("/edit/<year>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def edit(self, year: str) -> Any:
        row = windows.window_row(db.session(), windows.require_window("edit"), row_id(year))
        if request.method == "GET":
            return self._page(WindowForm.of(row), row)
        form = WindowForm.of(row, request.form)
        conflicts.pick(form, request.form, WindowForm.texts_of(row))
        try:
            with unit_of_work() as session:
                windows.save_window(session, row.year, form.typed(), posted_version())
        except StaleRow:
            return self._conflict(form, row.year)
        except RuleViolation as refusal:
            return self._page(form, row, refusal.findings)
        flash(_("The declaration window of %(year)s was saved.", year=row.year), "success")
        return redirect(f"{self.route_base}/")

    def _conflict(self, form: WindowForm, year: int) -> Any:
        """Somebody else was faster: both values side by side."""
        db.session.rollback()
        row = windows.window_row(db.session(), windows.require_window("edit"), year)
        changed = conflicts.differences(form, form.begun_with(), WindowForm.texts_of(row), form.word_of)
        fresh = WindowForm.of(row)
        form.version.data, form.base.data = fresh.version.data, fresh.base.data
        return self._page(form, row, changed=changed, stale=True)

    def _page(
        self, form: WindowForm, row: Any, findings: tuple[Finding, ...] = (), *, changed: Any = (),
        stale: bool = False,
    ) -> Any:  # fmt: skip
        loose = form.show(findings)
        page = self.render_template(
            "plans/window.html", view=self, form=form, row=row, loose=loose, changed=changed, stale=stale,
            refused=bool(findings), title=_("Declaration window of %(year)s", year=row.year),
        )  # fmt: skip
        return page, 409 if stale else 422 if findings else 200

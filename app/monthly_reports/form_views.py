"""The page of one month report: filling in, live check, submitting, contents (M1.6.5.2, R12, R13, R18, R25)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.extensions import _, db
from app.kernel.errors import N_, Finding, RuleViolation, StaleRow
from app.monthly_reports import pages, queries, rules, services, timeline
from app.monthly_reports.contents import contents_of_plan
from app.monthly_reports.forms import ReportForm, form_of
from app.monthly_reports.models import MonthlyReport
from app.monthly_reports.page_parts import common
from app.monthly_reports.report_pages import ReportPage
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.schemes.checklist import plain
from app.web import conflicts, drafts, submissions
from app.web.views import row_id
from app.web.wording import translate

METHODS: tuple[str, ...] = (
    N_("New construction"), N_("Conversion"), N_("Replacement"), N_("Repair"), N_("Addition"), N_("Demolition"),
    N_("Tidying"),
)  # fmt: skip
"""Offered while a method is typed; any other may be typed too."""
MOST_ITEMS = 500


@dataclass
class Shown:
    """What the form page tells besides the form."""

    findings: tuple[Finding, ...] = ()
    status: int = 0
    changed: list[conflicts.Difference] = field(default_factory=list)
    other: MonthlyReport | None = None
    saved: bool = False
    accepted: str = ""
    confirmed: bool = False

    @property
    def refused(self) -> bool:
        return any(finding.is_error for finding in self.findings)

    @property
    def warned(self) -> bool:
        return bool(self.findings) and not self.refused


def draft_key(report: MonthlyReport) -> str:
    return f"report-{report.id}"


def posted_version() -> int:
    """The version in the request itself; none there means the change is based on nothing."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def words() -> dict[str, Any]:
    """Words that the templates of reports look up."""
    return {
        "kinds": timeline.KINDS, "states": rules.FLOW.states, "progress": rules.PROGRESS,
        "item_states": rules.ITEM_STATES, "photo_words": rules.PHOTO_WORDS, "declaration": rules.DECLARATION,
        "plain": plain,
    }  # fmt: skip


class ReportFormPages:
    """Mixed into MonthlyReportView: ``show``, ``edit``, ``check``, ``contents``."""

    def find(self, pk: str) -> MonthlyReport:
        """The report of the actor's scope. Raises: OutOfScope (404)."""
        return queries.get_report(db.session(), row_id(pk))

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def show(self, pk: str) -> Any:
        rows = queries.report_page(db.session(), row_id(pk))
        if may_fill(rows.report):
            return self._form_page(rows, form_of(rows.report), Shown())
        return self._read_page(rows)

    # ── filling in ──
    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def edit(self, pk: str) -> Any:
        """保存草稿 (``then=``), or 提交审核 (``then=submit``): what was typed is saved first."""
        report = self.find(pk)
        if request.method == "GET":
            return redirect(url_for("MonthlyReportView.show", pk=report.id))
        session, actor = db.session(), current_actor()
        form = form_of(report, request.form)
        if (done := submissions.outcome(session, actor, form.token.data)) is not None:
            return redirect(done)
        conflicts.pick(form, request.form, type(form).texts_of(report))
        return self._save(report, form)

    def _save(self, report: MonthlyReport, form: ReportForm) -> Any:
        own, actor, target = report.id, current_actor(), url_for("MonthlyReportView.show", pk=report.id)
        submitting = request.form.get("then") == "submit"
        try:
            with unit_of_work() as session:
                saved = services.save_report(session, report, form.typed(), posted_version())
                drafts.discard(session, actor.user_id, draft_key(report))
                if not submitting:
                    submissions.record(session, actor, form.token.data, target)
                version = saved.version
        except StaleRow:
            return self._conflict(form, own)
        except RuleViolation as refusal:
            return self._again(form, own, Shown(findings=refusal.findings))
        if submitting:
            return self._submit(form, own, version, target)
        flash(_("The report was saved as a draft."), "success")
        return redirect(target)

    def _submit(self, form: ReportForm, own: int, version: int, target: str) -> Any:
        """Everything is checked; warnings count as accepted when exactly these were ticked."""
        accepted, confirmed = request.form.get("accepted", ""), request.form.get("confirmed") == "1"
        try:
            with unit_of_work() as session:
                report = queries.get_report(session, own)
                seen = accepted == pages.warnings_key(services.check(session, report))
                services.submit(session, report, version, declared=confirmed, accept_warnings=seen)
                submissions.record(session, current_actor(), form.token.data, target)
        except StaleRow:
            return self._conflict(form, own)
        except RuleViolation as refusal:
            shown = Shown(findings=refusal.findings, saved=True, accepted=accepted, confirmed=confirmed)
            return self._again(form, own, shown)
        flash(_("The report was submitted; the county's reviewer sees it now."), "success")
        return redirect(target)

    def _again(self, form: ReportForm, own: int, shown: Shown) -> Any:
        """The page with every word as typed and what stands against it."""
        db.session.rollback()
        rows = queries.report_page(db.session(), own)
        if shown.saved:
            conflicts.begin_anew(form, form_of(rows.report))
        if not may_fill(rows.report):
            for finding in shown.findings:
                flash(translate(finding.message), "danger")
            return self._read_page(rows, 422)
        return self._form_page(rows, form, shown)

    def _conflict(self, form: ReportForm, own: int) -> Any:
        """Somebody else was faster: both values side by side, what was typed still stands (screen 16)."""
        db.session.rollback()
        db.session.expire_all()
        rows = queries.report_page(db.session(), own)
        fresh = form_of(rows.report)
        changed = conflicts.merged(form, {**form.typed(), **type(fresh).texts_of(rows.report)})
        if not may_fill(rows.report):
            state = _(rules.FLOW.states[rows.report.state])
            flash(_("The report is “%(state)s” now and cannot be changed.", state=state), "warning")
            return self._read_page(rows, 409)
        typed = form.typed()
        for key in fresh.keys:
            if key in typed:
                fresh.put(key, typed[key])
        return self._form_page(rows, fresh, Shown(status=409, changed=changed, other=rows.report))

    # ── live check ──
    @expose("/check/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def check(self, pk: str) -> Any:
        """What 提交审核 would say of what stands on the page now; saves nothing."""
        rows = queries.report_page(db.session(), row_id(pk), traced=False)
        if not may_fill(rows.report):
            return jsonify(findings=[]), 409
        typed = form_of(rows.report, request.form).typed()
        findings = pages.judge(db.session(), rows, typed)
        page = SimpleNamespace(report=rows.report, points=pages.points(findings), accepted=pages.warnings_key(findings),
                               stages=pages.stages(rows, typed["progress"] or None, []))  # fmt: skip
        parts = render_template("reports/check.html", page=page, **words())
        side, *drawn = parts.split("<!-- stage -->")
        return jsonify(
            findings=[_found(finding, typed) for finding in findings], side=side.strip(),
            stages={stage.key: text.strip() for stage, text in zip(page.stages, drawn, strict=True)},
            missing=_missing(rows, typed), photos=_photo_notes(rows),
        )  # fmt: skip

    # ── contents ──
    @expose("/contents/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def contents(self, pk: str) -> Any:
        """添加改造内容 and 删除改造内容: the ticked contents of the scheme are those of the report."""
        report = self.find(pk)
        ticked = {row_id(key) for key in request.form.getlist("item")[:MOST_ITEMS]}
        have = {item.scheme_item_id: item.id for item in report.items if item.scheme_item_id}
        gone = [key for scheme_item, key in have.items() if scheme_item not in ticked]
        version: int | None = posted_version()
        try:
            with unit_of_work() as session:
                if added := sorted(ticked - set(have)):
                    services.add_items(session, report, added, version)
                    version = None
                if gone:
                    services.remove_items(session, report, gone, version)
        except StaleRow:
            flash(_("Somebody else changed this report meanwhile. Choose the contents again."), "warning")
        except RuleViolation as refusal:
            for finding in refusal.findings[:20]:
                flash(translate(finding.message), "danger")
        return redirect(url_for("MonthlyReportView.show", pk=pk))

    # ── drawing ──
    def _form_page(self, rows: ReportPage, form: ReportForm, shown: Shown) -> Any:
        session, report = db.session(), rows.report
        findings = pages.judge(session, rows, form.typed())
        form.token.data = submissions.new_token()
        loose = form.show(f for f in shown.findings if not _elsewhere(f))
        files, boxes = pages.writing_panels(session, rows)
        page = common(rows, findings, pages.lines(rows, (), pages.doubts_of(session, rows), boxes))
        page.stages = pages.stages(rows, form.progress.data or None, files)
        page.cells = pages.strip_cells(session, report)
        page.returned, page.start_hint = pages.returned_step(rows), pages.start_hint(rows)
        page.offered = _offered(rows)
        body = self.render_template(  # type: ignore[attr-defined]
            "reports/form.html", view=self, page=page, form=form, shown=shown, loose=loose, draft=draft_key(report),
            methods=METHODS, **words(),
        )  # fmt: skip
        return body, shown.status or (422 if shown.findings else 200)

    def _read_page(self, rows: ReportPage, status: int = 200) -> Any:
        session, report, actor = db.session(), rows.report, current_actor()
        findings = pages.judge(session, rows) if report.state == "submitted" else []
        page = common(rows, findings, pages.lines(rows, findings, pages.doubts_of(session, rows), points=pages.points_of(session, rows)))
        page.stages = pages.stages(rows, report.progress, pages.reading_panels(rows))
        page.cells = pages.strip_cells(session, report)
        newer = queries.open_report(session, report.works_project_id, report.month)
        reviewing = report.state == "submitted" and actor.may("can_approve", "MonthlyReport")
        body = self.render_template(  # type: ignore[attr-defined]
            "reports/show.html", view=self, page=page, newer=newer if newer is not report else None,
            offered={step.action for step in rules.FLOW.offered(report.state, actor)},
            review_url=url_for("ReviewView.show", pk=report.id) if reviewing else "", **words(),
        )  # fmt: skip
        return body, status


def may_fill(report: MonthlyReport) -> bool:
    """Whether the actor fills this report in now."""
    return report.state in rules.EDITABLE and current_actor().may("can_edit", "MonthlyReport")


def _offered(rows: ReportPage) -> list[SimpleNamespace]:
    """The contents of the scheme, those of the report ticked."""
    have = {item.catalogue_item_id for item in rows.report.items}
    return [
        SimpleNamespace(content=one, picked=one.catalogue_item_id in have)
        for one in contents_of_plan(db.session(), rows.plan.id)
    ]


def _elsewhere(finding: Finding) -> bool:
    """Whether a finding is told beside the form already: photos, stage files, contents as a whole."""
    name = finding.field or ""
    return name in ("items", *rules.required_files("completed")) or name.startswith(rules.PHOTOS)


def _found(finding: Finding, typed: Mapping[str, str]) -> dict[str, Any]:
    """A finding for static/js/forms.js; an empty field is told only once it was touched."""
    missing = finding.field is not None and finding.field in typed and not typed[finding.field]
    return {
        "field": finding.field, "level": finding.level, "rule": finding.rule, "missing": missing,
        "message": translate(finding.message),
    }  # fmt: skip


def _missing(rows: ReportPage, typed: Mapping[str, str]) -> list[str]:
    """Ids of the upload panels whose photos the typed states ask for."""
    found = []
    for item in rows.report.items:
        state = typed.get(rules.item_key("state", item.id)) or "not_started"
        if state in rules.ITEM_STATES:
            lacking = [one for one in rules.PHOTOS if pages.missing_photo(rows, item, one, state)]
            found += [f"files-reportitem-{item.id}-{purpose}" for purpose in lacking]
    return found


def _photo_notes(rows: ReportPage) -> dict[str, list[str]]:
    """Content → what is doubtful about its photos."""
    doubts = pages.doubts_of(db.session(), rows)
    return {str(line.item.id): line.photo_notes for line in pages.lines(rows, (), doubts)}

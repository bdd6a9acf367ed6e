"""实施信息审核: the waiting list, the review page, 通过 and 退回, phrases (M1.6.5.4, R19, R25)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort, flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.decorators import has_access, permission_name

from app.annual_plans.listing import LIGHT_KIND, light_of
from app.annual_plans.rules import LIGHTS
from app.areas.list_views import ticked
from app.extensions import _, _l, db
from app.kernel.errors import Finding, RuleViolation, StaleRow
from app.monthly_reports import pages, phrases, queries, rules, services
from app.monthly_reports.form_views import posted_version, words
from app.monthly_reports.models import MonthlyReport
from app.monthly_reports.page_parts import common
from app.monthly_reports.review_listing import ReviewListing
from app.persistence.context import current_actor, current_scope
from app.persistence.work import unit_of_work
from app.regions.cache import current
from app.web import drafts
from app.web.listing import State
from app.web.preferences import Preference
from app.web.views import PortalModelView, row_id
from app.web.wording import translate

QUEUE = 30


class ReviewView(PortalModelView):
    """What waits for the county's reviewer, one after the other or several at once."""

    route_base = "/reports/review"
    datamodel = SQLAInterface(MonthlyReport, db.session)
    class_permission_name = "MonthlyReport"
    listing_class = ReviewListing
    include_route_methods = frozenset({
        "list", "export", "count", "preferences", "action_post", "show", "decide", "drop_phrase",
    })  # fmt: skip
    # the base class's pages are called once the right to approve was checked
    base_permissions = ["can_approve", "can_list", "can_export"]
    list_template = "reports/queue.html"
    list_title = _l("Review implementation")
    list_columns = ["state"]
    row_pages = False

    @expose("/list/")
    @has_access
    @permission_name("approve")
    def list(self) -> Any:
        return super().list()

    @expose("/count/")
    @has_access
    @permission_name("approve")
    def count(self) -> Any:
        return super().count()

    @expose("/preferences/", methods=["POST"])
    @has_access
    @permission_name("approve")
    def preferences(self) -> Any:
        return super().preferences()

    @expose("/export/", methods=["POST"])
    @has_access
    @permission_name("approve")
    def export(self) -> Any:
        return super().export()

    def list_context(self, state: State, preference: Preference) -> dict[str, Any]:
        counts = self.listing.month_counts(current_scope())  # type: ignore[attr-defined]
        code = current_actor().region_code
        top = self._node(state, current().name(code) if code else _("All"), sum(counts.values()), {}, children=[
            self._node(state, month, number, {"month": month}, children=[]) for month, number in counts.items()
        ])  # fmt: skip
        top["current"] = "month" not in state.args
        first = self.listing.queue(current_scope(), 1)  # type: ignore[attr-defined]
        return {
            "tree": [[top]], "number": sum(counts.values()), "first": first[0].id if first else None,
            "declaration": rules.DECLARATION,
        }  # fmt: skip

    def row_locks(self, rows: Sequence[Any]) -> Sequence[str]:
        """Reports with warnings are reviewed one by one."""
        why = _("has warnings: review it on its own")
        return [why if row.warning_count else "" for row in rows]

    @expose("/action_post", methods=["POST"])
    @has_access
    @permission_name("approve")
    def action_post(self) -> Any:
        """Approve the ticked ones, all or none; the dialog before it asked for the declaration (R25)."""
        if request.form.get("action") != "approve":
            abort(404)
        ids = ticked(self.listing)
        try:
            with unit_of_work() as session:
                number = len(services.bulk_approve(session, ids, declared=True))
        except RuleViolation as refusal:
            for finding in refusal.findings[:20]:
                flash(translate(finding.message), "danger")
        except StaleRow as refusal:
            flash(translate(refusal.message), "danger")
        else:
            flash(_("%(n)s reports were approved.", n=number), "success")
        return redirect(self.path("list"))

    # ── one report ──
    @expose("/show/<pk>", methods=["GET"])
    @has_access
    @permission_name("approve")
    def show(self, pk: str) -> Any:
        return self._page(row_id(pk))

    def _page(self, report_id: int, refused: tuple[Finding, ...] = (), status: int = 200) -> Any:
        session, actor = db.session(), current_actor()
        rows = queries.report_page(session, report_id)
        report = rows.report
        findings = pages.judge(session, rows)
        page = common(rows, findings, pages.lines(rows, findings, pages.doubts_of(session, rows), points=pages.points_of(session, rows)))
        page.stages = pages.stages(rows, report.progress, pages.reading_panels(rows))
        light = light_of(rows.plan)
        page.light = (LIGHT_KIND[light.colour], _(LIGHTS[light.colour]), translate(light.reason))
        waiting = self.listing.queue(current_scope(), QUEUE + 1)  # type: ignore[attr-defined]
        own = report.submitted_by_id == actor.user_id
        decides = report.state == "submitted" and not own
        body = self.render_template(
            "reports/review.html", view=self, page=page, waiting=waiting[:QUEUE], more=len(waiting) > QUEUE,
            decides=decides, why_not=_why_not(report, own=own), following=_after(waiting, report.id),
            phrases=phrases.of_county(session, report.county_code) if decides else [],
            refused=[translate(finding.message) for finding in refused], reason=request.form.get("reason", ""),
            **words(),
        )  # fmt: skip
        return body, status

    @expose("/decide/<pk>", methods=["POST"])
    @has_access
    @permission_name("approve")
    def decide(self, pk: str) -> Any:
        """通过 (with the word that it is true, R25) or 退回 with a reason; then the next one opens by itself."""
        report = queries.get_report(db.session(), row_id(pk))
        own, outcome = report.id, request.form.get("outcome", "")
        reason = request.form.get("reason", "").replace("\x00", "").strip()
        if outcome not in ("approve", "return"):
            flash(_("Choose whether the report passes or is returned."), "danger")
            return redirect(self.path("show", pk=own))
        try:
            following = _after(self.listing.queue(current_scope(), QUEUE), own)  # type: ignore[attr-defined]
            self._decide(report, reason, passes=outcome == "approve")
        except StaleRow as refusal:
            flash(translate(refusal.message), "danger")
            return redirect(self.path("show", pk=own))
        except RuleViolation as refusal:
            db.session.rollback()
            return self._page(own, refusal.findings, 422)
        flash(
            _("The report was approved.") if outcome == "approve" else _("The report was returned."),
            "success",
        )
        if following is None:
            return redirect(self.path("list"))
        return redirect(self.path("show", pk=following))

    @staticmethod
    def _decide(report: MonthlyReport, reason: str, *, passes: bool) -> None:
        """Carry the decision out."""
        actor, version = current_actor(), posted_version()
        with unit_of_work() as session:
            if passes:
                declared = request.form.get("confirmed") == "1"
                services.approve(session, report, version, declared=declared, note=reason)
            else:
                services.give_back(session, report, reason, version)
                if request.form.get("keep") == "1":
                    phrases.keep(session, report.county_code, reason[: phrases.LONGEST])
            drafts.discard(session, actor.user_id, f"report-review-{report.id}")

    @expose("/phrase/<pk>", methods=["POST"])
    @has_access
    @permission_name("approve")
    def drop_phrase(self, pk: str) -> Any:
        """A phrase of the county is not offered any more."""
        report = queries.get_report(db.session(), row_id(pk))
        own = report.id
        with unit_of_work() as session:
            phrases.drop(session, row_id(request.form.get("phrase", "")))
        flash(_("The phrase was removed."), "success")
        return redirect(self.path("show", pk=own))


def _why_not(report: MonthlyReport, *, own: bool) -> str:
    """Why nothing can be decided here now."""
    if report.state == "submitted" and own:
        return _("Whoever submitted it cannot approve it.")
    return _(
        "The report is “%(state)s”: there is nothing to decide.", state=_(rules.FLOW.states[report.state])
    )


def _after(waiting: list[Any], report_id: int) -> int | None:
    """The report of the waiting list that follows this one, the first one after the last."""
    ids = [row.id for row in waiting]
    if report_id in ids:
        ids = ids[ids.index(report_id) + 1 :] + ids[: ids.index(report_id)]
    return ids[0] if ids else None

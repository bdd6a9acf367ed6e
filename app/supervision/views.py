"""督导督办: a simple list and the page of an issue that was handed over (R22)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.decorators import has_access, permission_name

from app.annual_plans.services import get_plan
from app.attachments.panels import panels
from app.extensions import _, _l, db
from app.inspections import queries as inspections
from app.kernel.errors import Finding, RuleViolation, StaleRow
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.recognition import pages
from app.supervision import files, queries, rules, services  # noqa: F401  # files: who may hold them
from app.supervision.forms import IssueForm
from app.supervision.listing import IssueListing
from app.supervision.models import SupervisionIssue
from app.web.views import PortalModelView, row_id
from app.web.wording import translate


class IssueView(pages.CheckLists, PortalModelView):
    """Supervision issues of the jurisdiction."""

    route_base = "/supervision"
    datamodel = SQLAInterface(SupervisionIssue, db.session)
    class_permission_name = "SupervisionIssue"
    listing_class = IssueListing
    include_route_methods = frozenset(
        {"list", "export", "count", "preferences", "show", "edit", "from_inspection", "discard", "rectify",
         "confirm", "send_back"}
    )
    list_template = "supervision/list.html"
    list_columns = ["state"]
    list_title = _l("Supervision issues")
    add_form = edit_form = IssueForm
    row_pages = False
    choices = {"state": rules.FLOW.states, "source": rules.SOURCES}

    @expose("/from-inspection/<pk>", methods=["POST"])
    @has_access
    @permission_name("add")
    def from_inspection(self, pk: str) -> Any:
        """转督办: one click on a problem of an inspection leads to its issue, a draft to be completed."""
        item = row_id(pk)
        try:
            with unit_of_work() as session:
                key = services.create_from_inspection(session, item).id
        except RuleViolation as refusal:
            pages.say(refusal)
            db.session.rollback()
            found = inspections.find_item(db.session(), item)
            if found is None:
                return redirect(url_for("InspectionView.list"))
            return redirect(url_for("InspectionView.show", pk=found.inspection_id))
        return redirect(url_for("IssueView.show", pk=key))

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def show(self, pk: str) -> Any:
        issue = queries.get_issue(db.session(), row_id(pk))
        return self._page(issue, IssueForm.of(issue))

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def edit(self, pk: str) -> Any:
        """保存, or 下发 (``then=open``) with everything R22 asks for."""
        issue = queries.get_issue(db.session(), row_id(pk))
        key = issue.id
        if request.method == "GET":
            return redirect(url_for("IssueView.show", pk=key))
        form = IssueForm.of(issue, request.form)
        opening = request.form.get("then") == "open"
        try:
            with unit_of_work() as session:
                do = services.open_issue if opening else services.save
                do(session, issue, form.changes(issue), pages.posted_version())
        except (RuleViolation, StaleRow) as refusal:
            db.session.rollback()
            db.session.expire_all()
            found = refusal.findings if isinstance(refusal, RuleViolation) else ()
            said = () if found else (translate(refusal.message),)
            return self._page(queries.get_issue(db.session(), key), form, found, said, refusal.status)
        flash(_("The issue was opened.") if opening else _("The issue was saved."), "success")
        return redirect(url_for("IssueView.show", pk=key))

    @expose("/discard/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def discard(self, pk: str) -> Any:
        """Give a draft up."""
        return self._step(pk, services.discard, _("The draft was given up."), url_for("IssueView.list"))

    # ── rectification ──
    @expose("/rectify/<pk>", methods=["POST"])
    @has_access
    @permission_name("submit")
    def rectify(self, pk: str) -> Any:
        """提交整改: how it was rectified, with evidence."""
        text = request.form.get("text", "")
        return self._step(
            pk, lambda s, issue, version: services.rectify(s, issue, text, version), _("The rectification was filed.")
        )

    @expose("/confirm/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def confirm(self, pk: str) -> Any:
        return self._step(pk, services.confirm, _("The rectification was confirmed."))

    @expose("/send-back/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def send_back(self, pk: str) -> Any:
        why = pages.reason()
        return self._step(
            pk, lambda s, issue, version: services.send_back(s, issue, why, version),
            _("The rectification was sent back."),
        )  # fmt: skip

    def _step(self, pk: str, do: Callable[[Any, SupervisionIssue, int], Any], said: str, then: str = "") -> Any:
        """Carry out one step; a refusal is said on the page of the issue."""
        key, version = row_id(pk), pages.posted_version()
        try:
            with unit_of_work() as session:
                do(session, queries.get_issue(session, key), version)
        except (RuleViolation, StaleRow) as refusal:
            pages.say(refusal)
            return redirect(url_for("IssueView.show", pk=key))
        flash(said, "success")
        return redirect(then or url_for("IssueView.show", pk=key))

    def _page(
        self, issue: SupervisionIssue, form: IssueForm, found: tuple[Finding, ...] = (),
        said: tuple[str, ...] = (), status: int = 200,
    ) -> Any:  # fmt: skip
        session = db.session()
        plan = get_plan(session, issue.plan_task_id)
        item = inspections.find_item(session, issue.inspection_item_id) if issue.inspection_item_id else None
        loose = [*said, *form.show(found)]
        if said:
            form.version.data = str(issue.version)
        offered = {step.action for step in rules.FLOW.offered(issue.state, current_actor())}
        shown = issue.state not in rules.EDITABLE
        page = self.render_template(
            "supervision/show.html", view=self, issue=issue, form=form, plan=plan, item=item, rules=rules,
            loose=loose, place=pages.place(plan), draft=f"supervision-{issue.id}",
            evidence=panels(session, current_actor(), "SupervisionIssue", issue) if shown else [],
            rectifies="rectify" in offered,
            judges="confirm" in offered and current_actor().region_level == issue.level,
            writable=rules.may_write(current_actor(), issue.level, issue.state),
            events=pages.events(session, "SupervisionIssue", issue.id, rules.FLOW),
        )  # fmt: skip
        return page, status

"""建设单位账号分配: the tab of a plan task's dossier (M1.6.5.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import current_app, flash, jsonify, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.accounts.construction import queries, services
from app.accounts.construction.rules import FLOW, STATES
from app.accounts.profile_views import by_field
from app.accounts.views import no_store
from app.annual_plans.services import get_plan
from app.extensions import _, db
from app.kernel.errors import RuleViolation, StaleRow
from app.notifications.rules import FAULTS, SMS_STATES
from app.persistence.context import current_actor
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from app.web.views import row_id
from app.web.wording import translate

TYPED = ("username", "unit_name", "phone")


def portal_address() -> str:
    """Where a unit signs in: the address that is set, else the one this request came to."""
    return str(current_app.config["PORTAL_URL"]) or request.url_root.rstrip("/")


class ConstructionAccountView(BaseView):
    """Accounts of construction units on a plan task: issued, stopped, started and reset by the county."""

    route_base = "/construction-accounts"
    class_permission_name = "ConstructionAccount"
    default_view = "tab"

    def may(self, action: str) -> bool:
        return current_actor().may(f"can_{action}", self.class_permission_name)

    # ── pages ──
    @expose("/plan/<pk>", methods=["GET"])
    @has_access
    @permission_name("list")
    def tab(self, pk: str) -> Any:
        """The tab's content for the dossier, or a page of its own where there is no script."""
        return self._page(pk)

    def _page(self, pk: str, status: int = 200, **more: Any) -> Any:
        plan = get_plan(db.session(), row_id(pk))
        inside = "HX-Request" in request.headers
        body = self.render_template(
            "construction/tab.html" if inside else "construction/page.html", view=self, plan=plan,
            rows=queries.of_plan(db.session(), plan.id), states=STATES, sms_states=SMS_STATES, faults=FAULTS,
            units=queries.units_of(db.session(), plan.county_code, plan.id) if self.may("add") else (),
            finished=plan.implementation_state == "finished", offered=self._offered, now=utcnow(),
            **{"typed": {}, "errors": {}, **more},
        )  # fmt: skip
        return no_store(body, status)

    def _offered(self, row: Any) -> set[str]:
        """What the actor may do with an account now."""
        return {step.action for step in FLOW.offered(row.state, current_actor()) if step.needs}

    @expose("/plan/<pk>/check", methods=["POST"])
    @has_access
    @permission_name("add")
    def check(self, pk: str) -> Any:
        """What stands against a new account while it is being typed: whether the login is free, above all."""
        get_plan(db.session(), row_id(pk))
        typed = {key: request.form.get(key, "") for key in TYPED}
        found = [
            {
                "field": finding.field, "level": finding.level, "rule": finding.rule,
                "message": translate(finding.message), "missing": not typed.get(finding.field or "", ""),
            }
            for finding in services.findings(db.session(), typed)
        ]  # fmt: skip
        if not any(finding["field"] == "username" for finding in found):
            free = {"field": "username", "level": "ok", "rule": "", "message": _("This login name is free.")}
            found.append({**free, "missing": False})
        return jsonify(findings=found)

    # ── deeds ──
    @expose("/plan/<pk>/issue", methods=["POST"])
    @has_access
    @permission_name("add")
    def issue(self, pk: str) -> Any:
        """下发账号: the one-time password goes out by text message and is shown nowhere."""
        typed = {key: request.form.get(key, "") for key in TYPED}
        try:
            with unit_of_work() as work:
                services.issue(work, current_actor(), row_id(pk), typed, portal_address())
        except RuleViolation as error:
            return self._page(pk, 422, typed=typed, errors=by_field(error))
        flash(_("The account was issued; its one-time password is on its way by text message."), "success")
        return self._back(pk)

    @expose("/plan/<pk>/assign", methods=["POST"])
    @has_access
    @permission_name("add")
    def assign(self, pk: str) -> Any:
        """Give the plan task to the account that a unit of the county already has."""
        chosen = request.form.get("account", "")
        number = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 else 0
        try:
            with unit_of_work() as work:
                services.assign(work, current_actor(), row_id(pk), number)
        except RuleViolation as error:
            return self._page(pk, 422, errors=by_field(error))
        flash(_("The unit now has this plan task; it signs in as before."), "success")
        return self._back(pk)

    @expose("/<pk>/stop", methods=["POST"])
    @has_access
    @permission_name("stop")
    def stop(self, pk: str) -> Any:
        return self._do(pk, services.stop, _("The unit no longer has this plan task."))

    @expose("/<pk>/start", methods=["POST"])
    @has_access
    @permission_name("stop")
    def start(self, pk: str) -> Any:
        return self._do(pk, services.start, _("The unit has this plan task again."))

    @expose("/<pk>/reset", methods=["POST"])
    @has_access
    @permission_name("reset")
    def reset(self, pk: str) -> Any:
        """A new one-time password, by text message, to another number if one was typed."""
        more = {"address": portal_address(), "phone": request.form.get("phone", "")}
        said = _(
            "A new one-time password is on its way by text message; every session of the account has ended."
        )
        return self._do(pk, services.reset, said, more)

    def _do(self, pk: str, deed: Callable[..., Any], said: str, more: Mapping[str, str] | None = None) -> Any:
        number = row_id(pk)
        plan_id = services.get_grant(db.session(), number).plan_task_id
        try:
            with unit_of_work() as work:
                deed(work, current_actor(), number, **(more or {}))
        except RuleViolation as error:
            flash(translate(error.message), "danger")
        except StaleRow as error:
            flash(translate(error.message), "warning")
        else:
            flash(said, "success")
        return self._back(str(plan_id))

    def _back(self, pk: str) -> Any:
        return redirect(url_for("PlanView.show", pk=pk, tab="accounts"))

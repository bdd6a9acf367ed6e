"""The steps of a scheme after its submission: joint review, approval, publicity, withdrawal (N2.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy.orm import Session

from app.extensions import _, db
from app.kernel.errors import RuleViolation
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.schemes import pages, queries, rules, services
from app.schemes.models import Scheme

MOST_REASON = 1000


def reason() -> str:
    """The note of the form, of bounded length."""
    return request.form.get("reason", "").replace("\x00", "").strip()[:MOST_REASON]


class SchemeFlowPages:
    """Mixed into SchemeView: ``withdraw``, ``approve``, ``send_back``, ``publish``, ``decide``."""

    def _step(self, pk: str, do: Callable[[Session, Scheme], Any], said: Any) -> Any:
        """Carry out one step and go back to the scheme; a refusal is said there and the reason kept."""
        scheme = pages.find(pk)
        try:
            with unit_of_work() as session:
                do(session, scheme)
        except RuleViolation as refusal:
            pages.say(refusal)
            db.session.rollback()
            return redirect(url_for("SchemeView.show", pk=pk))
        flash(said, "success")
        return redirect(url_for("SchemeView.show", pk=pk))

    @expose("/withdraw/<pk>", methods=["POST"])
    @has_access
    @permission_name("submit")
    def withdraw(self, pk: str) -> Any:
        return self._step(
            pk, lambda s, scheme: services.withdraw(s, scheme, reason()), _("The scheme is a draft again.")
        )

    @expose("/approve/<pk>", methods=["POST"])
    @has_access
    @permission_name("approve")
    def approve(self, pk: str) -> Any:
        """City or county approval after the joint review; with the word that it is true (R25)."""
        if request.form.get("confirmed") != "1":
            flash(_("Confirm that the information is true."), "danger")
            return redirect(url_for("SchemeView.show", pk=pages.find(pk).id))
        return self._step(
            pk, lambda s, scheme: services.approve(s, scheme, reason()), _("The scheme was approved.")
        )

    @expose("/return/<pk>", methods=["POST"])
    @has_access
    @permission_name("approve")
    def send_back(self, pk: str) -> Any:
        return self._step(
            pk, lambda s, scheme: services.send_back(s, scheme, reason()), _("The scheme was returned.")
        )

    @expose("/publish/<pk>", methods=["POST"])
    @has_access
    @permission_name("publish")
    def publish(self, pk: str) -> Any:
        return self._step(pk, services.publish, _("The scheme is public now."))

    @expose("/decide/<pk>", methods=["POST"])
    @has_access
    @permission_name("show")
    def decide(self, pk: str) -> Any:
        """通过 or 退回 for the reviewer's own department; then the next one that waits opens by itself."""
        department = rules.department_of(current_actor())
        if not department:
            abort(403)
        outcome = request.form.get("outcome", "")
        if outcome not in ("passed", "returned"):
            flash(_("Choose whether the scheme passes or is returned."), "danger")
            return redirect(url_for("SchemeView.show", pk=pages.find(pk).id))
        scheme, passed, why = pages.find(pk), outcome == "passed", reason()
        try:
            with unit_of_work() as session:
                services.review(session, scheme, department, passed=passed, reason=why)
        except RuleViolation as refusal:
            pages.say(refusal)
            return redirect(url_for("SchemeView.show", pk=pk))
        flash(
            _("Your decision was recorded: passed.")
            if passed
            else _("Your decision was recorded: returned."),
            "success",
        )
        following = db.session.scalars(queries.waiting_for(department).limit(1)).first()
        if following is not None:
            return redirect(url_for("SchemeView.show", pk=following.id))
        return redirect(url_for("SchemeView.list"))

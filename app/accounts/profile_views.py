"""个人维护 (M1.1): phone, language, password, second factor and sessions of one's own account."""

from __future__ import annotations

from typing import Any

import segno
from flask import current_app, flash, g, redirect, request, session, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.accounts import credentials, queries, safety, services, signing
from app.accounts.models import Account
from app.accounts.policy import policy_for
from app.accounts.rules import ROLES
from app.accounts.views import no_store, open_session
from app.extensions import _, db
from app.kernel.errors import Finding, RuleViolation, msg
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.web.frame import Portal
from app.web.views import row_id


def by_field(error: RuleViolation) -> dict[str, Any]:
    """Field (or "" for the whole form) → message, the first of each."""
    found: dict[str, Any] = {}
    for finding in error.findings:
        found.setdefault(finding.field or "", finding.message)
    return found


class ProfileView(BaseView):
    """Everything a person keeps up about the own account; other people's accounts are the administrators'."""

    route_base = "/profile"
    class_permission_name = "Profile"
    default_view = "show"

    def _account(self) -> Account:
        return db.session.get_one(Account, current_actor().user_id, populate_existing=True)

    def _page(self, template: str, status: int = 200, **context: Any) -> Any:
        account = context.pop("account", None) or self._account()
        context.setdefault("errors", {})
        context.setdefault("typed", {})
        return no_store(
            self.render_template(
                f"accounts/{template}.html",
                account=account,
                policy=policy_for(account.region_code),
                **context,
            ),
            status,
        )

    @expose("/")
    @has_access
    @permission_name("show")
    def show(self) -> Any:
        return self._profile()

    def _profile(self, status: int = 200, **context: Any) -> Any:
        account = self._account()
        actor = current_actor()
        return self._page(
            "profile",
            status,
            account=account,
            role_labels=[ROLES[name].label for name in sorted(actor.roles) if name in ROLES],
            sessions=queries.open_sessions(actor.user_id),
            languages=current_app.config["LANGUAGES"],
            factor_required=actor.roles
            and policy_for(actor.region_code).needs_second_factor(actor.roles)
            and current_app.config["PRODUCTION"],
            **context,
        )

    @expose("/edit", methods=["POST"])
    @has_access
    @permission_name("edit")
    def edit(self) -> Any:
        languages = current_app.config["LANGUAGES"]
        try:
            with unit_of_work() as work:
                services.save_profile(work, self._account(), request.form, languages)
        except RuleViolation as error:
            return self._profile(422, errors=by_field(error), typed=request.form)
        if (language := request.form.get("language")) in languages:
            session["locale"] = language
        flash(_("Saved."), "success")
        return redirect(url_for("ProfileView.show"))

    # ── password ──
    @expose("/password/", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def password(self) -> Any:
        """Change the password; the old one is asked and counted like a sign-in."""
        if request.method == "GET":
            return self._page("password", forced=current_actor().must_change_password)
        try:
            self._prove(request.form.get("old", ""), "old")
            with unit_of_work() as work:
                account = self._account()
                credentials.change_password(
                    work, account, request.form.get("new", ""), request.form.get("again", "")
                )
                services.end_all(account, "password_changed")
        except RuleViolation as error:
            return self._page(
                "password", 422, errors=by_field(error), forced=current_actor().must_change_password
            )
        open_session(self._account(), "password_changed")
        flash(_("The password was changed. Every other session of your account has ended."), "success")
        return redirect(url_for("HomeView.index" if not g.must_enrol else "ProfileView.factor"))

    def _prove(self, password: str, field: str) -> None:
        """Make sure that it is the owner who asks. Raises: RuleViolation."""
        if not signing.prove(db.session(), current_actor().user_id or 0, password):
            raise RuleViolation(
                Finding("M1.1", "error", field, msg("The present password is wrong, or too many were tried."))
            )

    # ── second factor ──
    @expose("/second-factor/", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def factor(self) -> Any:
        """Set up the second factor: QR code, first code, recovery codes (shown once)."""
        account = self._account()
        if account.totp_confirmed_at is not None:
            return redirect(url_for("ProfileView.show"))
        if not account.totp_secret:
            with unit_of_work() as work:
                credentials.begin_factor(work, self._account())
        if request.method == "GET":
            return self._factor_page()
        try:
            with unit_of_work() as work:
                codes = credentials.confirm_factor(work, self._account(), request.form.get("otp", ""))
                services.void(work, self._account(), "factor_set")
        except RuleViolation as error:
            return self._factor_page(422, by_field(error))
        open_session(self._account(), "factor_set")
        return self._page("recovery_codes", codes=codes)

    def _factor_page(self, status: int = 200, errors: dict[str, Any] | None = None) -> Any:
        account = self._account()
        uri = credentials.provisioning_uri(account, Portal().title)
        picture = segno.make(uri, error="m").svg_data_uri(scale=5, border=4, light="#fff")
        secret = " ".join(account.totp_secret[i : i + 4] for i in range(0, len(account.totp_secret), 4))
        return self._page(
            "factor", status, account=account, picture=picture, secret=secret, errors=errors or {},
            required=g.must_enrol,
        )  # fmt: skip

    @expose("/second-factor/off", methods=["POST"])
    @has_access
    @permission_name("edit")
    def factor_off(self) -> Any:
        """Take the second factor off: the password is asked; not where the policy wants it."""
        account = self._account()
        try:
            if current_app.config["PRODUCTION"] and policy_for(account.region_code).needs_second_factor(
                current_actor().roles
            ):
                raise RuleViolation(
                    Finding("M1.1", "error", "password", msg("Your role signs in with a second factor."))
                )
            self._prove(request.form.get("password", ""), "password")
            with unit_of_work() as work:
                account = self._account()
                credentials.remove_factor(work, account)
                services.void(work, account, "factor_reset")
        except RuleViolation as error:
            return self._profile(422, errors=by_field(error), typed={})
        open_session(self._account(), "factor_reset")
        flash(_("The second factor is off."), "success")
        return redirect(url_for("ProfileView.show"))

    # ── sessions ──
    @expose("/sessions/<pk>/end", methods=["POST"])
    @has_access
    @permission_name("edit")
    def end_session(self, pk: str) -> Any:
        with unit_of_work() as work:
            safety.end_session(work, current_actor(), row_id(pk), own=True)
        flash(_("The session was ended."), "success")
        return redirect(url_for("ProfileView.show"))

    @expose("/sessions/end-others", methods=["POST"])
    @has_access
    @permission_name("edit")
    def end_others(self) -> Any:
        with unit_of_work() as work:
            ended = safety.end_sessions_of(work, current_actor(), current_actor().user_id or 0, own=True)
        flash(_("%(n)s other sessions were ended.", n=ended), "success")
        return redirect(url_for("ProfileView.show"))

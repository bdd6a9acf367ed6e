"""Signing in and out, and what a page asks about its session."""

from __future__ import annotations

import time
from typing import Any

from flask import current_app, flash, jsonify, make_response, redirect, request, session, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.views import AuthDBView
from flask_login import login_user
from flask_wtf.csrf import generate_csrf

from app.accounts import kept, kept_words, signing
from app.accounts.api import limits
from app.accounts.models import Account
from app.accounts.policy import policy_for
from app.accounts.principal import TOKEN_KEY, end_sessions, hash_token, resolve_actor, start_session
from app.accounts.rules import local_path
from app.extensions import _, db
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work

PENDING = "_second"
PENDING_SECONDS = 300


def no_store(body: Any, status: int = 200) -> Any:
    """An answer that no cache keeps."""
    answer = make_response(body, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def open_session(account: Account, reason: str = "replaced") -> None:
    """Give this browser a new session of the account; the one it had before is over."""
    locale = account.language or session.get("locale")
    former = session.get(TOKEN_KEY)
    user_id, version = account.id, account.auth_version
    with unit_of_work():
        if former:
            end_sessions(reason, token_hash=hash_token(str(former)))
        token = start_session(user_id, version)
    session.clear()
    session[TOKEN_KEY] = token
    if locale in current_app.config["LANGUAGES"]:
        session["locale"] = locale
    resolve_actor()
    login_user(db.session.get_one(Account, user_id))


class AuthView(AuthDBView):
    """FAB's sign-in with counted attempts, a second step, records, and sessions that live in the database."""

    login_template = "appbuilder/general/security/login_db.html"
    limits = limits()

    @expose("/login/", methods=["GET", "POST"])
    def login(self) -> Any:
        if request.method == "POST":
            return self._second_step() if "otp" in request.form else self._first_step()
        session.pop(PENDING, None)
        if current_actor().is_authenticated:
            return redirect(self._next())
        signing.decoy()
        return self._form()

    def _next(self) -> str:
        return local_path(request.args.get("next")) or url_for("HomeView.index")

    def _form(self, status: int = 200, **context: Any) -> Any:
        policy = policy_for(None)
        context.setdefault("username", "")
        body = self.render_template(
            self.login_template,
            title=_("Sign in"),
            lockout_text=_(
                "After %(n)s wrong passwords the account is locked for %(minutes)s minutes. Forgotten passwords are"
                " reset by the system administrator.",
                n=policy.lockout_failures,
                minutes=policy.lockout_minutes,
            ),
            **context,
        )
        return no_store(body, status)

    def _first_step(self) -> Any:
        username, password = request.form.get("username", ""), request.form.get("password", "")
        tried = signing.attempt(db.session(), username, password)
        if tried.account is None:
            flash(_("The account or the password is wrong, or the account is locked or stopped."), "danger")
            return self._form(401, username=signing.login_name(username))
        if tried.outcome == "second_step":
            session[PENDING] = [tried.account.id, tried.account.auth_version, int(time.time())]
            return self._form(otp_required=True)
        return self._enter(tried.account)

    def _second_step(self) -> Any:
        pending = session.get(PENDING)
        if not pending or time.time() - pending[2] > PENDING_SECONDS:
            session.pop(PENDING, None)
            flash(_("That took too long. Please sign in again."), "warning")
            return self._form(401)
        tried = signing.second_step(db.session(), pending[0], pending[1], request.form.get("otp", ""))
        if tried.account is not None:
            return self._enter(tried.account)
        if tried.outcome == "wrong_code":
            error = _("The code is wrong, was used already, or too many were tried.")
            return self._form(401, otp_required=True, otp_error=error)
        session.pop(PENDING, None)
        flash(_("The account or the password is wrong, or the account is locked or stopped."), "danger")
        return self._form(401)

    def _enter(self, account: Account) -> Any:
        target = self._next()
        open_session(account)
        if kept.newest(current_actor().user_id) is not None:
            return redirect(url_for("SessionView.kept", next=target))
        return redirect(target)

    @expose("/logout/", methods=["POST"])
    def logout(self) -> Any:
        actor = current_actor()
        if actor.session_id:
            with unit_of_work() as work:
                end_sessions("signed_out", session_id=actor.session_id)
                signing.note(work, actor.username, actor.user_id, "signed_out")
        session.clear()
        return redirect(url_for("AuthView.login"))


class SessionView(BaseView):
    """What the scripts of a page ask about its session, and the form kept from the last one."""

    route_base = "/session"
    class_permission_name = "Profile"
    default_view = "live"

    @expose("/")
    def live(self) -> Any:
        """200 while the session lives (the guard answers 401 otherwise), with the token for the next form."""
        return no_store(jsonify(live=True, user=current_actor().username, csrf=generate_csrf()))

    @expose("/kept/", methods=["GET", "POST"])
    def kept(self) -> Any:
        """The form that arrived after the last session had ended: send it again or discard it."""
        target = local_path(request.args.get("next")) or url_for("HomeView.index")
        if request.method == "POST":
            kept.forget(current_actor().user_id, request.form.get("discard", ""))
            flash(_("What was kept has been discarded."), "info")
            return redirect(target)
        form = kept.newest(current_actor().user_id)
        if form is None:
            return redirect(target)
        shown = kept_words.entries(form)
        return no_store(
            self.render_template("accounts/kept.html", form=form, entries=shown, target=target)
        )

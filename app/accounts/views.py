"""Signing in and out."""

from __future__ import annotations

from typing import Any

from flask import current_app, redirect, request, session, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.views import AuthDBView
from flask_login import login_user

from app.accounts.principal import TOKEN_KEY, end_sessions, start_session
from app.extensions import _, db
from app.persistence.context import current_actor


class AuthView(AuthDBView):
    """FAB's sign-in with sessions that live in the database."""

    login_template = "appbuilder/general/security/login_db.html"

    @expose("/login/", methods=["GET", "POST"])
    def login(self) -> Any:
        if request.method == "POST":
            username = request.form.get("username", "")
            password = request.form.get("password", "")
            user = current_app.appbuilder.sm.auth_user_db(username, password)  # type: ignore[attr-defined]
            if user:
                session.clear()
                session[TOKEN_KEY] = start_session(user.id, user.auth_version)
                db.session.commit()
                login_user(user)
                return redirect(url_for("HomeView.index"))
        return self.render_template(self.login_template, title=_("Sign in"), appbuilder=self.appbuilder)

    @expose("/logout/", methods=["POST"])
    def logout(self) -> Any:
        if session_id := current_actor().session_id:
            end_sessions("signed_out", session_id=session_id)
            db.session.commit()
        session.clear()
        return redirect(url_for("AuthView.login"))



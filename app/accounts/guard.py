"""Deny by default: without a live session nothing answers but what is listed here; what was typed is kept."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from flask import Flask, Response, flash, g, jsonify, redirect, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from app.accounts import kept
from app.accounts.rules import local_path
from app.extensions import _, csrf
from app.persistence.context import current_actor

# credentials come with the request itself: no cookie, so no forgery
TOKEN_ENDPOINTS = frozenset({"TokenApi.login", "TokenApi.refresh"})
# everything that answers without a session; a new public page is added here and nowhere else
PUBLIC_PAGES = frozenset(f"PublicSchemeView.{name}" for name in ("list", "show", "comment", "qr"))
PUBLIC = (
    frozenset(
        {
            "static",
            "AuthView.login",
            "AuthView.logout",
            "LocaleView.index",
            "ManualView.show",
            "healthz",
            "metrics",
        }
    )
    | PUBLIC_PAGES
    | TOKEN_ENDPOINTS
)
# what an account may reach before it has changed its first password or set up a required second factor
BEFORE_READY = frozenset({"SessionView.live"})
PASSWORD_PAGE = "ProfileView.password"
FACTOR_PAGES = frozenset({"ProfileView.factor", "ProfileView.factor_off"})


def is_public(endpoint: str) -> bool:
    """Whether an endpoint answers without a session."""
    return endpoint in PUBLIC


def from_script() -> bool:
    """Whether a script or program asks: it gets JSON, a person gets a page."""
    heads = request.headers
    return (
        request.path.startswith("/api/")
        or "HX-Request" in heads
        or heads.get("X-Requested-With", "") in {"fetch", "XMLHttpRequest"}
        or request.is_json
        or request.accept_mimetypes.best == "application/json"
    )


def guard() -> Any:
    """``before_request``: who is not signed in, or not ready, goes no further."""
    endpoint = request.endpoint
    if endpoint is None or is_public(endpoint):
        return None
    if not current_actor().is_authenticated:
        return _sign_in_first()
    if current_actor().must_change_password and endpoint not in BEFORE_READY | {PASSWORD_PAGE}:
        return _not_ready(PASSWORD_PAGE, _("Please choose a new password first."))
    if g.must_enrol and endpoint not in BEFORE_READY | FACTOR_PAGES | {PASSWORD_PAGE}:
        return _not_ready(
            "ProfileView.factor", _("Your role signs in with a second factor: please set it up first.")
        )
    return None


def _sign_in_first() -> Any:
    if from_script():
        answer = jsonify(message=_("Please sign in."))
        answer.status_code = 401
        answer.headers["X-Login-Required"] = "1"
        return answer
    if request.method == "POST" and g.session_state == "idle" and _keep(g.idle_user_id):
        flash(
            _("Your session had ended. What you typed is kept and is shown again when you have signed in."),
            "warning",
        )
    elif g.session_state in {"idle", "ended"}:
        flash(_("Your session has ended. Please sign in again."), "info")
    return redirect(f"{url_for('AuthView.login')}?next={quote(_page(), safe='/')}")


def _not_ready(endpoint: str, message: str) -> Any:
    if from_script():
        return jsonify(message=message), 403
    if request.method == "POST":
        _keep(current_actor().user_id)
    flash(message, "warning")
    return redirect(url_for(endpoint))


def _keep(user_id: int | None) -> bool:
    """Keep the form for its owner; only a form of ours (its token is right) is worth keeping."""
    if user_id is None:
        return False
    try:
        csrf.protect()
        return kept.keep(user_id, request.path, request.form)
    except (CSRFError, BadRequest, RequestEntityTooLarge):
        return False


def _page() -> str:
    """The page to come back to: the one asked for, or the one whose form was sent."""
    if request.method == "GET":
        return local_path(request.full_path.rstrip("?")) or "/"
    origin = urlsplit(request.referrer or "")
    if origin.netloc == request.host:
        return local_path(origin.path + (f"?{origin.query}" if origin.query else "")) or "/"
    return "/"


def clear_kept(response: Response) -> Response:
    """``after_request``: a kept form that was sent again and taken is kept no longer."""
    plain = request.method == "POST" and request.mimetype == "application/x-www-form-urlencoded"
    if plain and response.status_code < 400 and g.get("session_state") == "live":
        key = request.form.get(kept.FIELD)
        if key and "/login/" not in (response.location or ""):
            kept.forget(current_actor().user_id, key)
    return response


def install(app: Flask) -> None:
    """Put the guard behind the resolution of the actor and before the check for forgery."""
    app.before_request(guard)
    app.after_request(clear_kept)

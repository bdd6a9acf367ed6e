"""Binding the extensions: session events, security headers, CSRF, translations, FAB with only our views."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import flask_appbuilder
from flask import Flask, Response, abort, current_app, redirect, request, session
from flask_babel import Domain
from flask_talisman import Talisman

import config
from app.accounts import guard
from app.accounts.principal import bearer_token, forget_actor, resolve_actor
from app.audit import services as audit
from app.extensions import appbuilder, csrf, db, migrate
from app.persistence import engine, gate, locks
from app.web import language

CSP = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": ["'self'", "data:", "blob:"],
    "connect-src": "'self'",
    "font-src": "'self'",
    "media-src": ["'self'", "blob:"],
    "manifest-src": "'self'",
    "form-action": "'self'",
    "frame-src": "'self'",
    "frame-ancestors": "'self'",
    "base-uri": "'none'",
    "object-src": "'none'",
}
# what FAB registers and the product does not offer
_NOT_OFFERED = ("UtilView.", "OpenApi.", "MenuApi.", "appbuilder.static", "console.static")


def catalogues() -> tuple[list[str], list[str]]:
    """(folders, domains): one catalogue per capability, later ones win; FAB's own come first."""
    folder = config.ROOT / "translations"
    names = sorted(path.stem for path in (folder / "zh_Hans_CN" / "LC_MESSAGES").glob("*.po"))
    fab = Path(flask_appbuilder.__file__).parent / "translations"
    return [str(fab), *[str(folder)] * len(names)], ["messages", *names]


def use_catalogues(app: Flask) -> None:
    """Keep one translation domain for the process: Flask-Babel would read the catalogues anew each request."""
    folders, domains = catalogues()
    domain = Domain(folders, domain=";".join(domains))
    app.extensions["portal_domain"] = domain
    app.before_request(domain.as_default)


class Headers(Talisman):  # type: ignore[misc]
    """Talisman whose headers, the same for nearly every view, are put together once: no nonces, no redirects."""

    def _force_https(self) -> None:
        """The proxy in front redirects; nothing to look at here."""

    def _make_nonce(self) -> None:
        """Scripts and styles come from files alone."""

    def _set_response_headers(self, response: Response) -> Response:
        view = current_app.view_functions.get(request.endpoint or "")
        if hasattr(view, "talisman_view_options"):
            return super()._set_response_headers(response)  # type: ignore[no-any-return]
        secure = request.is_secure or request.headers.get("X-Forwarded-Proto") == "https"
        response.headers.update(self._usual(secure))
        return response

    @cache  # noqa: B019 - lives as long as the application
    def _usual(self, _secure: bool) -> dict[str, str]:
        """The headers for requests over HTTPS or not (Strict-Transport-Security)."""
        made = Response()
        made.headers.clear()
        return dict(super()._set_response_headers(made).headers)


def init_extensions(app: Flask) -> None:
    """Database, migrations, CSRF, headers and the per-request actor."""
    use_catalogues(app)
    db.init_app(app)
    install_session_events()
    migrate.init_app(app, db, directory=str(config.ROOT / "app" / "migrations"), compare_type=True)
    csrf.init_app(app)
    Headers(
        app,
        content_security_policy=CSP,
        force_https=False,
        strict_transport_security=bool(app.config["HTTPS"]),
        session_cookie_secure=bool(app.config["HTTPS"]),
        session_cookie_http_only=True,
        frame_options="SAMEORIGIN",
        referrer_policy="same-origin",
        permissions_policy={"camera": "(self)", "geolocation": "(self)", "microphone": "()"},
    )
    app.before_request(resolve_actor)
    guard.install(app)
    app.before_request(protect_from_forgery)
    app.teardown_request(forget_actor)


@cache
def install_session_events() -> None:
    """Row policies, gate, locks and audit hang on the one session factory of the process: put there once."""
    for install in (engine.install, gate.install, locks.install, audit.install):
        install(db.session)


def protect_from_forgery() -> None:
    """CSRF for pages and, when a cookie is the credential, for the API: a bearer token needs none."""
    if request.method in {"GET", "HEAD", "OPTIONS", "TRACE"} or not request.endpoint:
        return
    if bearer_token() is not None or request.endpoint in guard.TOKEN_ENDPOINTS:
        return
    csrf.protect()


def init_appbuilder(app: Flask) -> None:
    """FAB with our security manager and index; its own security pages stay unregistered."""
    from app.accounts.security import PortalSecurityManager
    from app.web.home import HomeView

    appbuilder.security_manager_class = PortalSecurityManager
    appbuilder.indexview = HomeView
    appbuilder.menu = None
    appbuilder.baseviews = []
    appbuilder.init_app(app, db.session)
    language.install(app)


def prune_routes(app: Flask) -> None:
    """Take away what FAB registers by itself: only routes of the permission matrix remain."""
    rules: list[Any] = list(app.url_map.iter_rules())
    for rule in rules:
        if rule.endpoint.startswith(_NOT_OFFERED) or rule.endpoint.endswith(".download"):
            app.view_functions[rule.endpoint] = _gone
    app.view_functions["LocaleView.index"] = switch_language


def _gone(**_kwargs: object) -> Any:
    abort(404)


def switch_language(locale: str) -> Any:
    """Remember the language and go back to where the person was (never to another host)."""
    if locale not in current_app.config["LANGUAGES"]:
        abort(404)
    session["locale"] = locale
    came = urlsplit(request.referrer or "")
    here = came.netloc == request.host and came.path.startswith("/") and not came.path.startswith("//")
    return redirect(f"{came.path}?{came.query}" if here and came.query else came.path if here else "/")

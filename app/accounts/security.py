"""FAB's security manager on our terms: permissions from the actor's frozenset, views of our own, nothing by default."""

from __future__ import annotations

from typing import Any

from flask import Flask, g, request
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager

from app.accounts import signing
from app.accounts.models import Account
from app.extensions import appbuilder, db
from app.persistence.context import current_actor


class PageLimiter(Limiter):
    """Flask-Limiter that counts before a request only where a view declared a limit: there are no others."""

    def _check_request_limit(self, callable_name: str | None = None, in_middleware: bool = True) -> None:
        manager = self.limit_manager
        limited = request.blueprint in manager._blueprint_limits or manager.has_hints(request.endpoint or "")
        if limited or not in_middleware:
            super()._check_request_limit(callable_name, in_middleware)


class PortalSecurityManager(SecurityManager):
    """Answers every permission question of FAB from the actor resolved once per request (no SQL)."""

    user_model = Account

    def create_login_manager(self, app: Any) -> LoginManager:
        manager = super().create_login_manager(app)
        manager.session_protection = None
        return manager

    def has_access(self, permission_name: str, view_name: str) -> bool:
        return current_actor().may(permission_name, view_name)

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        return False

    def get_user_menu_access(self, menu_names: list[str] | None = None) -> set[str]:
        return set()

    def load_user(self, pk: int) -> Any:
        """The ORM user, only when somebody asks for it, and only while the session is alive."""
        actor = current_actor()
        if actor.user_id is None or str(actor.user_id) != str(pk):
            return None
        return super().load_user(pk)

    def auth_user_db(self, username: str | None, password: str | None) -> Any:
        """FAB's own way in, wherever it is still called: counted, locked and recorded like every other."""
        tried = signing.attempt(db.session(), username or "", password or "", api=True)
        return tried.account if tried.passed else None

    def create_limiter(self, app: Flask) -> Limiter:
        limiter = PageLimiter(key_func=app.config.get("RATELIMIT_KEY_FUNC", get_remote_address))
        limiter.init_app(app)
        return limiter

    def register_views(self) -> None:
        """Only the product's own account pages are registered (see navigation)."""
        from app.accounts.api import TokenApi
        from app.accounts.views import AuthView

        self.auth_view = appbuilder.add_view_no_menu(AuthView)
        appbuilder.add_api(TokenApi)

    @staticmethod
    def before_request() -> None:
        from flask_login import current_user

        g.user = current_user

    def sync_role_definitions(self) -> None:
        """Roles and permissions come from the matrix by ``flask portal sync-roles``, never at start."""

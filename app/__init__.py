"""The portal of 城镇老旧小区改造: application factory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import config
from app.web.cookies import PortalSessions
from app.web.texts import PortalEnvironment


class PortalFlask(Flask):
    """Flask without coroutines: nobody need look at every function whether it is one."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(overrides: dict[str, object] | None = None) -> Flask:
    """Build the application: settings → extensions → capabilities → error pages → commands."""
    app = PortalFlask("app", root_path=str(config.ROOT / "app"), template_folder="../templates", static_folder="../static")
    app.jinja_environment = PortalEnvironment
    app.session_interface = PortalSessions()
    app.config.update(config.load())
    app.config.update(overrides or {})
    if proxies := app.config["PROXY_COUNT"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, proxies, proxies, proxies, proxies)  # type: ignore[method-assign]

    from app import navigation, stages
    from app.cli import commands
    from app.jobs import queue
    from app.ops import health, logs, metrics
    from app.web import delivery, errors, frame, replay, setup

    for part in (logs, delivery, metrics, health):
        part.install(app)
    setup.init_extensions(app)
    queue.install(app)
    with app.app_context():
        setup.init_appbuilder(app)
        stages.connect()
        navigation.register(app)
        setup.prune_routes(app)
    frame.install(app)
    errors.install(app)
    replay.install(app)
    commands.install(app)
    return app

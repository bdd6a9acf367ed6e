"""The extension objects, made once and bound in ``create_app``."""

from __future__ import annotations

from flask_appbuilder import AppBuilder
from flask_appbuilder.models.sqla.base import SQLA
from flask_babel import ngettext
from flask_migrate import Migrate
from flask_wtf.csrf import CSRFProtect

from app.web.texts import gettext as _
from app.web.texts import lazy_gettext as _l

__all__ = ["_", "_l", "appbuilder", "csrf", "db", "migrate", "ngettext"]

db = SQLA(session_options={"autoflush": False})
migrate = Migrate()
csrf = CSRFProtect()
appbuilder: AppBuilder = AppBuilder(update_perms=False)

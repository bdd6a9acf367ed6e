"""What every template may call: icons, versioned asset addresses, form fields and number filters.

``init_shell(app)`` is called once by the factory. The page frame itself is templates/layout.html.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import Flask

from app.web import fragments
from app.web.assets import asset, assets_watched
from app.web.fields import control, filter_control, kind_of
from app.web.icons import icon
from app.web.tree import tree_groups


def number(value: Any, digits: int = 0, empty: str = "—") -> str:
    """Return a number with thousands separators and ``digits`` decimals; ``empty`` for None and ''."""
    if value is None or value == "":
        return empty
    return f"{Decimal(str(value)):,.{digits}f}"


def day(value: date | datetime | None, empty: str = "—") -> str:
    """Return a date as 2021-10-28; ``empty`` for None."""
    return value.strftime("%Y-%m-%d") if value else empty


def init_shell(app: Flask) -> None:
    """Register the globals fragment, icon, asset, control, filter_control, kind_of and the filters n0, n2, n4, day."""
    env = app.jinja_env
    if not assets_watched(app):
        env.fixed = frozenset({"icon", "asset"})  # type: ignore[attr-defined]
    env.globals.update(
        asset=asset, icon=icon, tree_groups=tree_groups, control=control, filter_control=filter_control, kind_of=kind_of
    )
    fragments.install(app)
    env.filters["n0"] = lambda value: number(value, 0)
    env.filters["n2"] = lambda value: number(value, 2)
    env.filters["n4"] = lambda value: number(value, 4)
    env.filters["day"] = day

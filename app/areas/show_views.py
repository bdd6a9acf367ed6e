"""The page of an area: its facts, its communities, its history (M1.5.4, M1.6.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.areas import queries
from app.areas.services import owner_of
from app.communities.rules import PROPERTY_KINDS
from app.extensions import db
from app.regions.cache import current
from app.web import record_parts
from app.web.fragments import kept

# the sums of an area as its page lists them: field, decimals, unit is the column's
SUMMED = (
    "community_count", "building_count", "household_count", "floor_area", "built_up_to_2000",
    "built_after_2000", "unit_count", "unit_without_elevator_count", "substandard_household_count",
    "planned_investment",
)  # fmt: skip


class AreaShowPages:
    """Mixed into views of areas: ``show``."""

    show_template: str
    tabs: tuple[str, ...] = ("basics", "history")

    def find(self, pk: str) -> Any:
        """The record of the actor's scope. Raises: OutOfScope (404)."""
        raise NotImplementedError

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def show(self, pk: str) -> Any:
        record = self.find(pk)
        entity, address = type(record).__name__, f"{self.route_base}/show/{record.id}"  # type: ignore[attr-defined]
        if request.args.get("part") == "history":
            return record_parts.history_part(entity, entity, record.id, address)
        history = record_parts.History.asked(entity, entity, record.id, address)
        asked = request.args.get("tab", "")
        tab = asked if asked in self.tabs else "basics"
        labels, units = _words(type(record))
        return self.render_template(  # type: ignore[attr-defined]
            self.show_template, view=self, record=record, history=history,
            tab="history" if history and history.open else "basics" if tab == "history" else tab,
            communities=queries.all_communities_of(db.session(), owner_of(record), record.id),
            city=current().city_name(record.county_code), county=current().name(record.county_code),
            labels=labels, units=units, summed=SUMMED, property_kinds=PROPERTY_KINDS, **self.show_context(record),
        )  # fmt: skip

    def show_context(self, record: Any) -> dict[str, Any]:
        """What a capability adds to the page. Override."""
        return {}


def _words(model: type[Any]) -> tuple[dict[str, str], dict[str, str]]:
    """What the columns of a table are called, and their units."""

    def said(what: str, otherwise: Callable[[str], str]) -> dict[str, str]:
        columns = model.__table__.c.items()
        return {key: str(column.info.get(what, otherwise(key))) for key, column in columns}

    return kept(("words", model), lambda: (said("label", lambda key: key), said("unit", lambda _key: "")))

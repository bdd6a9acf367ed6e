"""The page of an area: its facts, its communities, its history (M1.5.4, M1.6.3)."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.areas import queries
from app.areas.list_views import older_than
from app.areas.services import owner_of
from app.audit.history import History, history
from app.communities.rules import PROPERTY_KINDS
from app.extensions import db
from app.persistence.context import current_actor
from app.regions.cache import current

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
        events = self._events(record)
        asked = request.args.get("tab", "")
        tab = asked if asked in self.tabs else "basics"
        columns = type(record).__table__.c
        return self.render_template(  # type: ignore[attr-defined]
            self.show_template, view=self, record=record, events=events,
            tab="history" if events and "before" in request.args else tab,
            communities=queries.all_communities_of(db.session(), owner_of(record), record.id),
            city=current().city_name(record.county_code), county=current().name(record.county_code),
            labels={key: column.info.get("label", key) for key, column in columns.items()},
            units={key: column.info.get("unit", "") for key, column in columns.items()},
            summed=SUMMED, property_kinds=PROPERTY_KINDS, **self.show_context(record),
        )  # fmt: skip

    def show_context(self, record: Any) -> dict[str, Any]:
        """What a capability adds to the page. Override."""
        return {}

    def _events(self, record: Any) -> History | None:
        entity = type(record).__name__
        if not current_actor().may("can_history", entity):
            return None
        return history(entity, record.id, before=older_than())

"""标点上图 / 意向库: FAB views of communities (M1.4)."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface

from app.communities import queries
from app.communities.listing import place_text
from app.communities.models import Community
from app.communities.rules import PLACE_KINDS, PROPERTY_KINDS
from app.extensions import _, _l, db
from app.persistence.context import current_actor
from app.regions.cache import current
from app.web.listing import State
from app.web.preferences import Preference
from app.web.views import PortalModelView


class CommunityView(PortalModelView):
    """The list of the user's communities with tree, search, filters and export."""

    route_base = "/communities"
    datamodel = SQLAInterface(Community, db.session)
    class_permission_name = "Community"
    listing_class = queries.CommunityListing
    list_title = _l("Mark on map")
    list_template = "communities/list.html"
    list_columns = ["name"]

    def list_context(self, state: State, preference: Preference) -> dict[str, Any]:
        rows = queries.summary()
        regions = [row for row in rows if row.kind == "region"]
        states = [row for row in rows if row.kind == "state"]
        todo = sum(row.communities for row in states if not row.complete)
        return {
            "tree": self._tree(state, regions, states, todo, preference),
            "totals": (
                sum(row.communities for row in regions),
                sum(row.households for row in regions),
                sum((row.floor_area for row in regions), start=0),
            ),
            "todo": todo,
            "place_kinds": PLACE_KINDS,
            "property_kinds": PROPERTY_KINDS,
        }

    def _tree(self, state: State, regions: list[Any], states: list[Any], todo: int, preference: Preference) -> list[Any]:
        """辖区年份目录: jurisdiction, plan year, and what is to complete."""
        kept = [
            self._node(state, _("My view: %(name)s", name=view["name"]), None, view["args"], icon="bookmark", children=[])
            for view in preference.views
        ]
        return [
            self._region_nodes(state, regions),
            self._year_nodes(state, states),
            [*self._todo_node(state, todo), *kept],
        ]

    def _node(self, state: State, label: str, count: int | None, args: dict[str, Any], **more: Any) -> dict[str, Any]:
        kept = {k: v for k, v in state.args.items() if k in ("sort", "size")}
        active = {k: v for k, v in args.items() if v}
        plain = {k: v for k, v in state.args.items() if k not in ("sort", "size", "page")}
        href = State({**kept, **active}).url(self.path("list"))
        return {"label": label, "href": href, "count": count, "current": bool(active) and plain == active, "icon": "", **more}

    def _region_nodes(self, state: State, regions: list[Any]) -> list[dict[str, Any]]:
        names = current()
        code = current_actor().region_code
        total = sum(row.communities for row in regions)
        if current_actor().region_level == "county":
            children = [
                self._node(state, names.town(town).name if town else _("No sub-district yet"), number,
                           {"town": town or "none"}, children=[])
                for town, number in sorted(queries.towns_of(code), key=lambda pair: -pair[1])
            ]  # fmt: skip
        else:
            children = [
                self._node(state, names.name(row.code.ljust(6, "0")), row.communities, {"region": row.code}, children=[])
                for row in sorted(regions, key=lambda row: row.code)
            ]
        top = self._node(state, names.name(code) if code else _("All"), total, {}, children=children)
        top["current"] = not any(k not in ("sort", "size", "page") for k in state.args)
        return [top]

    def _year_nodes(self, state: State, states: list[Any]) -> list[dict[str, Any]]:
        counts: dict[tuple[str, int], int] = {}
        for row in states:
            counts[row.code, row.year] = counts.get((row.code, row.year), 0) + row.communities
        years = sorted((key for key in counts if key[0] == "plan"), key=lambda key: -key[1])
        children = [
            self._node(state, _("%(year)s (year)", year=year), counts[place, year], {"state": "plan", "year": str(year)},
                       children=[])
            for place, year in years
        ]  # fmt: skip
        for place, label in (("reserve", _("In reserve (tree)")), ("free", _("Not yet planned"))):
            number = sum(n for key, n in counts.items() if key[0] == place)
            children.append(self._node(state, label, number, {"state": place}, children=[]))
        top = self._node(state, _("Plan year"), sum(counts.values()), {}, children=children)
        return [top]

    def _todo_node(self, state: State, todo: int) -> list[dict[str, Any]]:
        return [self._node(state, _("To complete"), todo, {"todo": "1"}, icon="alert-triangle", children=[])]

    def row_locked(self, row: Any) -> str:
        """A linked community has no tick box (M1.4.3)."""
        if row.place_state == "free":
            return ""
        return _("Linked to %(what)s: unlink it first", what=row.place_label or place_text(row))

"""标点上图 / 意向库: FAB views of communities (M1.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from flask import abort, flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.decorators import has_access, permission_name

from app.communities import queries, services
from app.communities.form_views import CommunityPages
from app.communities.forms import CommunityForm
from app.communities.listing import Known, place_of, place_text
from app.communities.models import Community
from app.communities.rules import PLACE_KINDS, PROPERTY_KINDS
from app.communities.show_views import CommunityShowPages
from app.extensions import _, _l, db
from app.kernel.errors import RuleViolation
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.regions.cache import current
from app.web.listing import Listing, State
from app.web.preferences import Preference
from app.web.views import PortalModelView, row_id
from app.web.wording import translate


def ticked(listing: Listing) -> tuple[list[int], bool]:
    """(ids, whether everything that matches the address was meant) of a posted list."""
    if request.form.get("all_matching") == "1":
        rows = listing.export(listing.state(request.args), [])
        return [row.id for row in rows], True
    return [row_id(value) for value in request.form.getlist("rowid")], False


def _town_name(code: str) -> str:
    """A sub-district of the tree; one that has left the register shows its code."""
    town = current().town(code)
    return town.name if town else code or _("No sub-district yet")


_PLACE_KINDS, _PROPERTY_KINDS = tuple(PLACE_KINDS.items()), tuple(PROPERTY_KINDS.items())


class CommunityView(CommunityPages, CommunityShowPages, PortalModelView):
    """The list of the user's communities with tree, search, filters and export; pages of a record mixed in."""

    route_base = "/communities"
    datamodel = SQLAInterface(Community, db.session)
    class_permission_name = "Community"
    listing_class = queries.CommunityListing
    include_route_methods = frozenset({
        "list", "export", "count", "preferences", "add", "edit", "check", "show", "reveal", "delete", "action_post",
    })  # fmt: skip
    list_template = "communities/list.html"
    list_columns = ["name"]
    add_form = CommunityForm
    edit_form = CommunityForm

    @property
    def list_title(self) -> Any:
        """标点上图 for the county, 意向库 for those above it (M1.4)."""
        return _l("Mark on map") if current_actor().region_level == "county" else _l("Candidates")

    def list_context(self, state: State, preference: Preference) -> dict[str, Any]:
        mark, counted = queries.counted()
        return {
            "tree": self.tree(state, preference, mark, lambda: self._tree(state, counted, preference)),
            "totals": counted.totals,
            "everything": counted.totals[0],
            "todo": counted.todo,
            "place_kinds": _PLACE_KINDS,
            "property_kinds": _PROPERTY_KINDS,
        }

    def _tree(self, state: State, counted: queries.Counted, preference: Preference) -> list[Any]:
        """辖区年份目录: jurisdiction, plan year, and what is to complete."""
        kept = [
            self._node(state, _("My view: %(name)s", name=view["name"]), None, view["args"], icon="bookmark", children=[])
            for view in preference.views
        ]
        return [
            self._region_nodes(state, counted),
            self._year_nodes(state, counted.states),
            [*self._todo_node(state, counted.todo), *kept],
        ]

    def _region_nodes(self, state: State, counted: queries.Counted) -> list[dict[str, Any]]:
        names, actor = current(), current_actor()
        if actor.region_level == "county":
            children = [
                self._node(state, _town_name(town), number, {"town": town or "none"}, children=[])
                for town, number in sorted(counted.towns, key=lambda pair: -pair[1])
            ]  # fmt: skip
        else:
            width = {"city": 6, "province": 4}.get(actor.region_level, 2)
            below = Counter[str]()
            for row in counted.counties:
                below[row.code[:width]] += row.communities
            children = [
                self._node(state, names.name(code.ljust(6, "0")), number, {"region": code}, children=[])
                for code, number in sorted(below.items())
            ]
        code = actor.region_code
        top = self._node(state, names.name(code) if code else _("All"), counted.totals[0], {}, children=children)
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

    def row_locks(self, rows: Sequence[Any]) -> Sequence[str]:
        """A linked community has no tick box (M1.4.3)."""
        why = Known(lambda place: _("Linked to %(what)s: unlink it first", what=place[2] or place_text(*place[:2])), ready=True)
        return ["" if row.place_state == "free" else why[place_of(row)] for row in rows]

    # ── deleting ──
    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    @permission_name("delete")
    def delete(self, pk: str) -> Any:
        return self._remove([row_id(pk)])

    @expose("/action_post", methods=["POST"])
    @has_access
    @permission_name("delete")
    def action_post(self) -> Any:
        """删除选定 (M1.4.3): the ticked ones, or every free one that matches; linked ones have no tick box."""
        if request.form.get("action") != "delete":
            abort(404)
        ids, everything = ticked(self.listing)
        return self._remove(ids, leave_linked=everything)

    def _remove(self, ids: list[int], *, leave_linked: bool = False) -> Any:
        try:
            with unit_of_work() as session:
                if leave_linked:
                    ids = queries.free_ids(ids)
                number = services.delete_communities(session, current_actor(), ids)
        except RuleViolation as refusal:
            for finding in refusal.findings[:20]:
                flash(translate(finding.message), "danger")
        else:
            flash(_("%(n)s communities were moved to the recycle bin.", n=number), "success")
        return redirect(self.path("list"))


class CommunityBinView(PortalModelView):
    """Recycle bin: what was deleted, by whom, when, and how long it can still be restored."""

    route_base = "/communities/bin"
    datamodel = SQLAInterface(Community, db.session)
    class_permission_name = "Community"
    listing_class = queries.RecycleListing
    include_route_methods = frozenset({"list", "count", "preferences", "action_post"})
    list_title = _l("Recycle bin of communities")
    list_template = "communities/bin.html"
    list_columns = ["name"]

    @expose("/list/")
    @has_access
    @permission_name("restore")
    def list(self) -> Any:
        return super().list()

    def list_context(self, state: State, preference: Preference) -> dict[str, Any]:
        code = current_actor().region_code
        return {"tree": [], "keep_days": current().profile(code).recycle_days if code else 30}

    @expose("/action_post", methods=["POST"])
    @has_access
    @permission_name("restore")
    def action_post(self) -> Any:
        """Restore the ticked ones."""
        if request.form.get("action") != "restore":
            abort(404)
        ids, _everything = ticked(self.listing)
        try:
            with unit_of_work() as session:
                number = services.restore_communities(session, current_actor(), ids)
        except RuleViolation as refusal:
            flash(translate(refusal.message), "danger")
        else:
            flash(_("%(n)s communities were restored.", n=number), "success")
        return redirect(self.path("list"))

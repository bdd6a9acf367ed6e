"""What the lists of reserve projects and plan tasks do alike: tree, deleting, recycle bin (M1.5.3, M1.L)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy.orm import Session

from app.areas.listing import AreaListing
from app.extensions import _
from app.kernel.errors import RuleViolation
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.regions.cache import current
from app.web.listing import Listing, State
from app.web.preferences import Preference
from app.web.views import PortalModelView, row_id
from app.web.wording import translate


def ticked(listing: Listing) -> list[int]:
    """Ids of a posted list: the ticked ones, or everything that matches the address."""
    if request.form.get("all_matching") == "1":
        return [row.id for row in listing.export(listing.state(request.args), [])]
    return [row_id(value) for value in request.form.getlist("rowid")]


class AreaListPages(PortalModelView):
    """List with tree; subclasses set ``unplanned`` (word for year 0, or '') and ``delete_areas``."""

    listing: AreaListing
    unplanned: Any = ""
    deleted_text: Any
    bin_endpoint = ""
    major_owner = ""

    def more_export(self) -> str:
        """The file for the development commission (M1.5.5), for those who hand it over."""
        if not current_actor().may("can_export", "MajorProject"):
            return ""
        return url_for("MajorProjectView.export", owner=self.major_owner)

    def delete_areas(self, session: Session, ids: Sequence[int]) -> list[int]:
        """Move areas to the recycle bin through their service."""
        raise NotImplementedError

    def list_context(self, state: State, preference: Preference) -> dict[str, Any]:
        mark, (counts, further, number) = self.listing.counted()
        tree = self.tree(state, preference, mark, lambda: self._groups(state, counts, further, preference))
        return {"tree": tree, "number": number, "everything": number, "further": further}

    def further_nodes(self, state: State, further: Mapping[str, int]) -> list[list[dict[str, Any]]]:
        """The groups of the tree that show it. Override."""
        return []

    def _groups(
        self, state: State, counts: Sequence[Any], further: Mapping[str, int], preference: Preference
    ) -> list[list[dict[str, Any]]]:
        views = [
            self._node(state, _("My view: %(name)s", name=view["name"]), None, view["args"], icon="bookmark",
                       children=[])
            for view in preference.views
        ]  # fmt: skip
        tree = [self.region_nodes(state, counts), *self.further_nodes(state, further)]
        return [*tree, views] if views else tree

    # ── tree: jurisdiction × year ──
    def region_nodes(self, state: State, counts: Sequence[Any]) -> list[dict[str, Any]]:
        """The region of the scope, below it the regions one level down, below each its years."""
        actor, names = current_actor(), current()
        code = actor.region_code
        if actor.region_level == "county":
            children = self._year_nodes(state, counts, {})
        else:
            width = {"city": 6, "province": 4}.get(actor.region_level or "", 2)
            chosen = state.args.get("region", "").rstrip("0")
            children = [
                self._place_node(state, counts, key, chosen)
                for key in sorted({r.county_code[:width] for r in counts})
            ]
        label = names.name(code) if code else _("All")
        top = self._node(state, label, sum(row.number for row in counts), {}, children=children)
        top["current"] = not any(k not in ("sort", "size", "page") for k in state.args)
        return [top]

    def _place_node(self, state: State, counts: Sequence[Any], key: str, chosen: str) -> dict[str, Any]:
        """A region with its years, or with its counties while it is the chosen one."""
        inside = [row for row in counts if row.county_code.startswith(key)]
        opened = bool(chosen) and chosen.startswith(key)
        parts: dict[str, Any] = {"open": opened}
        if opened and len(key) == 4:
            below = sorted({row.county_code for row in inside})
            parts["children"] = [self._place_node(state, inside, county, chosen) for county in below]
        elif opened:
            parts["children"] = self._year_nodes(state, inside, {"region": key})
        else:
            parts["folded"] = [(label, urlencode(args), number) for label, args, number in self._years(inside)]
        number = sum(row.number for row in inside)
        return self._node(state, current().name(key.ljust(6, "0")), number, {"region": key}, **parts)

    def _year_nodes(self, state: State, counts: Sequence[Any], place: dict[str, str]) -> list[dict[str, Any]]:
        return [
            self._node(state, label, number, {**place, **args}, children=[])
            for label, args, number in self._years(counts)
        ]

    def _years(self, counts: Sequence[Any]) -> list[tuple[str, dict[str, str], int]]:
        """Label, arguments and number of every year, the newest first; what is in no plan stands last."""
        years = Counter[int]()
        for row in counts:
            years[row.year] += row.number
        return [
            (_("%(year)s (year)", year=year), {"year": str(year)}, number) if year else (str(self.unplanned), {"plan": "no"}, number)
            for year, number in sorted(years.items(), reverse=True)
        ]  # fmt: skip

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
        """删除选定: the ticked ones, or everything that matches; refused when one is held."""
        if request.form.get("action") != "delete":
            abort(404)
        return self._remove(ticked(self.listing))

    def _remove(self, ids: list[int]) -> Any:
        try:
            with unit_of_work() as session:
                number = len(self.delete_areas(session, ids))
        except RuleViolation as refusal:
            for finding in refusal.findings[:20]:
                flash(translate(finding.message), "danger")
        else:
            flash(_("%(n)s were moved to the recycle bin.", n=number), "success")
        return redirect(self.path("list"))


class AreaBinPages(PortalModelView):
    """Recycle bin: what was deleted, by whom, when; restored without its links."""

    listing: AreaListing
    row_pages = False
    list_template = "areas/bin.html"
    back_endpoint = ""
    back_title: Any = ""

    def restore_areas(self, session: Session, ids: Sequence[int]) -> list[int]:
        """Restore areas through their service."""
        raise NotImplementedError

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
        try:
            with unit_of_work() as session:
                number = len(self.restore_areas(session, ticked(self.listing)))
        except RuleViolation as refusal:
            flash(translate(refusal.message), "danger")
        else:
            flash(_("%(n)s were restored.", n=number), "success")
        return redirect(self.path("list"))

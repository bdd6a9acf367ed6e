"""The linking dialog (M1.5.1l, M1.6.1): one component for reserve projects and plan tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import abort, jsonify, redirect, render_template, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy import Select
from sqlalchemy.orm import Session

from app.areas import queries
from app.areas.list_views import AreaListPages
from app.areas.models import Area
from app.areas.services import LinkReport, owner_of
from app.extensions import _, _l, db
from app.kernel.errors import N_
from app.kernel.geo import haversine_m
from app.persistence.context import current_actor, current_scope
from app.persistence.work import unit_of_work
from app.regions.cache import current
from app.web import preferences
from app.web.listing import Page, whole
from app.web.rows import table_body
from app.web.views import row_id
from app.web.wording import translate

PAGE_SIZE = 10
MOST_CHOSEN = 2000
KINDS = ("community", "reserve")
# what the head adds up: field, label, unit, decimals
FACTS = (
    ("community_count", _l("Number of communities"), _l("pcs"), 0),
    ("building_count", _l("Buildings"), _l("buildings (unit)"), 0),
    ("household_count", _l("Households"), _l("households (unit)"), 0),
    ("floor_area", _l("Floor area"), _l("10k ㎡"), 2),
    ("built_after_2000", _l("Communities built after 2000"), _l("pcs"), 0),
)
LINKED = {
    "community": N_("%(n)s communities were linked."),
    "reserve": N_("%(n)s reserve projects were linked."),
}
UNLINKED = {
    "community": N_("%(n)s communities were unlinked."),
    "reserve": N_("%(n)s reserve projects were unlinked."),
}


@dataclass(frozen=True)
class Asked:
    """What the dialog's search asks for."""

    kind: str
    search: queries.Search
    number: int


@dataclass(frozen=True)
class Order:
    """What is to be linked or unlinked; ``everything`` means all that is linked."""

    action: str
    communities: list[int]
    reserves: list[int]
    everything: bool
    keep: bool


def read_order() -> Order:
    """The posted choice. Aborts with 400 when it cannot be read."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or body.get("action") not in ("link", "unlink"):
        abort(400)
    everything = body.get("all") is True and body["action"] == "unlink"
    communities, reserves = _ids(body.get("communities")), _ids(body.get("reserves"))
    if not (everything or communities or reserves) or len(communities) + len(reserves) > MOST_CHOSEN:
        abort(400)
    return Order(body["action"], communities, reserves, everything, body.get("keep") is not False)


def _ids(raw: Any) -> list[int]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        abort(400)
    if not all(isinstance(item, int) and not isinstance(item, bool) and 0 < item < 2**62 for item in raw):
        abort(400)
    return raw


def figures(row: Any, kind: str) -> dict[str, str]:
    """What a row adds to each sum of the head, as exact text."""
    single = kind == "community"
    late = int((row.built_year or 0) > 2000) if single else row.built_after_2000
    return {
        "community_count": "1" if single else str(row.community_count),
        "building_count": str(row.building_count or 0),
        "household_count": str(row.household_count or 0),
        "floor_area": str(row.floor_area or 0),
        "built_after_2000": str(late),
    }


def distance(row: Any) -> float | None:
    """Metres from a community that is not linked to the middle of those that are; None when not known."""
    points = (row.lng, row.lat, row.middle_lng, row.middle_lat)
    return None if row.linked or None in points else haversine_m(*map(float, points))


def sums_of(area: Area) -> dict[str, str]:
    """The sums of an area as they stand, as exact text."""
    return {name: str(getattr(area, name)) for name, *_rest in FACTS}


class LinkPages(AreaListPages):
    """Mixed into views of areas: ``link`` (dialog and orders) and ``link_rows`` (its list)."""

    takes_reserves = False
    dialog_title: Any

    def find(self, pk: str) -> Any:
        """The record of the actor's scope. Raises: OutOfScope (404)."""
        raise NotImplementedError

    def carry_out(self, session: Session, area: Any, order: Order) -> LinkReport:
        """Link or unlink through the capability's service."""
        raise NotImplementedError

    @expose("/link/<pk>", methods=["GET"])
    @has_access
    @permission_name("link")
    def link(self, pk: str) -> Any:
        """The dialog for the page's script; opened as a page, the record with its dialog."""
        area = self.find(str(row_id(pk)))
        if request.headers.get("X-Requested-With") != "fetch":
            return redirect(f"{self.route_base}/show/{area.id}#link")
        held = len(queries.reserve_ids(db.session(), area.id)) if self.takes_reserves else 0
        return render_template(
            "components/link_dialog.html", view=self, area=area, facts=FACTS, kinds=self._kinds(), held=held,
            here=f"{self.route_base}/link/{area.id}",
            place=current().path(area.county_code), sums=sums_of(area),
            towns=[(town.code, town.name) for town in current().towns(area.county_code)],
        )  # fmt: skip

    def _kinds(self) -> tuple[str, ...]:
        return KINDS if self.takes_reserves else KINDS[:1]

    @expose("/link/<pk>/rows", methods=["GET"])
    @has_access
    @permission_name("link")
    def link_rows(self, pk: str) -> Any:
        """One page of candidates: a statement for the list and one for the count."""
        area, asked = self.find(str(row_id(pk))), self._asked(request.args)
        number, linked = queries.linked_count(db.session(), self._candidates(area, asked, ""))
        total = {"linked": linked, "free": number - linked}.get(asked.search.state, number)
        page = min(asked.number, max(1, -(-total // PAGE_SIZE)))
        found = queries.rows(db.session(), self._candidates(area, asked, asked.search.state), PAGE_SIZE, page)
        return render_template(
            "components/link_rows.html", asked=asked, rows=found, figures=figures, total=total, page=page,
            size=PAGE_SIZE, number=number, linked=linked, town=current().town, distance=distance,
            href=lambda n: f"?page={n}",
        )  # fmt: skip

    def _asked(self, args: Mapping[str, str]) -> Asked:
        kind = args.get("kind", "")
        state, town = args.get("state", ""), args.get("town", "")
        search = queries.Search(
            args.get("q", "").replace("\x00", "")[:60], state if state in ("linked", "free") else "",
            town if town == "none" or current().town(town) else "", args.get("near") == "1",
        )  # fmt: skip
        number = min(max(whole(args.get("page")) or 1, 1), 1_000_000)
        return Asked(kind if kind in self._kinds() else KINDS[0], search, number)

    def _candidates(self, area: Area, asked: Asked, state: str) -> Select[Any]:
        search = replace(asked.search, state=state)
        if asked.kind == "reserve":
            return queries.reserve_candidates(current_scope(), area.id, area.county_code, search)
        return queries.candidates(current_scope(), owner_of(area), area.id, area.county_code, search)

    @expose("/link/<pk>", methods=["POST"])
    @has_access
    @permission_name("link")
    def link_post(self, pk: str) -> Any:
        """确认关联 and 取消关联: carried out as a whole, or refused with rule, row and what to do next."""
        area = self.find(str(row_id(pk)))
        order = read_order()
        with unit_of_work() as session:
            report = self.carry_out(session, area, order)
            said = [translate(message) for message in report.messages]
        area = self.find(str(row_id(pk)))
        held = len(queries.reserve_ids(db.session(), area.id)) if self.takes_reserves else 0
        return jsonify(
            message=" ".join(self._told(order, report)), notes=said, sums=sums_of(area), held=held,
            done=[f"community-{i}" for i in report.communities] + [f"reserve-{i}" for i in report.reserves],
            names=area.community_names, row=self._row(area.id),
        )  # fmt: skip

    def _told(self, order: Order, report: LinkReport) -> list[str]:
        words = LINKED if order.action == "link" else UNLINKED
        found = {"reserve": len(report.reserves), "community": len(report.communities)}
        told = [_(words[kind], n=number) for kind, number in found.items() if number]
        return told or [_("Nothing had to be changed.")]

    def _row(self, area_id: int) -> str:
        """The record's row of the list as it is now, with the columns of this person."""
        preference = preferences.of(current_actor().user_id, self.listing.key)
        columns = self.listing.pick(preference.columns)
        row = self.listing.row(area_id, current_scope(), columns)
        return str(table_body(self, columns, Page([row], 1, False, 1, 1))).strip() if row is not None else ""

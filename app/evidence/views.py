"""存疑填报: what is doubtful about reports that were handed in, for city, province and county reviewers (N3.3a)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from flask import abort, flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy.orm import Session

from app.areas.list_views import AreaListPages
from app.attachments import queries as attachments
from app.audit.history import history
from app.evidence import queries, services, sides
from app.evidence.listing import ALL_STATES, FindingListing, as_shown
from app.evidence.models import PhotoFinding
from app.evidence.rules import FIGURES, KINDS, LONGEST_REASON, PAIRS, PHOTO_KINDS, RECORDS, RULES, STATES
from app.extensions import _, _l, db
from app.kernel.errors import RuleViolation
from app.persistence.context import current_actor, current_scope
from app.persistence.work import unit_of_work
from app.web.listing import State
from app.web.preferences import Preference
from app.web.views import row_id
from app.web.wording import translate


@dataclass(frozen=True)
class YearCount:
    """Open findings of a county and plan year, for the tree."""

    county_code: str
    year: int
    number: int


class DoubtfulView(AreaListPages):
    """The list with tree, filters and export; a page for each finding, where it may be set aside."""

    route_base = "/doubtful"
    datamodel = SQLAInterface(PhotoFinding, db.session)
    class_permission_name = "PhotoFinding"
    listing_class = FindingListing
    include_route_methods = frozenset({"list", "export", "count", "preferences", "show", "dismiss", "reopen"})
    list_title = _l("Doubtful reports")
    list_template = "evidence/list.html"
    list_columns = ["kind"]
    row_edit = False

    def _findings(self) -> FindingListing:
        return cast(FindingListing, self.listing)

    def list_context(self, state: State, preference: Preference) -> dict[str, Any]:
        counts = self._findings().counts(current_scope())
        still = [row for row in counts if row.state == "open"]
        tree = [self.region_nodes(state, _by_year(still)), self._kind_nodes(state, still)]
        word = STATES["dismissed"]
        aside = sum(row.number for row in counts if row.state != "open")
        tree.append([self._node(state, _(word), aside, {"state": "dismissed"}, children=[])])
        tree.append([
            self._node(state, _("My view: %(name)s", name=view["name"]), None, view["args"], icon="bookmark",
                       children=[])
            for view in preference.views
        ])  # fmt: skip
        groups = ((_("Photos"), PHOTO_KINDS), (_("Figures (finding)"), FIGURES))
        return {
            "tree": [nodes for nodes in tree if nodes],
            "number": sum(row.number for row in still),
            "kinds": [(title, [(kind, _(KINDS[kind])) for kind in kinds]) for title, kinds in groups],
            "states": [(key, _(word)) for key, word in STATES.items()],
            "records": [(key, _(word)) for key, word in RECORDS.items()],
            "all_states": ALL_STATES,
        }

    def _kind_nodes(self, state: State, counts: Sequence[Any]) -> list[dict[str, Any]]:
        numbers: dict[str, int] = {}
        for row in counts:
            numbers[row.kind] = numbers.get(row.kind, 0) + row.number
        return [
            self._node(state, _(word), numbers[kind], {"kind": kind}, children=[])
            for kind, word in KINDS.items()
            if kind in numbers
        ]

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def show(self, pk: str) -> Any:
        return self._page(row_id(pk))

    @expose("/dismiss/<pk>", methods=["POST"])
    @has_access
    @permission_name("dismiss")
    def dismiss(self, pk: str) -> Any:
        """Set a finding aside: it stays on record with the reason and who gave it."""
        reason = request.form.get("reason", "")[: LONGEST_REASON * 2]
        try:
            with unit_of_work() as session:
                services.dismiss(session, row_id(pk), reason)
        except RuleViolation as refusal:
            return self._page(row_id(pk), reason, [translate(f.message) for f in refusal.findings], 422)
        flash(_("The finding was set aside."), "success")
        return redirect(self.path("show", pk=pk))

    @expose("/reopen/<pk>", methods=["POST"])
    @has_access
    @permission_name("dismiss")
    def reopen(self, pk: str) -> Any:
        """Take a finding up again."""
        try:
            with unit_of_work() as session:
                services.reopen(session, row_id(pk))
        except RuleViolation as refusal:
            flash(translate(refusal.message), "danger")
        else:
            flash(_("The finding is open again."), "success")
        return redirect(self.path("show", pk=pk))

    def _page(self, number: int, reason: str = "", errors: Sequence[str] = (), status: int = 200) -> Any:
        session = db.session()
        row = self._findings().row(current_scope(), number)
        if row is None:
            abort(404)
        found = as_shown(row)
        own = sides.side(session, row.attachment_id, row.plan_task_id, row.name)
        other = sides.side(session, found.photo_id, found.plan_id, row.other_name)
        record = own.record if own else sides.record_at(session, row.owner_entity, row.owner_id)
        page = self.render_template(
            "evidence/show.html", view=self, row=row, found=found, own=own, other=other, record=record,
            between=sides.between(own, other), pair=row.kind in PAIRS, reason=reason, errors=errors,
            rule=RULES[row.kind], others=_others(session, row, record), history=history("PhotoFinding", row.id),
            most=LONGEST_REASON, may_dismiss=current_actor().may("can_dismiss", "PhotoFinding"), states=STATES,
        )  # fmt: skip
        return page, status


def _others(session: Session, row: Any, record: sides.Record | None) -> list[queries.Shown]:
    """Further findings of the same report, recognition or inspection."""
    if row.report_id:
        more = queries.findings_for_report(session, row.report_id)
        every = [*more.figures, *(found for several in more.photos.values() for found in several)]
    elif record is not None and record.owner_ids:
        ids = [file.id for file in attachments.of_owners(session, record.owner, record.owner_ids)]
        every = [one for several in queries.findings_for_photos(session, ids).values() for one in several]
    else:
        every = []
    return [found for found in every if found.id != row.id]


def _by_year(counts: Sequence[Any]) -> list[YearCount]:
    numbers: dict[tuple[str, int], int] = {}
    for row in counts:
        key = (row.county_code, row.year)
        numbers[key] = numbers.get(key, 0) + row.number
    return [YearCount(*key, number) for key, number in sorted(numbers.items())]

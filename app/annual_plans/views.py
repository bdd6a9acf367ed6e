"""计划台账: pages of plan tasks (M1.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy.orm import Session

from app.annual_plans import services
from app.annual_plans.forms import DATES, ImplementationForm, LongTermForm, PlanForm
from app.annual_plans.listing import LIGHT_KIND, PlanBinListing, PlanListing, light_of
from app.annual_plans.models import PlanTask
from app.annual_plans.queries import window_of
from app.annual_plans.rules import IMPLEMENTATION_STATES, LIGHTS, LONG_TERM, LONG_TERM_PAIRS, PROGRAMMES
from app.areas import services as links
from app.areas.form_views import AreaFormPages, Group, Section, Slot
from app.areas.link_views import LinkPages, Order
from app.areas.list_views import AreaBinPages, AreaListPages
from app.areas.show_views import AreaShowPages
from app.extensions import _, _l, db
from app.kernel import calendar
from app.persistence.context import current_actor
from app.persistence.transitions import trace
from app.regions.cache import current
from app.web.listing import State
from app.web.preferences import Preference
from app.web.views import row_id
from app.web.wording import translate

STATE_ICONS = {"not_started": "clock", "started": "progress", "finished": "circle-check"}
_MONEY, _PIECES = _l("10k yuan"), _l("pcs")

BASICS = Section(
    "edit", _l("Edit plan task"), PlanForm,
    (
        Group(_l("Plan information"), (Slot("name", "c2"), Slot("year"), *(Slot(key) for key in DATES)),
              _l("Without planned dates the deadlines of the province count")),
        Group(_l("Responsibility"), (
            Slot("address", "c2"), Slot("original_owners"), Slot("supervision_unit"), Slot("supervisor_name"),
            Slot("supervisor_phone"))),
    ),
    services.update_plan, sums=True,
)  # fmt: skip
IMPLEMENTATION = Section(
    "implementation", _l("Implementation information"), ImplementationForm,
    (
        Group(_l("Plan category"), tuple(Slot(key) for key in PROGRAMMES), grid="f4"),
        Group(_l("Funds"), tuple(Slot(key, unit=_MONEY) for key in (
            "funds_planned", "funds_completed", "funds_state_budget", "funds_residents", "funds_social",
            "funds_other")), _l("Funds in place are the sum of the four sources")),
    ),
    services.save_funds, tab="implementation",
)  # fmt: skip
LONG_TERM_SECTION = Section(
    "long-term", _l("Long-term management"), LongTermForm,
    (Group(_l("Long-term management"), tuple(Slot(key, unit=_PIECES) for key in LONG_TERM), grid="f2",
           note=_l("A part is never above its whole")),),
    services.save_long_term, tab="long-term",
)  # fmt: skip


class PlanView(AreaFormPages, LinkPages, AreaShowPages, AreaListPages):
    """The yearly ledger with tree, lights, search and export; forms, dialog and page are mixed in."""

    route_base = "/plans"
    datamodel = SQLAInterface(PlanTask, db.session)
    class_permission_name = "PlanTask"
    listing_class = PlanListing
    include_route_methods = frozenset({
        "list", "export", "count", "preferences", "add", "edit", "implementation", "long_term", "show",
        "reveal", "delete", "action_post", "link", "link_rows", "link_post",
    })  # fmt: skip
    list_title = _l("Yearly plan ledger")
    list_template = "plans/list.html"
    list_columns = ["name"]
    show_template = "plans/show.html"
    tabs = ("basics", "scheme", "implementation", "long-term", "checks", "accounts", "trace", "history")
    add_form = PlanForm
    edit_form = PlanForm
    add_title = _l("Add plan task")
    dialog_title = _l("Link communities to the plan task")
    takes_reserves = True
    entity = "plan"
    basics = BASICS
    bin_endpoint = "PlanBinView.list"
    major_owner = "plans"

    # ── records ──
    def find(self, pk: str) -> PlanTask:
        return services.get_plan(db.session(), row_id(pk))

    def create(self, session: Session, county_code: str, typed: Mapping[str, Any]) -> PlanTask:
        return services.create_plan(session, county_code, typed)

    def carry_out(self, session: Session, area: PlanTask, order: Order) -> links.LinkReport:
        if order.action == "link":
            return services.link(session, area, order.communities, order.reserves)
        if order.everything:
            return services.unlink(session, area, None, None, keep_scheme=order.keep)
        return services.unlink(session, area, order.communities, order.reserves, keep_scheme=order.keep)

    def delete_areas(self, session: Session, ids: Sequence[int]) -> list[int]:
        return services.delete_plans(session, ids)

    # ── list ──
    def list_context(self, state: State, preference: Preference) -> dict[str, Any]:
        context = super().list_context(state, preference)
        options = [(key, _(word), context["further"][key]) for key, word in reversed(LIGHTS.items())]
        return {
            **context,
            "lights": options,
            "states": tuple(IMPLEMENTATION_STATES.items()),
            "programmes": tuple(programme_words().items()),
        }

    def further_nodes(self, state: State, further: Mapping[str, int]) -> list[list[dict[str, Any]]]:
        nodes = [
            self._node(state, _(word), further[key], {"status": key}, icon=STATE_ICONS[key], children=[])
            for key, word in IMPLEMENTATION_STATES.items()
        ]
        return [nodes]

    # ── forms ──
    def form_notes(self, record: PlanTask | None) -> list[str]:
        """When a county may declare: said before it is typed in vain."""
        if record is not None:
            return (
                []
                if self._open(record)
                else [_("Name and year are those of the ledger and cannot be changed here.")]
            )
        actor, today = current_actor(), calendar.today()
        profile = services.profile_of(db.session(), actor.region_code)
        closed = [
            window_of(db.session(), profile, year).findings(today) for year in (today.year, today.year + 1)
        ]
        return [translate(found[0].message) for found in closed] if all(closed) else []

    def _open(self, record: PlanTask) -> bool:
        profile = services.profile_of(db.session(), record.county_code)
        return not window_of(db.session(), profile, record.year).findings(calendar.today())

    def locked_fields(self, record: PlanTask | None) -> frozenset[str]:
        """M1.6.3: name and year are the ledger's once the declaration is over."""
        return frozenset() if record is None or self._open(record) else frozenset({"name", "year"})

    def new_form(self) -> PlanForm:
        return PlanForm(data={"year": str(calendar.today().year)})

    @expose("/implementation/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def implementation(self, pk: str) -> Any:
        """项目实施信息: programmes and funds (M1.6.5)."""
        return self.section_page(IMPLEMENTATION, pk)

    @expose("/long-term/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def long_term(self, pk: str) -> Any:
        """长效管理 (M1.6.6, R16)."""
        return self.section_page(LONG_TERM_SECTION, pk)

    # ── page ──
    def show_context(self, record: PlanTask) -> dict[str, Any]:
        shown = light_of(record)
        days = current().profile(record.county_code).warn_days
        return {
            "light": (LIGHT_KIND[shown.colour], _(LIGHTS[shown.colour]), translate(shown.reason)),
            "warn_days": days,
            "state": _(IMPLEMENTATION_STATES[record.implementation_state]),
            "programmes": programme_words(),
            "pairs": LONG_TERM_PAIRS,
            "steps": trace_of(record),
        }


def programme_words() -> dict[str, str]:
    """Programme flags and what they are called."""
    return {key: str(PlanTask.__table__.c[key].info["label"]) for key in PROGRAMMES}


STEPS = {
    "declare": (_l("Listed in the yearly plan"), "calendar-event", "ok"),
    "recognise_start": (_l("Start of works recognised"), "circle-check", "ok"),
    "recognise_finish": (_l("Finish of works recognised"), "circle-check", "ok"),
    "revoke_start": (_l("Recognition of the start revoked"), "arrow-back-up", "bad"),
    "revoke_finish": (_l("Recognition of the finish revoked"), "arrow-back-up", "bad"),
    "inspect_county": (_l("County inspection"), "clipboard-check", ""),
    "inspect_city": (_l("City spot-check"), "clipboard-check", ""),
    "inspect_province": (_l("Province spot-check"), "clipboard-check", ""),
}


def trace_of(record: PlanTask) -> list[dict[str, Any]]:
    """流程追踪, newest first, as the timeline draws it."""
    found = []
    for step in reversed(trace(db.session(), "PlanTask", record.id)):
        word, glyph, kind = STEPS.get(step.action, (step.action, "point", ""))
        found.append(
            {
                "what": str(word),
                "glyph": glyph,
                "kind": kind,
                "who": step.actor_name,
                "at": step.at,
                "note": step.note,
            }
        )
    return found


class PlanBinView(AreaBinPages):
    """Recycle bin of plan tasks."""

    route_base = "/plans/bin"
    datamodel = SQLAInterface(PlanTask, db.session)
    class_permission_name = "PlanTask"
    listing_class = PlanBinListing
    include_route_methods = frozenset({"list", "count", "preferences", "action_post"})
    list_title = _l("Recycle bin of plan tasks")
    list_columns = ["name"]
    back_endpoint = "PlanView.list"
    back_title = _l("Yearly plan ledger")

    def restore_areas(self, session: Session, ids: Sequence[int]) -> list[int]:
        return services.restore_plans(session, ids)

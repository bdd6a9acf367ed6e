"""首页 of counties, cities and the province: to-do on top, boards below, each with the list behind it (M1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Any

from flask import abort, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.annual_plans.listing import light_of
from app.annual_plans.rules import LIGHTS
from app.dashboard import outlines, queries, rules
from app.extensions import _, db
from app.kernel import calendar
from app.kernel.calendar import Month
from app.kernel.scope import Scope
from app.notices import todo
from app.persistence.context import current_actor
from app.regions.cache import current
from app.regions.rules import RegionInfo
from app.web.listing import whole

FUNDS = (("q1", "funds_state_budget"), ("q2", "funds_residents"), ("q3", "funds_social"), ("q4", "funds_other"))
MANAGED = ("property_managed", "professionally_managed", "owners_committees", "party_organisations")
MOST_WARNINGS = 6
LIGHT_KIND = {"green": "ok", "yellow": "warn", "red": "bad"}


class DashboardView(BaseView):
    """Figures of the actor's own jurisdiction or of a region inside it (``?region=``), for one plan year."""

    route_base = "/home"
    class_permission_name = "Dashboard"
    default_view = "show"
    base_permissions = ["can_show"]

    @expose("/")
    @has_access
    @permission_name("show")
    def show(self) -> Any:
        region = _region()
        session, scope, today = db.session(), Scope.region(region.code), calendar.today()
        rows = queries.plans(session, scope, today)
        year = rules.year_shown((row["year"] for row in rows), whole(request.args.get("year")), today)
        mine = [row for row in rows if year in (0, row["year"])]
        total = rules.add_up(mine, queries.KEYS)
        profile = current().profile(region.code)
        month = calendar.report_month(today, profile.report_open_day)
        county = region.level == "county"
        return self.render_template(
            "dashboard/home.html",
            region=region, county=county, trail=_trail(region), year=year, total=total, profile=profile,
            years=sorted({row["year"] for row in rows} | {year} - {0}, reverse=True),
            todo=todo.of_actor(session) if region.code == current_actor().region_code else None,
            today=todo.day_words(), rates=_rates(total), gap=_gap(profile, year, total, today),
            funds=rules.stacked([(key, total[name]) for key, name in FUNDS], total["funds_planned"]),
            keys=[(key, name, total[name]) for key, name in FUNDS], managed=MANAGED, share=rules.share,
            communities=queries.communities(session, scope), month=month,
            reports=queries.reports(session, scope, month),
            warnings=_warnings(queries.unplanned(session, scope, MOST_WARNINGS)) if county else [],
            below=[] if county else _below(region, mine), map=_map(session, region, mine), box=outlines,
            trend=_trend(session, scope, month) if county else None, programmes=rules.PROGRAMMES,
        )  # fmt: skip


def _region() -> RegionInfo:
    """The region asked about, inside the actor's jurisdiction; anything else does not exist."""
    actor = current_actor()
    asked = current().find(request.args.get("region") or actor.region_code)
    if asked is None or asked.is_zone or not actor.scope.covers(asked.code.ljust(6, "0")):
        abort(404)
    if not asked.prefix.startswith(actor.scope.prefix):
        abort(404)
    return asked


def _trail(region: RegionInfo) -> list[RegionInfo]:
    """The regions above, down from the actor's own."""
    found, at, top = [], region, current_actor().region_code
    while at.code != top and at.parent_code:
        at = current().region(at.parent_code)
        found.append(at)
    return found[::-1]


def _rates(total: dict[str, Any]) -> dict[str, Any]:
    return {
        "start": rules.share(total["started"], total["plans"]),
        "finish": rules.share(total["finished"], total["plans"]),
        "invest": rules.share(total["approved_investment"], total["funds_planned"]),
        "place": rules.share(total["funds_in_place"], total["funds_planned"]),
    }


def _gap(profile: Any, year: int, total: dict[str, Any], today: Any) -> dict[str, Any] | None:
    """What is missing to the start milestone of the year, or None once it is reached."""
    milestone = profile.milestone("", "start_rate")
    if milestone is None or not year or not total["plans"]:
        return None
    wanted = int((total["plans"] * Decimal(str(milestone["share"]))).to_integral_value(ROUND_CEILING))
    missing = wanted - total["started"]
    if missing <= 0:
        return None
    day = today.replace(year=year, month=milestone["month"], day=1)
    return {"missing": missing, "month": f"{day:%Y-%m}", "share": f"{Decimal(str(milestone['share'])) * 100:.0f}"}


def _below(region: RegionInfo, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each region directly below with its sums; those without plan tasks too."""
    found = []
    for child in current().children(region.code):
        total = rules.add_up((row for row in rows if row["county_code"].startswith(child.prefix)), queries.KEYS)
        found.append({"region": child, "total": total, "rates": _rates(total)})
    return found


def _map(session: Any, region: RegionInfo, rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """A county with its communities, or the regions below shaded by how many plan tasks have started."""
    if region.level == "county":
        drawn = outlines.drawing((region.code,))
        if drawn is None:
            return None
        places = [(*drawn.place(row.lng, row.lat), row) for row in queries.points(session, Scope.region(region.code))]
        return {"drawing": drawn, "places": places, "below": {}}
    below = {item["region"].code: item for item in _below(region, rows)}
    drawn = outlines.drawing(tuple(below))
    if drawn is None:
        return None
    shades = {code: rules.band(item["rates"]["start"]) for code, item in below.items()}
    return {"drawing": drawn, "places": [], "below": below, "shades": shades}


def _warnings(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """未上报改造规划预警: what is missing and how near the deadline is."""
    found = []
    for row in rows:
        light = light_of(row)
        why = _("No community linked") if not row.community_count else _("Scheme not handed in")
        found.append({
            "id": row.id, "name": row.name, "why": why, "reason": light.reason, "kind": LIGHT_KIND[light.colour],
            "word": _(LIGHTS[light.colour]),
        })  # fmt: skip
    return found


def _trend(session: Any, scope: Scope, month: Month) -> rules.Line | None:
    """Approved cumulative investment of the last twelve months (万元); None before the first report."""
    months = [month - back for back in range(11, -1, -1)]
    rows = queries.approved(session, scope, months[0])
    return rules.line_of(rules.carried_on(months, rows), 600, 150) if rows else None

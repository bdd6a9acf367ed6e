"""Columns of the file for the development commission's library of major construction projects (M1.5.5).

The library's own form is not at hand, so these are the fields that it is generally known for; the table in
docs/major-projects.md and the second sheet of every file are written from this list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.annual_plans.rules import IMPLEMENTATION_STATES, PROGRAMMES
from app.exchange.columns import Column, Kind, Sheet
from app.extensions import _
from app.kernel.errors import N_
from app.kernel.text import mask_phone
from app.regions.cache import current
from app.schemes import rules
from app.schemes.major_queries import Project

WAN, PIECES = N_("10k yuan"), N_("pcs")
AREA_NEEDS = (
    "id", "county_code", "name", "address", "community_names", "community_count", "building_count",
    "household_count", "floor_area", "planned_investment", "supervision_unit", "supervisor_name",
    "supervisor_phone", "scheme_state",
)  # fmt: skip
PLAN_NEEDS = (
    *AREA_NEEDS, "year", "code", "planned_start", "planned_finish", "start_due", "finish_due", "started_on",
    "finished_on", "implementation_state", "funds_in_place", "funds_completed", *PROGRAMMES,
)  # fmt: skip
RESERVE_NEEDS = (*AREA_NEEDS, "plan_year", "plan_name")


@dataclass(frozen=True)
class Field:
    """A column: its heading, where its value comes from (in words) and the value of a project."""

    key: str
    label: str
    source: str
    value: Callable[[Project], Any]
    kind: Kind = "text"
    unit: str = ""
    decimals: int = 2
    width: float = 16


def _of_area(name: str) -> Callable[[Project], Any]:
    return lambda project: getattr(project.area, name)


def _of_plan(name: str) -> Callable[[Project], Any]:
    return lambda project: getattr(project.area, name) if project.is_plan else None


def _of_scheme(name: str) -> Callable[[Project], Any]:
    return lambda project: getattr(project.scheme, name) if project.scheme is not None else None


def _funds(source: str) -> Callable[[Project], Any]:
    return lambda project: project.funding.get(source)


def _programme(name: str) -> Callable[[Project], str]:
    return lambda project: (_("Yes") if getattr(project.area, name) else _("No")) if project.is_plan else ""


def quantity(number: Decimal) -> str:
    """A quantity without needless zeros."""
    return f"{number.normalize():f}"


def scale_and_contents(project: Project) -> str:
    """建设规模及主要建设内容: what is renovated, then each content with its quantities."""
    area = project.area
    said = _(
        "%(communities)s communities, %(buildings)s buildings, %(households)s households, floor area %(area)s"
        " (10k ㎡)",
        communities=area.community_count, buildings=area.building_count, households=area.household_count,
        area=quantity(area.floor_area) if area.floor_area else "0",
    )  # fmt: skip
    lines = [
        row.content
        + "、".join(
            f"{quantity(n)}{unit}"
            for n, unit in ((row.quantity1, row.unit1), (row.quantity2, row.unit2))
            if n and unit
        )
        for row in project.contents
    ]
    return "；".join([said, *lines])


def place(project: Project) -> str:
    """建设地点: province, city, county and address."""
    names, code = current(), project.area.county_code
    city = names.city_name(code)
    county = names.name(code)
    return names.province_of(code).name + (city if city != county else "") + county + project.area.address


def stage(project: Project) -> str:
    """In reserve, listed in a plan, or how far the works are."""
    area = project.area
    if project.is_plan:
        return _(IMPLEMENTATION_STATES[area.implementation_state])
    return _("Plan of %(year)s", year=area.plan_year) if area.plan_year else _("Project reserve")


def year(project: Project) -> int | None:
    """The plan year; of a reserve project that of the plan that it is in."""
    return (project.area.year if project.is_plan else project.area.plan_year) or None


def start(project: Project) -> Any:
    return (project.area.planned_start or project.area.start_due) if project.is_plan else None


def finish(project: Project) -> Any:
    return (project.area.planned_finish or project.area.finish_due) if project.is_plan else None


def _total(project: Project) -> Decimal | None:
    return sum(project.funding.values(), Decimal(0)) if project.funding else None


def _state(project: Project) -> str:
    return _(rules.FLOW.states[project.scheme.state]) if project.scheme is not None else _("Not filled in")


def _flag(name: str) -> str:
    """The column's English label, the message id of its heading."""
    return {
        "central_budget": N_("Central budget support"),
        "provincial_pilot": N_("Provincial pilot"),
        "livelihood": N_("Livelihood project"),
        "special_bond": N_("Special bond"),
    }[name]


_FORM = N_(
    "given by the national platform for approving investments; the portal has no such field: filled in by hand, not"
    " with the number on the project approval platform"
)
_SCHEME = N_("scheme of the project; empty before it is filled in")
_SUMS = N_("sum of the linked communities")
_BASICS = N_("basic information of the project")
_LEDGER = N_("yearly plan ledger; empty for reserve projects")
_PLANNED = N_("planned date, else the deadline of the province; plan tasks only")
_FIXED = N_("the same for every renovation of old communities")
FIELDS: tuple[Field, ...] = (
    Field("name", N_("Project name"), _BASICS, _of_area("name"), width=30),
    Field("national_code", N_("Project code"), _FORM, lambda p: "", width=26),
    Field("code", N_("Area code"), _LEDGER, _of_plan("code"), width=20),
    Field("stage", N_("Stage of the project"), N_("library and implementation state"), stage),
    Field("industry", N_("Industry"), _FIXED, lambda p: _("Renovation of old urban communities"), width=22),
    Field("nature", N_("Nature of the construction"), _FIXED, lambda p: _("Reconstruction")),
    Field("region", N_("Region code"), _BASICS, _of_area("county_code"), width=10),
    Field("place", N_("Place of construction"), N_("region and address of the project"), place, width=34),
    Field("contents", N_("Scale and contents of the construction"),
          N_("sums of the communities and contents of the scheme with their quantities"), scale_and_contents,
          width=60),
    Field("communities", N_("Linked communities"), _SUMS, _of_area("community_names"), width=30),
    Field("community_count", N_("Number of communities"), _SUMS, _of_area("community_count"), "int", PIECES),
    Field("building_count", N_("Buildings"), _SUMS, _of_area("building_count"), "int",
          N_("buildings (unit)")),
    Field("household_count", N_("Households"), _SUMS, _of_area("household_count"), "int",
          N_("households (unit)")),
    Field("floor_area", N_("Floor area"), _SUMS, _of_area("floor_area"), "decimal", N_("10k ㎡"), 4),
    Field("investment", N_("Total investment"), _SCHEME, _of_scheme("investment"), "decimal", WAN),
    Field("investment_basic", N_("Investment: basic"), _SCHEME, _of_scheme("investment_basic"), "decimal",
          WAN),
    Field("investment_improved", N_("Investment: improvement"), _SCHEME, _of_scheme("investment_improved"),
          "decimal", WAN),
    Field("investment_upgraded", N_("Investment: upgrade"), _SCHEME, _of_scheme("investment_upgraded"),
          "decimal", WAN),
    *(Field(f"funding_{source}", word, N_("sources of the funds by line in the scheme"), _funds(source),
            "decimal", WAN) for source, word in rules.FUNDING_SOURCES.items()),
    Field("funding", N_("Sources in total"), N_("sum of the lines; empty when none is filled in"), _total,
          "decimal", WAN),
    Field("year", N_("Listed in plan of"), _LEDGER, year, "int"),
    Field("start", N_("Planned start"), _PLANNED, start, "date"),
    Field("finish", N_("Planned finish"), _PLANNED, finish, "date"),
    Field("started_on", N_("Works started on"), N_("recognition of the start; plan tasks only"),
          _of_plan("started_on"), "date"),
    Field("finished_on", N_("Works finished on"), N_("recognition of the finish; plan tasks only"),
          _of_plan("finished_on"), "date"),
    Field("funds_in_place", N_("Funds in place"), _LEDGER, _of_plan("funds_in_place"), "decimal", WAN),
    Field("funds_completed", N_("Completed investment"), _LEDGER, _of_plan("funds_completed"), "decimal",
          WAN),
    *(Field(name, _flag(name), _LEDGER, _programme(name)) for name in PROGRAMMES),
    Field("scheme_state", N_("Scheme state"), N_("course of the scheme"), _state),
    Field("unit", N_("Responsible unit (file)"), _BASICS, _of_area("supervision_unit"), width=26),
    Field("person", N_("Responsible person (file)"), _BASICS, _of_area("supervisor_name")),
    Field("phone", N_("Phone (masked)"), _BASICS, lambda p: mask_phone(p.area.supervisor_phone)),
)  # fmt: skip


def columns() -> list[Column]:
    """The columns of the first sheet in the reader's language."""
    return [
        Column(f.key, _(f.label), f.kind, f.width, _(f.unit) if f.unit else "", decimals=f.decimals)
        for f in FIELDS
    ]


def explanation() -> Sheet:
    """The second sheet: every column with its unit and where its value comes from."""
    heads = (("number", _("No."), 6), ("label", _("Column (file)"), 30),
             ("unit", _("Unit (of a column)"), 12), ("source", _("Where it comes from"), 60))  # fmt: skip
    rows = [(n, _(f.label), _(f.unit) if f.unit else "", _(f.source)) for n, f in enumerate(FIELDS, start=1)]
    kinds: dict[str, Kind] = {"number": "int"}
    return Sheet(
        _("Explanation of the columns"),
        [Column(key, label, kinds.get(key, "text"), width) for key, label, width in heads],
        rows,
    )

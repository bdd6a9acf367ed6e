"""The list of inspections: of a county, of a city's or province's counties (M1.6.7.3)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_

from app.extensions import _l
from app.inspections import rules
from app.inspections.models import Inspection
from app.kernel.scope import Scope
from app.persistence.context import current_actor
from app.recognition.listing import (
    PLAN_FILTERS,
    CheckListing,
    light,
    name_column,
    place_columns,
    plain,
    plan_columns,
    rows_with_plan,
    word,
)  # fmt: skip
from app.web.listing import Column, State, choice_filter
from app.web.wording import local_time


class InspectionListing(CheckListing):
    """Inspections of the scope; sheets that another level is still writing are left out."""

    key = "inspections"
    table = rows_with_plan(
        Inspection.__table__, "level", "state", "inspected_on", "inspectors", "conclusion", "problem_count",
        "concluded_at", "concluded_by",
    )  # type: ignore[arg-type]  # fmt: skip
    columns = (
        *place_columns(), name_column("/inspections"), *plan_columns(),
        Column("level", _l("Kind of inspection"), ("level",), word(rules.LEVELS, "level"),
               word(rules.LEVELS, "level"), css="nowrap"),
        Column("inspected_on", _l("Date of inspection"), ("inspected_on",), plain("inspected_on"),
               plain("inspected_on"), "date", css="num", sort="inspected_on"),
        Column("inspectors", _l("Inspectors"), ("inspectors",), plain("inspectors"), plain("inspectors")),
        Column("problems", _l("Problems"), ("problem_count",), plain("problem_count"), plain("problem_count"),
               "int", css="num", sort="problem_count"),
        Column("conclusion", _l("Conclusion"), ("conclusion",),
               light(rules.CONCLUSION_LIGHTS, rules.CONCLUSIONS, "conclusion"),
               word(rules.CONCLUSIONS, "conclusion"), css="nowrap"),
        Column("state", _l("State"), ("state",), light(rules.LIGHTS, rules.FLOW.states),
               word(rules.FLOW.states, "state"), css="nowrap"),
        Column("concluded", _l("Concluded at"), ("concluded_at",), lambda row: local_time(row.concluded_at),
               plain("concluded_at"), "datetime", css="num", default=False, width=18),
        Column("concluded_by", _l("Concluded by"), ("concluded_by",), plain("concluded_by"),
               plain("concluded_by"), default=False),
    )  # fmt: skip
    filters = (
        *PLAN_FILTERS,
        choice_filter("state", "state", rules.FLOW.states, _l("State")),
        choice_filter("level", "level", rules.LEVELS, _l("Kind of inspection")),
        choice_filter("conclusion", "conclusion", rules.CONCLUSIONS, _l("Conclusion")),
    )

    def where(self, scope: Scope, state: State) -> list[ColumnElement[bool]]:
        """What was never concluded is its own level's business."""
        own = rules.level_of(current_actor())
        columns = self.table.c
        mine = (columns.state == "draft") & (columns.level == own)
        return [*super().where(scope, state), or_(columns.concluded_at.is_not(None), mine)]

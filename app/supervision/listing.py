"""The list of supervision issues (R22)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, or_

from app.extensions import _l
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
from app.supervision import rules
from app.supervision.models import SupervisionIssue
from app.web.listing import Column, State, choice_filter


def _short(row: Any) -> str:
    return row.problem if len(row.problem) <= 40 else f"{row.problem[:40]}…"


class IssueListing(CheckListing):
    """Issues of the scope; drafts are their own level's business."""

    key = "supervision"
    table = rows_with_plan(
        SupervisionIssue.__table__, "source", "level", "state", "content", "problem", "responsible_unit",
        "responsible_person", "deadline",
    )  # type: ignore[arg-type]  # fmt: skip
    columns = (
        *place_columns(), name_column("/supervision"), *plan_columns(),
        Column("source", _l("Source of the issue"), ("source",), word(rules.SOURCES, "source"),
               word(rules.SOURCES, "source"), css="nowrap"),
        Column("content", _l("Renovation content"), ("content",), plain("content"), plain("content")),
        Column("problem", _l("Problem found"), ("problem",), _short, plain("problem"), width=50),
        Column("unit", _l("Responsible unit"), ("responsible_unit",), plain("responsible_unit"),
               plain("responsible_unit"), width=24),
        Column("person", _l("Responsible person"), ("responsible_person",), plain("responsible_person"),
               plain("responsible_person")),
        Column("deadline", _l("Rectify until"), ("deadline",), plain("deadline"), plain("deadline"), "date",
               css="num", sort="deadline"),
        Column("state", _l("State"), ("state",), light(rules.LIGHTS, rules.FLOW.states),
               word(rules.FLOW.states, "state"), css="nowrap"),
    )  # fmt: skip
    filters = (
        *PLAN_FILTERS,
        choice_filter("state", "state", rules.FLOW.states, _l("State")),
        choice_filter("source", "source", rules.SOURCES, _l("Source of the issue")),
    )

    def where(self, scope: Scope, state: State) -> list[ColumnElement[bool]]:
        columns, own = self.table.c, current_actor().region_level
        mine = (columns.state == "draft") & (columns.level == own)
        return [*super().where(scope, state), or_(columns.state.not_in(("draft", "discarded")), mine)]

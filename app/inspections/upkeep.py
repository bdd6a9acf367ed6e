"""Comparing what plan tasks show of recognitions and inspections with those themselves (M1.6.7)."""

from __future__ import annotations

from sqlalchemy import Table, case, exists, or_, select
from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.areas.sums import execute
from app.inspections.models import Inspection
from app.inspections.rules import FLAGS
from app.recognition.models import Recognition

_plan: Table = PlanTask.__table__  # type: ignore[assignment]
_recognition: Table = Recognition.__table__  # type: ignore[assignment]
_inspection: Table = Inspection.__table__  # type: ignore[assignment]


def verify(session: Session) -> list[str]:
    """A sentence for every plan task whose state, dates or flags are not those of what stands."""
    standing = (_recognition.c.plan_task_id == _plan.c.id) & (_recognition.c.state == "recognised")
    found = {
        kind: select(_recognition.c.recognised_on)
        .where(standing, _recognition.c.kind == kind)
        .scalar_subquery()
        for kind in ("start", "finish")
    }
    state = case((found["finish"].is_not(None), "finished"), (found["start"].is_not(None), "started"),
                 else_="not_started")  # fmt: skip
    odd = or_(
        _plan.c.implementation_state != state,
        _plan.c.started_on.is_distinct_from(found["start"]),
        _plan.c.finished_on.is_distinct_from(found["finish"]),
    )
    plans = execute(session, select(_plan.c.id).where(odd).order_by(_plan.c.id)).scalars()
    faults = [f"plan_task {key}: its state differs from its recognitions" for key in plans]
    for level, flag in FLAGS.items():
        there = exists().where(
            _inspection.c.plan_task_id == _plan.c.id, _inspection.c.level == level,
            _inspection.c.state == "concluded",
        )  # fmt: skip
        wrong = select(_plan.c.id).where(_plan.c[flag] != there).order_by(_plan.c.id)
        faults += [
            f"plan_task {key}: {flag} differs from its inspections"
            for key in execute(session, wrong).scalars()
        ]
    return faults

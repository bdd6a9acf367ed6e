"""What the directory counts is kept until a record of the jurisdiction changes, and never longer."""

from __future__ import annotations

import ast
import datetime as dt
import importlib
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.annual_plans import services as annual_plans
from app.annual_plans.models import PlanTask
from app.areas import sums
from app.dashboard import queries as dashboard
from app.extensions import db
from app.kernel import calendar
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from app.persistence.work import unit_of_work
from app.reserve.models import ReserveProject
from app.schemes import summaries
from app.web.counts import unchanged
from tests.areas.helpers import make_plan, make_reserve, open_window
from tests.conftest import actor_named
from tests.guards import source

pytestmark = pytest.mark.req("M1.L", "R17")


@pytest.fixture
def counted(app_db: Flask) -> Callable[[str], bool]:
    """``counted("dingcheng")``: whether this person's list has to count anew."""

    def ask(username: str) -> bool:
        calls: list[int] = []
        with app_db.app_context(), acting_as(actor_named(username)):
            unchanged("plans", lambda: calls.append(1) or len(calls))
            db.session.remove()
        return bool(calls)

    return ask


def test_counted_once_and_again_after_a_change_in_the_jurisdiction(
    app_db: Flask, counted: Callable[[str], bool]
) -> None:
    everybody = ("dingcheng", "hanshou", "changde", "hunan", "guizhou")
    with app_db.app_context():
        open_window()
    assert all(map(counted, everybody)) and not any(map(counted, everybody))
    with app_db.app_context(), acting_as(actor_named("dingcheng")), unit_of_work() as session:
        plan = make_plan(session).id
    assert [counted(who) for who in everybody] == [True, False, True, True, False]

    def changed(work: Callable[[Any], Any], username: str = "dingcheng") -> bool:
        with app_db.app_context(), acting_as(actor_named(username)), unit_of_work() as session:
            work(session)
        db.session.remove()
        return counted("hunan")

    def edit(session: Any) -> None:
        found = annual_plans.get_plan(session, plan)
        annual_plans.update_plan(session, found, {"planned_start": "2026-05-01"}, found.version)

    def due(session: Any) -> None:
        found = annual_plans.get_plan(session, plan)
        found.start_due = dt.date(2020, 1, 1)
        session.flush()
        assert annual_plans.refresh_due_dates(session, [found]) == 1

    with app_db.app_context():
        assert changed(edit)
        assert changed(make_reserve)
        assert changed(due)
        assert changed(lambda session: annual_plans.delete_plans(session, [plan]))
        assert changed(lambda session: annual_plans.restore_plans(session, [plan]))
        assert not changed(lambda session: None)


def test_a_new_day_and_another_list_count_anew(
    app_db: Flask, counted: Callable[[str], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert counted("dingcheng") and not counted("dingcheng")
    tomorrow = calendar.today() + dt.timedelta(days=1)
    monkeypatch.setattr(calendar, "today", lambda: tomorrow)
    assert counted("dingcheng") and not counted("dingcheng")
    with app_db.app_context(), acting_as(actor_named("dingcheng")):
        assert unchanged("reserve", lambda: 5)[1] == 5
    with app_db.app_context(), acting_as(SYSTEM):
        answers = iter((1, 2))
        assert [unchanged("plans", lambda: next(answers))[1] for _ in range(2)] == [1, 2]


# function that writes a counted table past the session's objects → whose audited change goes with it
FOLLOWS = {
    "app.accounts.construction.services.mark_plans": "the account of a unit on the plan task",
    "app.annual_plans.import_writing._add": "an event for every county of the batch",
    "app.areas.places.place_communities": "the link of a community",
    "app.areas.places.place_reserves": "the link of a reserve project",
    "app.areas.sums.recompute": "a community, or its link",
    "app.communities.import_writing._insert": "the batch's event, or one for every other county",
    "app.communities.import_writing._update": "an event for every community",
    "app.monthly_reports.figures.write_figures": "the month report that was approved",
    "app.schemes.summaries.write_summaries": "the scheme",
}
COUNTED = frozenset({"community", "plan_task", "reserve_project", "monthly_report"})
FIRST_ARGUMENT = frozenset({"insert", "update", "delete", "pg_insert", "sqlite_insert"})
BULK = frozenset({"insert_columns", "update_columns"})


def written(call: ast.Call) -> ast.expr | None:
    """What a call writes: ``update(x)``, ``x.update()``, ``insert_columns(session, x, …)``."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name in FIRST_ARGUMENT and call.args:
        return call.args[0]
    if name in BULK:
        return call.args[1]
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return call.func.value if isinstance(call.func, ast.Attribute) and method in FIRST_ARGUMENT else None


def counted_by(module: Any, target: ast.expr, *, method: bool) -> bool:
    """Whether a target is a counted table; a local name that is not known to be another one counts."""
    if not isinstance(target, ast.Name):
        return False
    if target.id not in vars(module):
        return not method  # ``found.update(…)`` of a dictionary
    table = vars(module)[target.id]
    return getattr(getattr(table, "__table__", table), "name", "") in COUNTED


def test_whatever_is_written_past_the_session_follows_an_audited_change() -> None:
    """Counts are kept until an event: what is written without one would be seen late."""
    found = set()
    for path in source.modules():
        name = ".".join(path.relative_to(source.APP.parent).with_suffix("").parts)
        if name.startswith(("app.migrations", "app.cli", "app.regions")):  # before anybody counts
            continue
        for function in (one for one in ast.walk(source.tree(path)) if isinstance(one, ast.FunctionDef)):
            for call in (one for one in ast.walk(function) if isinstance(one, ast.Call)):
                target = written(call)
                method = isinstance(call.func, ast.Attribute)
                if target is not None and counted_by(importlib.import_module(name), target, method=method):
                    found.add(f"{name}.{function.name}")
    assert found == set(FOLLOWS)


def test_columns_without_events_are_those_that_follow() -> None:
    """What an area does not tell the audit trail is written by `FOLLOWS` alone, or tells it by itself."""
    silent = (PlanTask.__audit_skip__ | ReserveProject.__audit_skip__) & set(dashboard.KEYS) | {
        key for key in PlanTask.__audit_skip__ if key.endswith("_state")
    }
    assert silent <= {*sums.SUMS, *summaries._SHOWN}

"""Create, edit, link, unlink, delete, restore by two roles in two counties, against a plain-Python oracle."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.annual_plans import services as annual_plans
from app.annual_plans.models import PlanTask
from app.areas import places, sums
from app.areas.rules import SUMS, area_sums
from app.communities import services as communities
from app.communities.models import Community
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.kernel.errors import NotAllowed, OutOfScope, RuleViolation
from app.persistence import closing
from app.persistence.context import acting_as, current_actor
from app.reserve import services as reserve
from app.reserve.models import ReserveProject
from tests.areas.helpers import make_community, make_plan, make_reserve, open_window
from tests.conftest import actor_named

COUNTIES = {"dingcheng": "430703", "hanshou": "430722"}
PICK = st.integers(0, 50)
CLERK = st.sampled_from(sorted(COUNTIES))
FIELDS = ("name", "building_count", "household_count", "unit_count", "unit_without_elevator_count",
          "substandard_household_count", "built_year", "floor_area", "planned_investment")  # fmt: skip


class Life(RuleBasedStateMachine):
    """The oracle: ``rows`` of communities, and where each community and reserve project is."""

    actors: dict[str, Any]

    @initialize()
    def begin(self) -> None:
        self.session = db.session()
        self.rows: dict[int, dict[str, Any]] = {}
        self.place: dict[int, tuple[str, int]] = {}  # community → (owner, id)
        self.plan_of: dict[int, int] = {}  # reserve project → plan task
        self.county: dict[tuple[str, int], str] = {}
        self.gone: set[tuple[str, int]] = set()
        with acting_as(self.actors["dingcheng"]):
            make_community(self.session, "起点")

    def teardown(self) -> None:
        db.session.rollback()
        db.session.expunge_all()

    # -- doing --
    def attempt(self, who: str, allowed: bool, job: Any) -> Any:
        """Run a job as somebody; it goes through exactly when the oracle says so."""
        done = None
        nested = self.session.begin_nested()
        try:
            with acting_as(self.actors[who]):
                done = job(self.session)
                closing.settle(self.session)
            nested.commit()
        except (RuleViolation, OutOfScope, NotAllowed):
            nested.rollback()
            assert not allowed, "refused what the oracle allows"
            return None
        assert allowed, "went through although the oracle refuses it"
        return done

    def some(self, kind: str, number: int, deleted: bool = False) -> int | None:
        keys = sorted(i for (k, i) in self.county if k == kind and ((k, i) in self.gone) == deleted)
        return keys[number % len(keys)] if keys else None

    @rule(who=CLERK, households=st.integers(1, 99), year=st.integers(1950, 2005))
    def add_community(self, who: str, households: int, year: int) -> None:
        name = f"小区{len(self.rows)}"

        def job(session: Any) -> dict[str, Any]:
            made = make_community(session, name, COUNTIES[who], household_count=households, built_year=year)
            session.refresh(made)
            return {"id": made.id, **{field: getattr(made, field) for field in FIELDS}}

        row = self.attempt(who, True, job)
        self.rows[row["id"]] = row
        self.county["community", row["id"]] = COUNTIES[who]

    @rule(
        who=st.sampled_from(["dingcheng", "hanshou", "dingcheng_review"]),
        kind=st.sampled_from(["reserve", "plan"]),
    )
    def add_area(self, who: str, kind: str) -> None:
        county = COUNTIES.get(who, "430703")
        make = make_reserve if kind == "reserve" else make_plan
        made = self.attempt(who, who in COUNTIES, lambda s: make(s, f"{kind}{len(self.county)}", county).id)
        if made:
            self.county[kind, made] = county

    @precondition(lambda self: self.rows)
    @rule(who=CLERK, number=PICK, households=st.integers(1, 99))
    def edit_community(self, who: str, number: int, households: int) -> None:
        key = self.some("community", number)
        if key is None or self.county["community", key] != COUNTIES[who]:
            return

        def job(session: Any) -> None:
            session.get(Community, key).household_count = households

        self.attempt(who, True, job)
        self.rows[key]["household_count"] = households

    @rule(who=CLERK, kind=st.sampled_from(["reserve", "plan"]), number=PICK)
    def rename_area(self, who: str, kind: str, number: int) -> None:
        key = self.some(kind, number)
        if key is None:
            return

        def job(session: Any) -> None:
            row = self._row(session, kind, key)
            save = reserve.update_reserve if kind == "reserve" else annual_plans.update_plan
            save(session, row, {"name": f"改名{number}"}, row.version)

        self.attempt(who, self.county[kind, key] == COUNTIES[who], job)

    @rule(
        who=CLERK,
        kind=st.sampled_from(["reserve", "plan"]),
        number=PICK,
        others=st.lists(PICK, min_size=1, max_size=3),
    )
    def link_communities(self, who: str, kind: str, number: int, others: list[int]) -> None:
        area, chosen = self.some(kind, number), {self.some("community", n) for n in others}
        if area is None or None in chosen:
            return
        mine = {self.county[kind, area], *(self.county["community", c] for c in chosen)} == {COUNTIES[who]}
        free = all(self.place.get(c) in (None, (kind, area)) for c in chosen)
        self.attempt(
            who,
            mine and free,
            lambda s: self._service(kind).link(s, self._row(s, kind, area), sorted(chosen)),
        )
        if mine and free:
            self.place.update(dict.fromkeys(chosen, (kind, area)))

    @rule(who=CLERK, kind=st.sampled_from(["reserve", "plan"]), number=PICK, every=st.booleans(), other=PICK)
    def unlink_communities(self, who: str, kind: str, number: int, every: bool, other: int) -> None:
        area, one = self.some(kind, number), self.some("community", other)
        if area is None or one is None:
            return
        chosen = [c for c, at in self.place.items() if at == (kind, area)] if every else [one]
        mine = self.county[kind, area] == COUNTIES[who]
        held = all(self.place.get(c) == (kind, area) for c in chosen)
        self.attempt(who, mine and held, lambda s: self._service(kind).unlink(
            s, self._row(s, kind, area), None if every else chosen))  # fmt: skip
        if mine and held:
            for community in chosen:
                del self.place[community]

    @rule(who=CLERK, number=PICK, other=PICK)
    def link_reserve(self, who: str, number: int, other: int) -> None:
        plan, project = self.some("plan", number), self.some("reserve", other)
        if plan is None or project is None:
            return
        mine = {self.county["plan", plan], self.county["reserve", project]} == {COUNTIES[who]}
        free = self.plan_of.get(project) in (None, plan)
        self.attempt(
            who, mine and free, lambda s: annual_plans.link(s, self._row(s, "plan", plan), reserves=[project])
        )
        if mine and free:
            self.plan_of[project] = plan

    @rule(who=CLERK, number=PICK)
    def unlink_reserves(self, who: str, number: int) -> None:
        plan = self.some("plan", number)
        if plan is None:
            return
        mine = self.county["plan", plan] == COUNTIES[who]
        self.attempt(who, mine, lambda s: annual_plans.unlink(s, self._row(s, "plan", plan), reserves=None))
        if mine:
            self.plan_of = {r: p for r, p in self.plan_of.items() if p != plan}

    @rule(who=CLERK, kind=st.sampled_from(["community", "reserve", "plan"]), number=PICK)
    def delete(self, who: str, kind: str, number: int) -> None:
        key = self.some(kind, number)
        if key is None:
            return
        free = {
            "community": key not in self.place,
            "reserve": key not in self.plan_of,
            "plan": key not in self.plan_of.values() and ("plan", key) not in self.place.values(),
        }[kind]
        allowed = free and self.county[kind, key] == COUNTIES[who]
        self.attempt(who, allowed, lambda s: self._delete(s, kind, key))
        if allowed:
            self.gone.add((kind, key))
            self.place = {c: at for c, at in self.place.items() if at != (kind, key)}

    @rule(who=CLERK, kind=st.sampled_from(["community", "reserve", "plan"]), number=PICK)
    def restore(self, who: str, kind: str, number: int) -> None:
        key = self.some(kind, number, deleted=True)
        if key is None:
            return
        allowed = self.county[kind, key] == COUNTIES[who]
        self.attempt(who, allowed, lambda s: self._restore(s, kind, key))
        if allowed:
            self.gone.discard((kind, key))

    @staticmethod
    def _service(kind: str) -> Any:
        return reserve if kind == "reserve" else annual_plans

    @staticmethod
    def _row(session: Any, kind: str, key: int) -> Any:
        return reserve.get_reserve(session, key) if kind == "reserve" else annual_plans.get_plan(session, key)

    @staticmethod
    def _delete(session: Any, kind: str, key: int) -> None:
        if kind == "community":
            communities.delete_communities(session, current_actor(), [key])
        elif kind == "reserve":
            reserve.delete_reserves(session, [key])
        else:
            annual_plans.delete_plans(session, [key])

    @staticmethod
    def _restore(session: Any, kind: str, key: int) -> None:
        if kind == "community":
            communities.restore_communities(session, current_actor(), [key])
        elif kind == "reserve":
            reserve.restore_reserves(session, [key])
        else:
            annual_plans.restore_plans(session, [key])

    # -- what must hold --
    @invariant()
    def sums_and_places_are_the_oracles(self) -> None:
        if not self.county:
            return
        with acting_as(SYSTEM):
            for kind, model in (("reserve", ReserveProject), ("plan", PlanTask)):
                for of, key in [pair for pair in self.county if pair[0] == kind]:
                    table = model.__table__
                    kept = (
                        sums.execute(self.session, table.select().where(table.c.id == key)).mappings().one()
                    )
                    held = (
                        {at for at, plan in self.plan_of.items() if plan == key} if kind == "plan" else set()
                    )
                    mine = [
                        self.rows[c] for c, (owner, at) in self.place.items()
                        if (owner, at) == (of, key) or (owner == "reserve" and at in held)
                    ]  # fmt: skip
                    assert {name: kept[name] for name in SUMS} == area_sums(mine)
            assert sums.verify(self.session) == []
            assert places.verify(self.session) == []


@pytest.mark.req("R07", "M1.5.1", "M1.5.1l", "M1.5.2", "M1.5.3", "M1.6.1", "M1.6.2", "M1.4.3", "M1.4.4")
def test_life_of_areas(app_db: Flask) -> None:
    with app_db.app_context():
        open_window()
        Life.actors = {name: actor_named(name) for name in (*COUNTIES, "dingcheng_review")}
        db.session.rollback()
        few = app_db.extensions["test_backend"] == "postgresql"
        run_state_machine_as_test(
            Life,
            settings=settings(
                max_examples=6 if few else 15,
                stateful_step_count=30,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
            ),
        )

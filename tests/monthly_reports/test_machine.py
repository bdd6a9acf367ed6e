"""The life of month reports by interleaved people with what they last saw, against a plain-Python oracle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app.annual_plans.models import PlanTask
from app.extensions import db
from app.kernel.actor import Actor
from app.kernel.calendar import Month
from app.kernel.errors import PortalError
from app.monthly_reports import figures, queries, services
from app.persistence import closing
from app.persistence.context import acting_as
from app.works.queries import get_project
from tests.areas.helpers import open_window
from tests.conftest import actor_named
from tests.monthly_reports.helpers import file_stages, make_plan_with_contents, make_project, on

FIRST = Month.at(2026, 3)
MONTHS = st.integers(0, 3)
AMOUNT = st.integers(0, 6).map(lambda number: number * 10)
PICK = st.integers(0, 30)
# the chief is the editor's own account with the reviewer's rights: R19 binds persons, not roles
PEOPLE = ("editor", "reviewer", "chief")
WHO = st.sampled_from(PEOPLE)
FRESH = st.sampled_from((True, True, True, False))
FILLERS, REVIEWERS = {"editor", "chief"}, {"reviewer", "chief"}
PERSON = {"editor": 1, "chief": 1, "reviewer": 2}


@dataclass
class Known:
    """A report as the oracle has it; ``changes`` counts what was written since it was begun."""

    month: int
    revision: int
    state: str = "draft"
    amount: int | None = None
    by: int = 0
    replaces: int = 0
    submitted_once: bool = False
    deleted: bool = False
    changes: int = 0

    @property
    def open(self) -> bool:
        return self.state in ("draft", "submitted", "returned") and not self.deleted


class Life(RuleBasedStateMachine):
    """One works project, four months, three people; ``seen``: what each of them saw last of each report."""

    actors: dict[str, Actor]

    @initialize()
    def begin(self) -> None:
        self.session = db.session()
        self.reports: dict[int, Known] = {}
        self.seen: dict[tuple[str, int], tuple[int, int]] = {}
        with acting_as(self.actors["editor"]), on(2026, 7, 26):
            self.plan = make_plan_with_contents(self.session)
            self.project = make_project(self.session, self.plan).id
            file_stages(self.session, self.project, "preparing")
            self.session.flush()
        for month in (0, 1):
            self.start("editor", month)
            self.fill("editor", month, 10 + month * 20, True)

    def teardown(self) -> None:
        db.session.rollback()
        db.session.expunge_all()

    # -- the oracle --
    def approved(self, month: int) -> Known | None:
        found = [one for one in self.reports.values() if one.month == month and one.state == "approved"]
        assert len(found) <= 1
        return found[0] if found else None

    def fits(self, report: Known) -> bool:
        """R12 for a report that has its figures."""
        if report.amount is None or report.revision > 1:
            return report.amount is not None
        before = [self.approved(month) for month in range(report.month)]
        after = [self.approved(month) for month in range(report.month + 1, 4)]
        low = next((one.amount for one in reversed(before) if one), 0)
        high = next((one.amount for one in after if one), 10**6)
        return (low or 0) <= report.amount <= (high or 0)

    def pick(self, number: int) -> int | None:
        keys = sorted(key for key, one in self.reports.items() if not one.deleted)
        return keys[number % len(keys)] if keys else None

    def look(self, who: str, key: int, fresh: bool) -> tuple[int, bool]:
        """(version the person acts on, whether it is still the newest)."""
        if fresh or (who, key) not in self.seen:
            row = queries.get_report(self.session, key)
            self.seen[who, key] = (row.version, self.reports[key].changes)
        version, changes = self.seen[who, key]
        return version, changes == self.reports[key].changes

    # -- doing --
    def attempt(self, who: str, allowed: bool, job: Any) -> Any:
        """Run a job as somebody; it goes through exactly when the oracle says so, refused with a sentence."""
        nested = self.session.begin_nested()
        try:
            with acting_as(self.actors[who]), on(2026, 7, 26):
                done = job(self.session)
                closing.settle(self.session)
            nested.commit()
        except PortalError as error:
            nested.rollback()
            assert not allowed, f"refused what the oracle allows: {error}"
            assert str(error.message)
            return None
        assert allowed, "went through although the oracle refuses it"
        return done

    def change(self, who: str, key: int, fresh: bool, allowed: bool, job: Any) -> Any:
        """A step under the lock of what the person saw."""
        with acting_as(self.actors[who]):
            version, newest = self.look(who, key, fresh)
        done = self.attempt(
            who, allowed and newest, lambda session: job(session, queries.get_report(session, key), version)
        )
        if done is not None:
            self.reports[key].changes += 1
        return done

    @rule(who=WHO, month=MONTHS)
    def start(self, who: str, month: int) -> None:
        free = not any(
            one.month == month and (one.open or one.state == "approved") for one in self.reports.values()
        )
        made = self.attempt(
            who, who in FILLERS and free,
            lambda session: services.start_report(session, get_project(session, self.project), FIRST + month),
        )  # fmt: skip
        if made is not None:
            before = [self.approved(number) for number in range(month)]
            amount = next((one.amount for one in reversed(before) if one), None)
            self.reports[made.id] = Known(month, 1, amount=amount)

    @rule(who=WHO, number=PICK, amount=AMOUNT, fresh=FRESH)
    def fill(self, who: str, number: int, amount: int, fresh: bool) -> None:
        if (key := self.pick(number)) is None:
            return
        known = self.reports[key]
        typed = {
            "progress": "preparing",
            "cumulative_investment": str(amount),
            "year_investment": str(amount),
        }
        allowed = who in FILLERS and known.state in ("draft", "returned")
        save = lambda session, report, version: services.save_report(session, report, typed, version)
        if self.change(who, key, fresh, allowed, save) is not None:
            known.amount = amount

    @rule(who=WHO, number=PICK, fresh=FRESH)
    def submit(self, who: str, number: int, fresh: bool) -> None:
        if (key := self.pick(number)) is None:
            return
        known = self.reports[key]
        allowed = who in FILLERS and known.state in ("draft", "returned") and self.fits(known)
        job = lambda s, report, version: services.submit(
            s, report, version, declared=True, accept_warnings=True
        )
        if self.change(who, key, fresh, allowed, job) is not None:
            known.state, known.by, known.submitted_once = "submitted", PERSON[who], True

    @rule(who=WHO, number=PICK, fresh=FRESH)
    def withdraw(self, who: str, number: int, fresh: bool) -> None:
        if (key := self.pick(number)) is None:
            return
        known = self.reports[key]
        job = services.withdraw
        if self.change(who, key, fresh, who in FILLERS and known.state == "submitted", job) is not None:
            known.state = "draft"

    @rule(who=WHO, number=PICK, fresh=FRESH)
    def approve(self, who: str, number: int, fresh: bool) -> None:
        if (key := self.pick(number)) is None:
            return
        known = self.reports[key]
        allowed = (
            who in REVIEWERS and known.state == "submitted" and known.by != PERSON[who] and self.fits(known)
        )
        job = lambda session, report, version: services.approve(session, report, version, declared=True)
        if self.change(who, key, fresh, allowed, job) is not None:
            known.state = "approved"
            if known.replaces:
                old = self.reports[known.replaces]
                old.state, old.changes = "superseded", old.changes + 1

    @rule(who=WHO, number=PICK, reason=st.sampled_from(("", "照片不清")), fresh=FRESH)
    def give_back(self, who: str, number: int, reason: str, fresh: bool) -> None:
        if (key := self.pick(number)) is None:
            return
        known = self.reports[key]
        allowed = who in REVIEWERS and known.state == "submitted" and bool(reason)
        job = lambda session, report, version: services.give_back(session, report, reason, version)
        if self.change(who, key, fresh, allowed, job) is not None:
            known.state = "returned"

    @rule(who=WHO, number=PICK)
    def correct(self, who: str, number: int) -> None:
        if (key := self.pick(number)) is None:
            return
        known = self.reports[key]
        free = not any(one.month == known.month and one.open for one in self.reports.values())
        made = self.attempt(
            who, who in FILLERS and known.state == "approved" and free,
            lambda session: services.correct(session, queries.get_report(session, key), "更正"),
        )  # fmt: skip
        if made is not None:
            last = max(
                one.revision for one in self.reports.values() if one.month == known.month and not one.deleted
            )
            self.reports[made.id] = replace(
                known, state="draft", revision=last + 1, replaces=key, submitted_once=False, changes=0
            )

    @rule(who=WHO, number=PICK, fresh=FRESH)
    def discard(self, who: str, number: int, fresh: bool) -> None:
        if (key := self.pick(number)) is None:
            return
        known = self.reports[key]
        allowed = who in FILLERS and known.state == "draft" and not known.submitted_once
        job = services.discard
        if self.change(who, key, fresh, allowed, job) is not None:
            known.deleted = True

    # -- what must hold --
    @invariant()
    def rows_are_what_the_oracle_says(self) -> None:
        if not getattr(self, "project", None):
            return
        with acting_as(self.actors["editor"]):
            rows = {one.id: one for one in queries.reports_of_project(self.session, self.project)}
            assert set(rows) == {key for key, one in self.reports.items() if not one.deleted}
            for key, row in rows.items():
                known = self.reports[key]
                assert (row.state, row.revision) == (known.state, known.revision)
                assert row.cumulative_investment == (None if known.amount is None else Decimal(known.amount))
            self.session.expire(self.plan, list(figures.SHOWN))
            latest = next((one for one in map(self.approved, (3, 2, 1, 0)) if one), None)
            plan: PlanTask = self.plan
            if latest is None:
                assert plan.approved_month is None and plan.approved_investment == 0
            else:
                assert plan.approved_month == (FIRST + latest.month).first
                assert plan.approved_investment == plan.funds_completed == Decimal(latest.amount or 0)


@pytest.mark.req("M1.6.5.2", "M1.6.5.4", "R12", "R19")
def test_the_life_of_reports(app_db: Flask) -> None:
    with app_db.app_context():
        with on(2026, 7, 26):
            open_window()
        editor, reviewer = actor_named("dingcheng"), actor_named("dingcheng_review")
        chief = replace(editor, permissions=editor.permissions | {("can_approve", "MonthlyReport")})
        Life.actors = {"editor": editor, "reviewer": reviewer, "chief": chief}
        db.session.rollback()
        few = app_db.extensions["test_backend"] == "postgresql"
        run_state_machine_as_test(
            Life,
            settings=settings(
                max_examples=5 if few else 12, stateful_step_count=40, deadline=None, database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip

"""kill -9 at random moments: ``python -m tests.monthly_reports.killed DATABASE_URL FOLDER ROUNDS SEED``.

Submit, approve, upload and the worker that makes small pictures run in a forked process each that is killed at a moment drawn from the time such a
step takes; in a long run every tenth time the database's own process is killed instead (PostgreSQL). After
each round the report stands before or after the step, never between. Prints how many were killed in the
middle; a fault ends the run. The address names a migrated demo world, the folder takes the files.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import io
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import psycopg
import sqlalchemy as sa

import config
from app import create_app
from app.attachments import parts
from app.attachments import queries as attachments
from app.attachments import services as files
from app.attachments.models import Attachment, StoredFile
from app.attachments.storage import storage
from app.attachments.upkeep import verify_files
from app.cli.verify import faults
from app.extensions import db
from app.jobs.models import Job
from app.jobs.services import SILENT_AFTER, run_waiting
from app.kernel.actor import SYSTEM
from app.monthly_reports import queries, services
from app.monthly_reports.models import MonthlyReport
from app.persistence.context import acting_as, current_actor
from app.persistence.transitions import trace
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from tests.attachments.samples import jpeg
from tests.conftest import actor_named
from tests.databases import SCRATCH
from tests.monthly_reports.helpers import make_world, on

LONG = 100
ADDRESS = ""
STEPS = ("submit", "approve", "upload", "thumbnail")
JOB = Job.__table__
AFTER = {"submit": "submitted", "approve": "approved"}


class Rounds:
    """The world of one run: the report that stands last of a works project, and who works on it."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        world = make_world(None)
        self.plan, self.report = world["plan"], world["report"]
        self.people = {name: actor_named(name) for name in ("dingcheng", "dingcheng_review")}
        self.takes: dict[str, float] = {}
        self.pictures = 0

    # -- steps of people --
    def act(self, login: str, job: Callable[[Any, MonthlyReport], Any]) -> Any:
        with acting_as(self.people[login]), unit_of_work() as session:
            return job(session, queries.get_report(session, self.report))

    def submit(self) -> None:
        def submit(session: Any, report: MonthlyReport) -> Any:
            return services.submit(session, report, declared=True, accept_warnings=True)

        self.act("dingcheng", submit)

    def approve(self) -> None:
        self.act("dingcheng_review", lambda s, report: services.approve(s, report, declared=True))

    def upload(self) -> None:
        """A photo by pieces, as the browser sends it."""
        content = jpeg(320, 240, seed=self.pictures)
        with acting_as(self.people["dingcheng"]):
            actor = current_actor()
            with unit_of_work() as session:
                item = queries.get_report(session, self.report).items[0].id
                begun = files.create_upload(
                    session, actor, "ReportItem", item, "photo_during", f"{self.pictures}.jpg", len(content)
                ).id
            for start in range(0, len(content), 4096):
                parts.append(begun, start, io.BytesIO(content[start : start + 4096]), len(content))
            with unit_of_work() as session:
                checked = files.check_upload(session, actor, begun, hashlib.sha256(content).hexdigest())
                files.attach_upload(session, actor, begun, checked)
        parts.discard(begun)

    def thumbnail(self) -> None:
        """The worker, as it is started anew: what waits, and what a killed one left behind."""
        assert run_waiting() == 1
        with db.engine.connect() as connection:  # a job whose database went away is left for the next worker
            assert not connection.execute(sa.select(JOB.c.id).where(JOB.c.state != "done")).all()

    def prepare(self, step: str) -> None:
        """Bring the report to where the step can begin."""
        state = self.state()
        if state == "approved":
            self.report = self.act("dingcheng", lambda s, report: services.correct(s, report, "更正").id)
            state = "draft"
        if step == "approve" and state in ("draft", "returned"):
            self.submit()
        elif step != "approve" and state == "submitted":  # also photos belong to what is being filled in
            self.act("dingcheng_review", lambda s, report: services.give_back(s, report, "照片不清"))
        if step in ("upload", "thumbnail"):
            self.make_room()
        self.pictures += 1
        if step == "thumbnail":
            self.recover()
            self.upload()

    def make_room(self) -> None:
        with acting_as(self.people["dingcheng"]), unit_of_work() as session:
            item = queries.get_report(session, self.report).items[0].id
            mine = attachments.of_owner(session, "ReportItem", item, ["photo_during"])
            for key in [file.id for file in mine][:-5]:
                files.delete_attachment(session, current_actor(), key)

    def recover(self) -> None:
        """The worker that comes after a killed one, two minutes later: every picture gets its small one, once."""
        with db.engine.begin() as connection:
            connection.execute(sa.update(JOB).values(beat_at=utcnow() - SILENT_AFTER * 2))
        run_waiting()
        jobs = sa.select(JOB.c.state, JOB.c.attempts).where(JOB.c.state != "done")
        left = sa.select(StoredFile.sha256).where(StoredFile.thumbnail_state == "waiting")
        with db.engine.connect() as connection:
            assert [*connection.execute(jobs), *connection.execute(left)] == []

    # -- what stands --
    def state(self) -> str:
        db.session.remove()
        with acting_as(SYSTEM):
            return queries.get_report(db.session(), self.report).state

    def standing(self, step: str) -> tuple[Any, ...]:
        """All that the step changes: state, its log, declarations, the plan's figures; or the photos."""
        db.session.remove()
        with acting_as(SYSTEM):
            session = db.session()
            report = queries.get_report(session, self.report)
            mine = Attachment.owner_id == report.items[0].id
            if step == "upload":
                return (session.scalar(sa.select(sa.func.count(Attachment.id)).where(mine)),)
            if step == "thumbnail":
                newest = sa.select(StoredFile).join(Attachment).where(mine).order_by(Attachment.id.desc()).limit(1)
                file = session.scalars(newest).one()
                made = storage().size(file.thumbnail_key) if file.thumbnail_state == "ready" else 0
                return file.thumbnail_state, bool(made), bool(file.perceptual_hash)
            plan = sa.text("SELECT approved_month FROM plan_task WHERE id = :id")
            shown = session.execute(plan, {"id": self.plan}).scalar() if step == "approve" else None
            steps = [one.action for one in trace(session, "MonthlyReport", self.report)]
            said = [one["action"] for one in report.declarations]
            return report.state, steps.count(step), said.count(step), bool(shown)

    def check(self, step: str, before: tuple[Any, ...], *, finished: bool) -> None:
        """Nothing half done, nothing twice; a step that was not disturbed is done."""
        now = self.standing(step)
        if step == "upload":
            done: tuple[Any, ...] = (before[0] + 1,)
        elif step == "thumbnail":
            done = ("ready", True, True)
        else:
            done = (AFTER[step], before[1] + 1, before[2] + 1, before[3] or step == "approve")
        assert now in ((done,) if finished else (before, done)), f"{step}: {before} became {now}"

    # -- killing --
    def undisturbed(self, step: str) -> None:
        """How long the step takes."""
        self.prepare(step)
        before, begun = self.standing(step), time.monotonic()
        os.waitpid(fork(getattr(self, step)), 0)
        self.takes[step] = min(self.takes.get(step, 60.0), time.monotonic() - begun)
        self.check(step, before, finished=True)

    def round(self, step: str, *, database: bool) -> bool:
        """One killed step; whether it was killed before it was over."""
        self.prepare(step)
        before = self.standing(step)
        child = fork(getattr(self, step))
        time.sleep(self.chance.uniform(0, self.takes[step] * 1.1))
        if database:
            kill_database()
            _pid, status = os.waitpid(child, 0)
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            _pid, status = os.waitpid(child, 0)
        quiet()
        finished = os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0
        self.check(step, before, finished=finished)
        return not finished

    def audit(self) -> None:
        """Chains, sums, figures and declarations; no file without a row, no row without its file."""
        db.session.remove()
        with acting_as(SYSTEM):
            assert faults(db.session()) == []
            self.recover()
            verify_files(db.session(), older_than=dt.timedelta(0))
            again = verify_files(db.session(), older_than=dt.timedelta(0))
            assert not [line for line in again if "belonged to no" in line], again
            report = queries.get_report(db.session(), self.report)
            owners = [item.id for item in report.items]
            for file in attachments.of_owners(db.session(), "ReportItem", owners):
                assert storage().size(file.file.storage_key) == file.file.size, file.name


def fork(job: Callable[[], None]) -> int:
    """Run a job in a process of its own, with connections of its own; exit status 0 when it went through."""
    db.session.remove()
    db.engine.dispose()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        job()
        status = 0
    except BaseException as error:
        print(f"{type(error).__name__}: {error}"[:300], file=sys.stderr)
    finally:
        os._exit(status)


def _admin() -> psycopg.Connection[Any]:
    url = sa.make_url(ADDRESS).set(drivername="postgresql", database="postgres")
    for _attempt in range(200):
        with contextlib.suppress(psycopg.OperationalError):
            return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)
        time.sleep(0.05)
    raise AssertionError("the database did not come back")


_OTHERS = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


def _others() -> list[int]:
    with _admin() as connection:
        name = sa.make_url(ADDRESS).database
        return [row[0] for row in connection.execute(_OTHERS, (name,))]


def postgresql() -> bool:
    return ADDRESS.startswith("postgresql")


def kill_database() -> None:
    """kill -9 of the server process that works for the child: PostgreSQL restarts all of itself then."""
    for pid in _others():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def settle() -> None:
    """Make a database of the tests as durable as one in production, as far as a killed process goes.

    A clone of a template has its sequences ahead of its log: until a checkpoint, a crash would give numbers out
    twice. The tests' cluster answers before its log is written: a crash would lose what was committed just before.
    """
    with _admin() as connection:
        connection.execute(f'ALTER DATABASE "{sa.make_url(ADDRESS).database}" SET synchronous_commit = on')
        connection.execute("CHECKPOINT")


def quiet() -> None:
    """Until the database has noticed that its client is gone: a commit that was sent may still come."""
    db.session.remove()
    db.engine.dispose()
    if not postgresql():
        return
    for _attempt in range(400):
        with contextlib.suppress(psycopg.OperationalError):
            if not _others():
                return
        time.sleep(0.01)
    raise AssertionError("a transaction is still open")


def main(rounds: int, seed: int) -> int:
    """Rounds of every kind of step; how many were killed in the middle."""
    app = create_app({
        "SQLALCHEMY_DATABASE_URI": ADDRESS, "SQLALCHEMY_ENGINE_OPTIONS": config.engine_options(ADDRESS),
        "DATA_DIR": sys.argv[2],
    })  # fmt: skip
    killed = 0
    if postgresql():
        settle()
    with app.app_context(), on(2026, 5, 26):
        world = Rounds(seed)
        for step in (*STEPS, *STEPS):  # the first time modules are read, which says nothing of the step
            world.undisturbed(step)
        for number in range(rounds):
            for step in STEPS:
                database = postgresql() and rounds >= LONG and number % 10 == 9
                killed += world.round(step, database=database)
            if number % 25 == 24:
                world.audit()
        world.audit()
    return killed


if __name__ == "__main__":
    ADDRESS = sys.argv[1]
    try:
        print(main(int(sys.argv[3]), int(sys.argv[4])))
    finally:
        shutil.rmtree(SCRATCH, ignore_errors=True)

"""The product itself, through the same door as its users."""

from __future__ import annotations

import re
import time
from typing import Any

from bench.http import Client
from bench.subject import (
    BUILT,
    EXPORT_COLUMNS,
    EXPORT_KIND,
    IMPORT_MARK,
    INITIALS,
    PAGE_ROWS,
    PASSWORD,
    PLAN_COLUMNS,
    PLAN_YEAR,
    ROLES,
    SEARCH,
    Subject,
    deep_page,
    hidden,
    plan_page,
    query,
)  # fmt: skip

SHOWN = [
    "county", "name", "street", "built_year", "building_count", "household_count", "floor_area", "planned_investment",
    "state",
]  # fmt: skip


#: The columns of the ledger as the manual has them (M1.6), which the peers show too.
PLANS_SHOWN = [
    "year", "code", "name", "names", "linked", "account_assigned", "scheme", "state", "county_inspected",
    "city_inspected", "province_inspected", "light",
]  # fmt: skip


class Ours(Subject):
    """The portal as ``make run`` serves it."""

    name = "ours"
    row = re.compile(rb'data-row="(\d+)"')
    turn = 0
    _draft_ids: tuple[int, ...] = ()

    def application(self) -> Any:
        from run import app

        self.app = app
        return app

    def setup(self) -> None:
        """Both accounts chose 100 rows and the columns that the peers show."""
        from app.persistence.work import unit_of_work
        from app.web.models import ListPreference

        self.application()
        with self.app.app_context(), unit_of_work() as session:
            for login, *_range in ROLES.values():
                for listing, shown in (("communities", SHOWN), ("plans", PLANS_SHOWN)):
                    session.merge(ListPreference(user_id=_user_id(session, login), listing=listing,
                                                 columns=shown, size=PAGE_ROWS, views=[]))  # fmt: skip

    def statements(self) -> list[str]:
        self.seen = record_statements()
        return self.seen

    def login_form(self, page: str, login: str) -> dict[str, str]:
        return {"csrf_token": hidden(page, "csrf_token"), "username": login, "password": PASSWORD}

    def page(self, what: str, role: str, row_id: int) -> str:
        if what == "detail":
            return f"/communities/show/{row_id}"
        if what in ("plans", "plans_year", "plans_deep"):
            narrowed: dict[str, Any] = {
                "plans": {}, "plans_year": {"year": PLAN_YEAR}, "plans_deep": {"page": plan_page(role)},
            }[what]  # fmt: skip
            return "/plans/list/" + query(**narrowed)
        if what == "checklist":
            return f"/schemes/contents/{self._draft()[1]}"
        arguments = {
            "list": {},
            "filtered": {"built_from": BUILT[0], "built_to": BUILT[1]},
            "deep": {"page": deep_page(role)},
            "search": {"q": SEARCH},
            "initials": {"q": INITIALS},
        }[what]
        return "/communities/list/" + query(**arguments)

    def _draft(self) -> tuple[int, int]:
        """(plan task, scheme) of the benchmark's county whose scheme is still a draft."""
        if not self._draft_ids:
            from sqlalchemy import text

            from app.extensions import db

            with self.app.app_context(), db.engine.connect() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(text("SET ROLE NONE"))
                self._draft_ids = tuple(connection.execute(text(
                    "SELECT plan_task_id, id FROM scheme WHERE county_code = '430703' AND state = 'draft'"
                    " AND created_by = 'bench' ORDER BY id LIMIT 1"
                )).one())  # fmt: skip
        plan, scheme = self._draft_ids
        return plan, scheme

    def save(self, client: Client, what: str) -> tuple[float, float, int]:
        """The checklist with every content of the catalogue ticked."""
        path = f"/schemes/contents/{self._draft()[1]}"
        page = client.get(path).text
        items = re.findall(r'name="item" value="(\d+)"', page)
        self.turn += 1
        form: dict[str, Any] = {"csrf_token": hidden(page, "csrf_token"), "version": hidden(page, "version"),
                                "item": items}  # fmt: skip
        form |= {f"quantity1_{item}": str(10 + self.turn) for item in items}
        return self._posted(client, path, form)

    def _posted(self, client: Client, path: str, form: dict[str, Any]) -> tuple[float, float, int]:
        """Post a form and weigh it: milliseconds, milliseconds of the processor, statements."""
        del self.seen[:]
        cpu, started = time.process_time(), time.perf_counter()
        answer = client.post(path, form)
        taken, cpu = (time.perf_counter() - started) * 1000, (time.process_time() - cpu) * 1000
        if answer.status != 302:
            raise RuntimeError(f"{path} answered {answer.status}")
        return taken, cpu, len(self.seen)

    def export(self, client: Client, role: str, what: str) -> bytes:
        base = "/communities" if what == "export" else "/plans"
        columns = EXPORT_COLUMNS if what == "export" else PLAN_COLUMNS
        token = hidden(client.get(f"{base}/list/").text, "csrf_token")
        form = {"csrf_token": token, "range": "all", "columns": columns, "filename": "bench"}
        narrowed = query(property_kind=EXPORT_KIND) if what == "export" else ""
        answer = client.post(f"{base}/export/{narrowed}", form)
        if answer.status != 200:
            raise RuntimeError(f"the export answered {answer.status}")
        return answer.body

    def load(self, client: Client, role: str, workbook: bytes) -> dict[str, float]:
        started = time.perf_counter()
        token = hidden(client.get("/communities/import/").text, "csrf_token")
        answer = client.post("/communities/import/", {"csrf_token": token}, {"file": ("communities.xlsx", workbook)})
        self._run_jobs()
        page = client.get(answer.header("location"))
        version = hidden(page.text, "version")
        seen = time.perf_counter()
        path = answer.header("location") + "/write"
        done = client.post(path, {"csrf_token": token, "version": version, "seen": "1"})
        self._run_jobs()
        finished = time.perf_counter()
        if done.status != 303:
            raise RuntimeError(f"the import answered {done.status}")
        return {"preview": seen - started, "confirm": finished - seen, "rows": float(self._imported())}

    def _run_jobs(self) -> None:
        """What the worker process would take up at once; in this process, so that its time and memory count."""
        from app.jobs.services import carry_out, waiting_jobs

        with self.app.app_context():
            for number in waiting_jobs():
                carry_out(number)

    def _imported(self) -> int:
        from sqlalchemy import func, select

        counted = self._on_imported(lambda table, mine: select(func.count()).select_from(table).where(mine))
        return int(counted)

    def unload(self) -> None:
        from sqlalchemy import delete

        self._on_imported(lambda table, mine: delete(table).where(mine))

    def _on_imported(self, statement: Any) -> Any:
        from app.communities.models import Community
        from app.kernel.actor import SYSTEM
        from app.persistence.context import acting_as
        from app.persistence.work import unit_of_work

        table = Community.__table__
        with self.app.app_context(), acting_as(SYSTEM), unit_of_work() as session:
            result = session.execute(statement(table, table.c.implementer_unit == IMPORT_MARK))
            return result.scalar() if result.returns_rows else None


def _user_id(session: Any, login: str) -> int:
    from sqlalchemy import select

    from app.accounts.models import Account

    return int(session.scalar(select(Account.id).where(Account.username == login)))


def record_statements() -> list[str]:
    """A list that every statement of SQLAlchemy is added to."""
    from sqlalchemy import Engine, event

    seen: list[str] = []
    event.listen(Engine, "before_cursor_execute", lambda _c, _cur, statement, *_rest: seen.append(statement))
    return seen

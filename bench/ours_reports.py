"""Month reports and the linking dialog in the product, as their users meet them."""

from __future__ import annotations

import re
from typing import Any

from bench.http import Client
from bench.ours import Ours
from bench.subject import PAGE_ROWS, SEARCH, STRIP_ROWS, hidden, query, strip_page


class OursReports(Ours):
    """The portal, with its reviewer among those who sign in."""

    row = re.compile(rb'data-row="(\d+)"|data-item="community-(\d+)"')
    _shown_id = 0

    def login(self, role: str) -> str:
        return "dingcheng_review" if role == "reviewer" else super().login(role)

    def shown(self) -> int:
        """The report whose review page is measured: the one that has the most contents."""
        if not self._shown_id:
            self._shown_id = self._inside(lambda session: _shown_report(session).id)
        return self._shown_id

    def page(self, what: str, role: str, row_id: int) -> str:
        if what == "report":
            return f"/reports/review/show/{self.shown()}"
        if what in ("strips", "strips_deep", "waiting_plans"):
            page = strip_page(role) if what == "strips_deep" else None
            state = "submitted" if what == "waiting_plans" else None
            return "/reports/list/" + query(size=STRIP_ROWS, page=page, report=state)
        if what == "waiting":
            return "/reports/review/list/" + query(size=PAGE_ROWS)
        if what in ("dialog", "dialog_search"):
            found = SEARCH if what == "dialog_search" else None
            return f"/plans/link/{self._draft()[0]}/rows" + query(state="free", q=found)
        return super().page(what, role, row_id)

    def save(self, client: Client, what: str) -> tuple[float, float, int]:
        return self._approve(client) if what == "approval" else super().save(client, what)

    def _approve(self, client: Client) -> tuple[float, float, int]:
        """Approve a report: its checks, its figures on the plan's row, its log, the commit."""
        number = self.shown()
        page = client.get(f"/reports/review/show/{number}").text
        form = {"csrf_token": hidden(page, "csrf_token"), "version": hidden(page, "version"), "confirmed": "1",
                "outcome": "approve", "reason": ""}  # fmt: skip
        weighed = self._posted(client, f"/reports/review/decide/{number}", form)
        if self._inside(lambda session: _state_of(session, number)) != "approved":
            raise RuntimeError("the report was not approved")
        self._inside(lambda session: _take_back(session, number))
        return weighed

    def _inside(self, work: Any) -> Any:
        """Run something in the application as the system."""
        from app.kernel.actor import SYSTEM
        from app.persistence.context import acting_as
        from app.persistence.work import unit_of_work

        with self.app.app_context(), acting_as(SYSTEM), unit_of_work() as session:
            return work(session)


def _shown_report(session: Any) -> Any:
    from bench.report_evidence import shown_report

    return shown_report(session)


def _state_of(session: Any, number: int) -> str:
    from app.monthly_reports.models import MonthlyReport

    return str(session.get_one(MonthlyReport, number).state)


def _take_back(session: Any, number: int) -> None:
    """The report waits again, so that it can be approved once more; what its approval wrote to logs stays."""
    from sqlalchemy import update

    from app.monthly_reports.models import MonthlyReport

    table = MonthlyReport.__table__
    values = {"state": "submitted", "approved_at": None, "approved_by_id": None, "approved_by_name": ""}
    statement = update(table).where(table.c.id == number).values(values)
    session.execute(statement, execution_options={"scope_applied": True})



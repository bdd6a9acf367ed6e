"""What the benchmark asks of every product: who signs in, which pages are fetched, and how its rows are counted."""

from __future__ import annotations

import datetime as dt
import os
import re
from typing import Any
from urllib.parse import urlencode

from bench.http import Client

ROLES = {"county": ("dingcheng", "430703", "430704"), "province": ("hunan", "430000", "440000")}
#: Who may add, change and delete communities, in the product and in the peers alike; everybody reads and exports.
WRITERS = frozenset({"dingcheng"})
PASSWORD = "Demo@2026!"
PAGE_ROWS = 100
BUILT = (1980, 1990)
SEARCH, INITIALS = "纺织", "fzc"
EXPORT_KIND = "reform"
IMPORT_MARK = "bench-import"
PAGES = ("list", "filtered", "deep", "search", "initials", "detail", "plans", "plans_year", "plans_deep")
#: What only the product has, measured alone: pages that are read, and one form that is saved.
OWN_PAGES = ("checklist",)
PLAN_YEAR = 2024
#: Pages of month reports and of the linking dialog that the peers have too, with the roles that are measured.
REPORT_PAGES = {
    "strips": ("county", "province"), "strips_deep": ("county", "province"), "waiting_plans": ("province",),
    "waiting": ("reviewer",), "report": ("reviewer",), "dialog": ("county",), "dialog_search": ("county",),
}  # fmt: skip
#: Forms that are saved, with who saves them; the peers have none like them.
SAVES = {"checklist_save": "county", "approval": "reviewer"}
STRIP_ROWS, DIALOG_ROWS = 50, 10
PLAN_COLUMNS = (
    "year", "code", "name", "names", "county", "building_count", "household_count", "floor_area", "state",
)  # fmt: skip
EXPORT_COLUMNS = (
    "name", "county", "street", "address", "built_year", "place_kind", "building_count", "unit_count",
    "unit_without_elevator_count", "household_count", "substandard_household_count", "floor_area", "property_kind",
    "planned_investment", "supervision_unit", "supervisor_name", "implementer_unit", "implementer_name",
    "original_owners", "intended_contents",
)  # fmt: skip


class Subject:
    """One product under test, driven through its WSGI entry alone. Subclasses fill in the addresses."""

    name = ""
    row = re.compile(rb"^$")
    login_path = "/login/"

    def application(self) -> Any:
        """The WSGI application on ``DATABASE_URL``."""
        raise NotImplementedError

    def setup(self) -> None:
        """Make the product's own tables and accounts (once per database)."""

    def statements(self) -> list[str]:
        """A list that every SQL statement of the application is added to from now on."""
        raise NotImplementedError

    def login_form(self, page: str, login: str) -> dict[str, str]:
        """The sign-in form filled in."""
        raise NotImplementedError

    def page(self, what: str, role: str, row_id: int) -> str:
        """Address of one of ``PAGES``."""
        raise NotImplementedError

    def export(self, client: Client, role: str, what: str) -> bytes:
        """A workbook as a browser would fetch it: ``export`` 60,000 communities × 20 columns, ``plan_export`` the
        ledger of the province with ``PLAN_COLUMNS`` (the names of the communities among them)."""
        raise NotImplementedError

    def save(self, client: Client, what: str) -> tuple[float, float, int]:
        """Fill in and post a form; returns milliseconds, milliseconds of the processor and statements of the post."""
        raise NotImplementedError

    def load(self, client: Client, role: str, workbook: bytes) -> dict[str, float]:
        """Import the workbook: upload to preview, then confirm; returns the seconds of both steps and the rows."""
        raise NotImplementedError

    def shown(self) -> int:
        """The report whose page is measured."""
        raise NotImplementedError

    def unload(self) -> None:
        """Take back what ``load`` wrote."""

    # ── common ──
    def login(self, role: str) -> str:
        """Who signs in for a role; only the product tells those who review from those who fill in."""
        return ROLES["county" if role == "reviewer" else role][0]

    def sign_in(self, client: Client, login: str) -> None:
        page = client.get(self.login_path).text
        answer = client.post(self.login_path, self.login_form(page, login))
        if answer.status not in (302, 303) or self.login_path in answer.header("location"):
            raise RuntimeError(f"{self.name}: {login} could not sign in ({answer.status})")

    def rows(self, body: bytes) -> int:
        """Rows that a list page shows."""
        return len({next(filter(None, found.groups())) for found in self.row.finditer(body)})


def query(**arguments: Any) -> str:
    return "?" + urlencode({key: value for key, value in arguments.items() if value is not None})


def hidden(page: str, name: str) -> str:
    """Value of a hidden field (or meta element) of a page."""
    for pattern in (rf'name="{name}"[^>]*value="([^"]*)"', rf'name="{name}"[^>]*content="([^"]*)"',
                    rf'value="([^"]*)"[^>]*name="{name}"'):  # fmt: skip
        if found := re.search(pattern, page):
            return found.group(1)
    raise RuntimeError(f"the page has no {name}")


def due_month() -> dt.date:
    """First day of the month whose report is due: of the last one before the 25th."""
    today = dt.date.today()
    first = today.replace(day=1)
    return first if today.day >= 25 else (first - dt.timedelta(days=1)).replace(day=1)


def strip_page(role: str) -> int:
    """The page (of 50 rows) deep inside the plan tasks of the role."""
    return {"county": 2, "province": 2 * plan_page("province")}[role]


def plan_page(role: str) -> int:
    """The page (of 100 rows) deep inside the ledger of the role."""
    whole = int(os.environ.get("BENCH_SIZE", "220000")) >= 200_000
    return {"county": 5 if whole else 2, "province": 150 if whole else 10}[role]


def deep_page(role: str) -> int:
    """The page (of 100 rows) that lies deep inside what the role may see."""
    if role == "county":
        return 12
    return 500 if int(os.environ.get("BENCH_SIZE", "220000")) >= 200_000 else 50

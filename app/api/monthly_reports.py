"""``/api/v1/monthly-reports``: month reports with submit, withdraw, approve and return (M1.6.5.2, M1.6.5.4)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy.orm import Session

from app.api import area_queries as queries
from app.api.areas import plain, texts
from app.api.base import requires
from app.api.reading import body, check_number, check_text, finding
from app.api.records import RecordApi, known, number_of
from app.extensions import db
from app.kernel.calendar import Month
from app.kernel.errors import Finding, RuleViolation, msg
from app.kernel.text import BadInput
from app.monthly_reports import queries as report_queries
from app.monthly_reports import rules, services
from app.monthly_reports.contents import contents_of_plan
from app.monthly_reports.models import MonthlyReport
from app.persistence.work import unit_of_work
from app.web.frame import translate
from app.works.queries import get_project

TYPED = tuple(rules.READERS)
ITEM_TYPED = tuple(rules.ITEM_READERS)
ITEM_SHOWN = (
    "id", "catalogue_item_id", "code", "category", "content", "unit1", "unit2", "planned1", "planned2", "state",
    "method", "quantity1", "quantity2",
)  # fmt: skip
MOST_ITEMS = 500


def _month(payload: Mapping[str, Any]) -> Month:
    value = payload.get("month")
    try:
        return Month.parse(value if isinstance(value, str) else "")
    except (BadInput, ValueError) as wrong:
        raise RuleViolation(finding("month", msg("Must be a month, such as 2026-11."))) from wrong


def _items(payload: Mapping[str, Any]) -> dict[int, dict[str, str]]:
    """``items`` of a body: catalogue content → its fields as text. Raises: RuleViolation."""
    sent = payload.get("items", [])
    if not isinstance(sent, list) or len(sent) > MOST_ITEMS:
        raise RuleViolation(finding("items", msg("Must be a list of at most %(most)s.", most=MOST_ITEMS)))
    found: dict[int, dict[str, str]] = {}
    for number, item in enumerate(sent):
        where = f"items[{number}]"
        key = item.get("catalogue_item_id") if isinstance(item, dict) else None
        if not isinstance(key, int) or isinstance(key, bool) or not 0 < key < 2**62:
            raise RuleViolation(finding(where, msg("Must name a content of the catalogue.")))
        wrong: list[Finding] = [
            finding(f"{where}.{name}", msg("Unknown."))
            for name in item
            if name not in (*ITEM_TYPED, "catalogue_item_id")
        ]
        for name in (name for name in ITEM_TYPED if name in item):
            value = item[name]
            number_like = isinstance(value, int | Decimal)
            wrong += (check_number if number_like else check_text)(f"{where}.{name}", value)
            found.setdefault(key, {})[name] = "" if value is None else str(value)
        if wrong:
            raise RuleViolation(wrong)
        found.setdefault(key, {})
    return found


class MonthlyReportApi(RecordApi):
    """Month reports: list, one, begin, change, and the steps of their life as sub-resources."""

    resource_name = "monthly-reports"
    datamodel = SQLAInterface(MonthlyReport, db.session)
    class_permission_name = "MonthlyReport"
    kind = "monthly_report"
    include_route_methods = {"get_list", "get", "post", "put", "submit", "withdraw", "approve", "give_back"}
    list_columns = show_columns = list(queries.SHOWN[kind])
    add_columns = edit_columns = list(TYPED)

    def find(self, session: Session, number: int) -> MonthlyReport:
        return report_queries.get_report(session, number)

    def json(self, row: MonthlyReport) -> dict[str, Any]:
        """Columns, contents, and the warnings confirmed with the submission."""
        items = [{key: plain(key, getattr(item, key)) for key in ITEM_SHOWN} for item in row.items]
        warned = [translate(rules.as_finding(one).message) for one in row.confirmed_warnings or []]
        return super().json(row) | {"items": items, "warnings": warned}

    @expose("/", methods=["POST"])
    @requires("add")
    def post(self) -> Any:
        """Begin the report of ``works_project_id`` for ``month``, a copy of the last approved; 201."""
        payload = body()
        known(payload, "works_project_id", "month")
        project_id, month = number_of(payload, "works_project_id"), _month(payload)
        with unit_of_work() as session:
            return self.answer(services.start_report(session, get_project(session, project_id), month), 201)

    @expose("/<pk>", methods=["PUT"])
    @requires("edit")
    def put(self, pk: str) -> Any:
        """Change the fields and contents sent; contents the report lacks are taken from the plan's scheme."""
        payload = body()
        sent = texts(payload, TYPED, frozenset({"version", "items"}))
        items = _items(payload)
        return self.step(pk, payload, lambda session, row, version: _save(session, row, version, sent, items))

    @expose("/<pk>/submit", methods=["POST"])
    @requires("submit")
    def submit(self, pk: str) -> Any:
        """提交审核: ``declared`` is the caller's word that the data is true (R25); 422 with every finding."""
        return self.take(pk, services.submit, "declared", "accept_warnings", "note", declared="declared")

    @expose("/<pk>/withdraw", methods=["POST"])
    @requires("submit")
    def withdraw(self, pk: str) -> Any:
        """撤回 while it waits for review."""
        return self.take(pk, services.withdraw, "note")

    @expose("/<pk>/approve", methods=["POST"])
    @requires("approve")
    def approve(self, pk: str) -> Any:
        """审核通过, never by whoever submitted it (R19)."""
        return self.take(pk, services.approve, "declared", "note", declared="declared")

    @expose("/<pk>/return", methods=["POST"])
    @requires("approve")
    def give_back(self, pk: str) -> Any:
        """退回 with a ``reason``."""
        return self.take(pk, services.give_back, "reason")


def _save(
    session: Session,
    report: MonthlyReport,
    version: int,
    sent: Mapping[str, str],
    items: Mapping[int, dict[str, str]],
) -> MonthlyReport:
    """A program's figures have to be readable: unlike a person's draft, nothing odd is kept (422)."""
    have = {item.catalogue_item_id for item in report.items}
    if missing := [key for key in items if key not in have]:
        known = {
            one.catalogue_item_id: one.scheme_item_id
            for one in contents_of_plan(session, report.plan_task_id)
        }
        if odd := [finding(f"items[{key}]", msg("Not a content of the plan's scheme.")) for key in missing
                   if key not in known]:  # fmt: skip
            raise RuleViolation(odd)
        report = services.add_items(session, report, [known[key] for key in missing], version)
        version = report.version
    by_content = {item.catalogue_item_id: item.id for item in report.items}
    typed: dict[str, str] = dict(sent)
    for key, fields in items.items():
        typed |= {rules.item_key(name, by_content[key]): value for name, value in fields.items()}
    report = services.save_report(session, report, typed, version)
    if unread := [one for one in services.unread_findings(report) if one.field in typed]:
        raise RuleViolation(unread)
    return report

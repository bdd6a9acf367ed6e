"""``/api/v1/reserve-projects`` and ``/api/v1/plan-tasks`` with their links, under the rules of the pages (M1.5, M1.6)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from flask import jsonify, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy.orm import Session

from app.annual_plans import services as plans
from app.annual_plans.models import PlanTask
from app.annual_plans.rules import PROGRAMMES
from app.api import area_queries as queries
from app.api.base import PortalRestApi, envelope, expected_version, key_of, requires, stale
from app.api.reading import body, check_number, check_text, finding, query
from app.areas.rules import TEXTS
from app.areas.services import LinkReport
from app.extensions import db
from app.kernel.errors import Finding, RuleViolation, StaleRow, msg
from app.kernel.text import mask_phone
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.regions.cache import current
from app.reserve import services as reserves
from app.reserve.models import ReserveProject
from app.web.frame import translate

MOST_LINKS = 1000


def plain(key: str, value: Any) -> Any:
    """A column as JSON: phones masked, exact figures as numbers, days and times in ISO 8601."""
    if key == "phone" or key.endswith("_phone"):
        return mask_phone(value)
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def as_json(kind: str, row: Any) -> dict[str, Any]:
    """A row as the API shows it, names beside codes."""
    values = {key: plain(key, getattr(row, key)) for key in queries.SHOWN[kind]}
    names = current()
    return values | {"city": names.city_name(row.county_code), "county": names.name(row.county_code)}


def texts(payload: Mapping[str, Any], known: tuple[str, ...], beside: frozenset[str]) -> dict[str, str]:
    """What was sent, as text for the readers of the rules. Raises: RuleViolation for what is no plain value."""
    wrong: list[Finding] = [
        finding(key, msg("Unknown.")) for key in payload if key not in known and key not in beside
    ]
    found: dict[str, str] = {}
    for key in (key for key in known if key in payload):
        value = payload[key]
        if isinstance(value, bool):
            found[key] = "1" if value else "0"
            continue
        odd = check_number(key, value) if isinstance(value, int | Decimal) else check_text(key, value)
        wrong += odd
        found[key] = "" if value is None or odd else str(value)
    if wrong:
        raise RuleViolation(wrong)
    return found


def still_masked(row: Any, sent: dict[str, str]) -> dict[str, str]:
    """Without phones that were sent back as they were shown."""
    return {
        key: text
        for key, text in sent.items()
        if not (key.endswith("_phone") and "*" in text and text == mask_phone(getattr(row, key)))
    }


def ids(payload: Mapping[str, Any], key: str) -> list[int]:
    """A list of record numbers. Raises: RuleViolation."""
    value = payload.get(key, [])
    good = isinstance(value, list) and len(value) <= MOST_LINKS
    if not good or not all(isinstance(one, int) and not isinstance(one, bool) and 0 < one < 2**62 for one in value):
        raise RuleViolation(finding(key, msg("Must be a list of record numbers.")))
    return list(value)


class AreaApi(PortalRestApi):
    """What both kinds of areas share: list, one, create, change, links."""

    kind: ClassVar[str]
    typed: ClassVar[tuple[str, ...]]
    include_route_methods = {"get_list", "get", "post", "put", "links", "link", "unlink"}

    def find(self, session: Session, pk: int) -> Any:
        raise NotImplementedError

    def create(self, session: Session, county: str, sent: dict[str, str]) -> Any:
        raise NotImplementedError

    def change(self, session: Session, row: Any, sent: dict[str, str], version: int) -> Any:
        raise NotImplementedError

    def connect(self, session: Session, row: Any, payload: Mapping[str, Any], *, on: bool) -> LinkReport:
        raise NotImplementedError

    @expose("/", methods=["GET"])
    @requires("list")
    def get_list(self) -> Any:
        """One page; phones are masked."""
        asked = query(queries.OFFERED[self.kind])
        rows, count = queries.page(self.kind, asked)
        return envelope([as_json(self.kind, row) for row in rows], count, asked.page, asked.page_size)

    @expose("/<pk>", methods=["GET"])
    @requires("show")
    def get(self, pk: str) -> Any:
        return self._answer(self.find(db.session(), key_of(pk)))

    @expose("/", methods=["POST"])
    @requires("add")
    def post(self) -> Any:
        """Create in the caller's county; 201 with its address in ``Location``."""
        sent = texts(body(), self.typed, frozenset())
        with unit_of_work() as session:
            made = self.create(session, current_actor().region_code, sent)
            answer, number = self._answer(made), made.id
        answer.status_code = 201
        answer.headers["Location"] = url_for(f"{type(self).__name__}.get", pk=number)
        return answer

    @expose("/<pk>", methods=["PUT"])
    @requires("edit")
    def put(self, pk: str) -> Any:
        """Change the fields sent, under the lock of ``If-Match`` or ``version``; 409 shows what stands now."""
        payload = body()
        row = self.find(db.session(), key_of(pk))
        version, sent = expected_version(payload), texts(payload, self.typed, frozenset({"version"}))
        try:
            with unit_of_work() as session:
                return self._answer(self.change(session, row, still_masked(row, sent), version))
        except StaleRow as error:
            db.session.rollback()
            row = self.find(db.session(), key_of(pk))
            error.version = row.version
            return stale(error, as_json(self.kind, row))

    @expose("/<pk>/links", methods=["GET"])
    @requires("show")
    def links(self, pk: str) -> Any:
        """Numbers of what is linked directly."""
        return self._links(self.find(db.session(), key_of(pk)), LinkReport())

    @expose("/<pk>/links", methods=["POST"])
    @requires("link")
    def link(self, pk: str) -> Any:
        """Link communities (and a plan's reserve projects); all or none."""
        return self._connect(pk, on=True)

    @expose("/<pk>/links", methods=["DELETE"])
    @requires("link")
    def unlink(self, pk: str) -> Any:
        """Unlink those named; ``keep_scheme`` keeps what reserve projects brought."""
        return self._connect(pk, on=False)

    def _connect(self, pk: str, *, on: bool) -> Any:
        payload = body()
        row = self.find(db.session(), key_of(pk))
        with unit_of_work() as session:
            report = self.connect(session, row, payload, on=on)
        return self._links(self.find(db.session(), key_of(pk)), report)

    def _links(self, row: Any, report: LinkReport) -> Any:
        said = [translate(message) for message in report.messages]
        return jsonify(id=row.id, result=queries.links(self.kind, row.id), messages=said)

    def _answer(self, row: Any) -> Any:
        answer = jsonify(id=row.id, result=as_json(self.kind, row))
        answer.headers["ETag"] = f'"{row.version}"'
        return answer


def _only(payload: Mapping[str, Any], *known: str) -> None:
    if odd := [finding(key, msg("Unknown.")) for key in payload if key not in known]:
        raise RuleViolation(odd)


class ReserveApi(AreaApi):
    """储备项目."""

    resource_name = "reserve-projects"
    datamodel = SQLAInterface(ReserveProject, db.session)
    class_permission_name = "ReserveProject"
    kind, typed = "reserve_project", TEXTS
    list_columns = show_columns = list(queries.SHOWN["reserve_project"])
    add_columns = edit_columns = list(TEXTS)

    def find(self, session: Session, pk: int) -> ReserveProject:
        return reserves.get_reserve(session, pk)

    def create(self, session: Session, county: str, sent: dict[str, str]) -> ReserveProject:
        return reserves.create_reserve(session, county, sent)

    def change(self, session: Session, row: Any, sent: dict[str, str], version: int) -> ReserveProject:
        return reserves.update_reserve(session, row, sent, version)

    def connect(self, session: Session, row: Any, payload: Mapping[str, Any], *, on: bool) -> LinkReport:
        _only(payload, "communities")
        chosen = ids(payload, "communities")
        return reserves.link(session, row, chosen) if on else reserves.unlink(session, row, chosen)


_PLAN = (*TEXTS, "year", "planned_start", "planned_finish", *PROGRAMMES)


class PlanApi(AreaApi):
    """计划任务."""

    resource_name = "plan-tasks"
    datamodel = SQLAInterface(PlanTask, db.session)
    class_permission_name = "PlanTask"
    kind, typed = "plan_task", _PLAN
    list_columns = show_columns = list(queries.SHOWN["plan_task"])
    add_columns = edit_columns = list(_PLAN)

    def find(self, session: Session, pk: int) -> PlanTask:
        return plans.get_plan(session, pk)

    def create(self, session: Session, county: str, sent: dict[str, str]) -> PlanTask:
        return plans.create_plan(session, county, sent)

    def change(self, session: Session, row: Any, sent: dict[str, str], version: int) -> PlanTask:
        return plans.update_plan(session, row, sent, version)

    def connect(self, session: Session, row: Any, payload: Mapping[str, Any], *, on: bool) -> LinkReport:
        _only(payload, "communities", "reserve_projects", "keep_scheme")
        keep = payload.get("keep_scheme", True)
        if not isinstance(keep, bool):
            raise RuleViolation(finding("keep_scheme", msg("Must be yes or no.")))
        communities, projects = ids(payload, "communities"), ids(payload, "reserve_projects")
        if on:
            return plans.link(session, row, communities, projects)
        return plans.unlink(session, row, communities, projects, keep_scheme=keep)

"""``/api/v1/recognitions`` and ``/api/v1/inspections``: the pages' rules, scope, lock and steps (M1.6.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from flask import jsonify, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import or_
from sqlalchemy.orm import Session

from app.api import area_queries as queries
from app.api.areas import as_json, plain, still_masked, texts
from app.api.base import PortalRestApi, envelope, expected_version, key_of, requires, stale
from app.api.reading import body, check_number, check_text, finding, query
from app.api.works import number_of
from app.extensions import db
from app.inspections import queries as inspection_queries
from app.inspections import rules as inspection_rules
from app.inspections import services as inspection_services
from app.inspections.models import Inspection
from app.kernel.errors import Finding, RuleViolation, StaleRow, msg
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.recognition import queries as recognition_queries
from app.recognition import rules as recognition_rules
from app.recognition import services as recognition_services
from app.recognition.models import Recognition

MOST_ITEMS = 500
CONTENT = (
    "id",
    "catalogue_item_id",
    "content_code",
    "category",
    "content",
    "unit1",
    "unit2",
    "planned1",
    "planned2",
)
RECOGNITION_ITEM = (*CONTENT, "state", "quantity1", "quantity2")
INSPECTION_ITEM = (
    *CONTENT, "declared_state", "declared1", "declared2", "finding", "problem", "hand_over", "deadline", "version",
)  # fmt: skip
Step = Callable[[Session, Any, int], Any]


def known(payload: Mapping[str, Any], *keys: str) -> None:
    """Raises: RuleViolation for what is not understood."""
    if odd := [finding(key, msg("Unknown.")) for key in payload if key not in keys]:
        raise RuleViolation(odd)


def flag(payload: Mapping[str, Any], key: str) -> bool:
    """A yes or no that may be left out."""
    value = payload.get(key, False)
    if not isinstance(value, bool):
        raise RuleViolation(finding(key, msg("Must be yes or no.")))
    return value


def text(payload: Mapping[str, Any], key: str) -> str:
    """A text that may be left out."""
    if wrong := check_text(key, payload.get(key)):
        raise RuleViolation(wrong)
    return payload.get(key) or ""


def items_of(payload: Mapping[str, Any], typed: tuple[str, ...], row: Any) -> dict[int, dict[str, Any]]:
    """``items`` of a body by the number of the record's content. Raises: RuleViolation."""
    sent, ids = payload.get("items", []), {item.id for item in row.items}
    if not isinstance(sent, list) or len(sent) > MOST_ITEMS:
        raise RuleViolation(finding("items", msg("Must be a list of at most %(most)s.", most=MOST_ITEMS)))
    found: dict[int, dict[str, Any]] = {}
    for number, item in enumerate(sent):
        where = f"items[{number}]"
        if not isinstance(item, dict) or item.get("id") not in ids or isinstance(item["id"], bool):
            raise RuleViolation(finding(where, msg("Not a content of this record.")))
        if wrong := _wrong(where, item, typed):
            raise RuleViolation(wrong)
        found[item["id"]] = {
            key: value if isinstance(value, bool) else "" if value is None else str(value)
            for key, value in item.items()
            if key != "id"
        }
    return found


def _wrong(where: str, item: Mapping[str, Any], typed: tuple[str, ...]) -> list[Finding]:
    wrong = [
        finding(f"{where}.{key}", msg("Unknown.")) for key in item if key not in (*typed, "id", "version")
    ]
    for key in (key for key in item if key in typed):
        value, place = item[key], f"{where}.{key}"
        if key == "hand_over":
            wrong += [] if isinstance(value, bool) else [finding(place, msg("Must be yes or no."))]
        else:
            wrong += (check_number if isinstance(value, int | Decimal) else check_text)(place, value)
    return wrong


class CheckApi(PortalRestApi):
    """What both resources share: list, one, change under the lock, steps."""

    kind: ClassVar[str]
    item_shown: ClassVar[tuple[str, ...]]

    def find(self, session: Session, number: int) -> Any:
        """The record, where the actor may know of it. Raises: OutOfScope."""
        raise NotImplementedError

    def hidden(self) -> list[Any]:
        """Conditions of the list beside the scope."""
        raise NotImplementedError

    def json(self, row: Any) -> dict[str, Any]:
        items = [{key: plain(key, getattr(item, key)) for key in self.item_shown} for item in row.items]
        return as_json(self.kind, row) | {"items": items}

    @expose("/", methods=["GET"])
    @requires("list")
    def get_list(self) -> Any:
        """One page, without contents; phones are masked."""
        asked = query(queries.OFFERED[self.kind])
        rows, count = queries.page(self.kind, asked, *self.hidden())
        return envelope([as_json(self.kind, row) for row in rows], count, asked.page, asked.page_size)

    @expose("/<pk>", methods=["GET"])
    @requires("show")
    def get(self, pk: str) -> Any:
        return self.answer(self.find(db.session(), key_of(pk)))

    def answer(self, row: Any, status: int = 200) -> Any:
        """A record with its contents and its ETag; a new one with its address."""
        made = jsonify(id=row.id, result=self.json(row))
        made.status_code = status
        made.headers["ETag"] = f'"{row.version}"'
        if status == 201:
            made.headers["Location"] = url_for(f"{type(self).__name__}.get", pk=row.id)
        return made

    def step(self, pk: str, payload: Mapping[str, Any], do: Step) -> Any:
        """Carry a step out under the lock; 409 shows what stands now."""
        row = self.find(db.session(), key_of(pk))
        version = expected_version(dict(payload))
        try:
            with unit_of_work() as session:
                return self.answer(do(session, row, version))
        except StaleRow as error:
            db.session.rollback()
            row = self.find(db.session(), key_of(pk))
            error.version = row.version
            return stale(error, self.json(row))


class RecognitionApi(CheckApi):
    """Recognitions: list, one, begin, change, submit, withdraw, recognise, return, revoke."""

    resource_name = "recognitions"
    datamodel = SQLAInterface(Recognition, db.session)
    class_permission_name = "Recognition"
    kind = "recognition"
    item_shown = RECOGNITION_ITEM
    include_route_methods = {
        "get_list", "get", "post", "put", "submit", "withdraw", "recognise", "send_back", "revoke",
    }  # fmt: skip
    typed: ClassVar[tuple[str, ...]] = tuple(recognition_rules.READERS)

    def find(self, session: Session, number: int) -> Recognition:
        return recognition_queries.get_recognition(session, number)

    def hidden(self) -> list[Any]:
        return [Recognition.__table__.c.state != "discarded"]

    @expose("/", methods=["POST"])
    @requires("add")
    def post(self) -> Any:
        """Begin (or answer the one under way) the ``kind`` start or finish of ``plan_task_id``; 201."""
        payload = body()
        known(payload, "plan_task_id", "kind")
        plan, kind = number_of(payload, "plan_task_id"), text(payload, "kind")
        if kind not in recognition_rules.KINDS:
            raise RuleViolation(finding("kind", msg("Not one of the choices.")))
        with unit_of_work() as session:
            return self.answer(recognition_services.begin(session, plan, kind), 201)

    @expose("/<pk>", methods=["PUT"])
    @requires("edit")
    def put(self, pk: str) -> Any:
        """Change the fields and contents sent; as a draft, under the lock."""
        payload = body()
        sent = texts(payload, self.typed, frozenset({"version", "items"}))

        def save(session: Session, row: Any, version: int) -> Any:
            items = items_of(payload, tuple(recognition_rules.ITEM_READERS), row)
            return recognition_services.save(session, row, still_masked(row, sent), items, version)

        return self.step(pk, payload, save)

    @expose("/<pk>/submit", methods=["POST"])
    @requires("edit")
    def submit(self, pk: str) -> Any:
        """提交: ``declared`` is the caller's word that the data is true (R25); 422 names what is missing."""
        payload = body()
        known(payload, "version", "declared")
        sure = flag(payload, "declared")
        return self.step(
            pk, payload, lambda s, row, v: recognition_services.submit(s, row, v, confirmed=sure)
        )

    @expose("/<pk>/withdraw", methods=["POST"])
    @requires("edit")
    def withdraw(self, pk: str) -> Any:
        """撤回 while nobody has decided."""
        payload = body()
        known(payload, "version")
        return self.step(pk, payload, recognition_services.withdraw)

    @expose("/<pk>/recognise", methods=["POST"])
    @requires("approve")
    def recognise(self, pk: str) -> Any:
        """认定, never by whoever prepared or submitted it (R19); sets the plan task's 实施状态."""
        payload = body()
        known(payload, "version", "declared")
        sure = flag(payload, "declared")
        return self.step(
            pk, payload, lambda s, row, v: recognition_services.recognise(s, row, v, confirmed=sure)
        )

    @expose("/<pk>/return", methods=["POST"])
    @requires("approve")
    def send_back(self, pk: str) -> Any:
        """退回 with a ``reason``."""
        payload = body()
        known(payload, "version", "reason")
        why = text(payload, "reason")
        return self.step(pk, payload, lambda s, row, v: recognition_services.send_back(s, row, v, why))

    @expose("/<pk>/revoke", methods=["POST"])
    @requires("approve")
    def revoke(self, pk: str) -> Any:
        """撤销 with a ``reason``: the plan task's state goes back."""
        payload = body()
        known(payload, "version", "reason")
        why = text(payload, "reason")
        return self.step(pk, payload, lambda s, row, v: recognition_services.revoke(s, row, v, why))


class InspectionApi(CheckApi):
    """Inspections: list, one, begin at the caller's own level, change, conclude, annul."""

    resource_name = "inspections"
    datamodel = SQLAInterface(Inspection, db.session)
    class_permission_name = "Inspection"
    kind = "inspection"
    item_shown = INSPECTION_ITEM
    include_route_methods = {"get_list", "get", "post", "put", "conclude", "annul"}
    typed: ClassVar[tuple[str, ...]] = tuple(inspection_rules.READERS)

    def find(self, session: Session, number: int) -> Inspection:
        return inspection_queries.get_inspection(session, number)

    def hidden(self) -> list[Any]:
        columns = Inspection.__table__.c
        mine = (columns.state == "draft") & (columns.level == inspection_rules.level_of(current_actor()))
        return [or_(columns.concluded_at.is_not(None), mine)]

    @expose("/", methods=["POST"])
    @requires("add")
    def post(self) -> Any:
        """Begin an inspection of ``plan_task_id`` (or answer the caller's open one); 201."""
        payload = body()
        known(payload, "plan_task_id")
        plan = number_of(payload, "plan_task_id")
        with unit_of_work() as session:
            return self.answer(inspection_services.begin(session, plan), 201)

    @expose("/<pk>", methods=["PUT"])
    @requires("edit")
    def put(self, pk: str) -> Any:
        """Change the fields and contents sent; a content's own ``version`` guards it besides."""
        payload = body()
        sent = texts(payload, self.typed, frozenset({"version", "items"}))

        def save(session: Session, row: Any, version: int) -> Any:
            items = items_of(payload, tuple(inspection_rules.ITEM_READERS), row)
            return inspection_services.save(session, row, still_masked(row, sent), items, version)

        return self.step(pk, payload, save)

    @expose("/<pk>/conclude", methods=["POST"])
    @requires("edit")
    def conclude(self, pk: str) -> Any:
        """提交检查结论: 422 names everything that is missing."""
        payload = body()
        known(payload, "version")
        return self.step(pk, payload, inspection_services.conclude)

    @expose("/<pk>/annul", methods=["POST"])
    @requires("edit")
    def annul(self, pk: str) -> Any:
        """作废 with a ``reason``."""
        payload = body()
        known(payload, "version", "reason")
        why = text(payload, "reason")
        return self.step(pk, payload, lambda s, row, v: inspection_services.annul(s, row, v, why))

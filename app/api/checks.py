"""``/api/v1/recognitions`` and ``/api/v1/inspections``: the pages' rules, scope, lock and steps (M1.6.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import or_
from sqlalchemy.orm import Session

from app.api.areas import plain, still_masked, texts
from app.api.base import requires
from app.api.reading import body, check_number, check_text, finding
from app.api.records import RecordApi, known, number_of, text
from app.extensions import db
from app.inspections import queries as inspection_queries
from app.inspections import rules as inspection_rules
from app.inspections import services as inspection_services
from app.inspections.models import Inspection
from app.kernel.errors import Finding, RuleViolation, msg
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


class CheckApi(RecordApi):
    """What both resources share: the contents that are judged one by one."""

    item_shown: ClassVar[tuple[str, ...]]

    def json(self, row: Any) -> dict[str, Any]:
        items = [{key: plain(key, getattr(item, key)) for key in self.item_shown} for item in row.items]
        return super().json(row) | {"items": items}

    def change(self, pk: str, typed: tuple[str, ...], item_typed: tuple[str, ...], save: Callable[..., Any]) -> Any:
        """Change the fields and contents sent, under the lock; ``save(session, row, fields, items, version)``."""
        payload = body()
        sent = texts(payload, typed, frozenset({"version", "items"}))
        return self.step(pk, payload, lambda session, row, version: save(
            session, row, still_masked(row, sent), items_of(payload, item_typed, row), version
        ))  # fmt: skip


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
        return self.change(pk, self.typed, tuple(recognition_rules.ITEM_READERS), recognition_services.save)

    @expose("/<pk>/submit", methods=["POST"])
    @requires("edit")
    def submit(self, pk: str) -> Any:
        """提交: ``declared`` is the caller's word that the data is true (R25); 422 names what is missing."""
        return self.take(pk, recognition_services.submit, "declared")

    @expose("/<pk>/withdraw", methods=["POST"])
    @requires("edit")
    def withdraw(self, pk: str) -> Any:
        """撤回 while nobody has decided."""
        return self.take(pk, recognition_services.withdraw)

    @expose("/<pk>/recognise", methods=["POST"])
    @requires("approve")
    def recognise(self, pk: str) -> Any:
        """认定, never by whoever prepared or submitted it (R19); sets the plan task's 实施状态."""
        return self.take(pk, recognition_services.recognise, "declared")

    @expose("/<pk>/return", methods=["POST"])
    @requires("approve")
    def send_back(self, pk: str) -> Any:
        """退回 with a ``reason``."""
        return self.take(pk, recognition_services.send_back, "reason")

    @expose("/<pk>/revoke", methods=["POST"])
    @requires("approve")
    def revoke(self, pk: str) -> Any:
        """撤销 with a ``reason``: the plan task's state goes back."""
        return self.take(pk, recognition_services.revoke, "reason")


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
        return self.change(pk, self.typed, tuple(inspection_rules.ITEM_READERS), inspection_services.save)

    @expose("/<pk>/conclude", methods=["POST"])
    @requires("edit")
    def conclude(self, pk: str) -> Any:
        """提交检查结论: 422 names everything that is missing."""
        return self.take(pk, inspection_services.conclude)

    @expose("/<pk>/annul", methods=["POST"])
    @requires("edit")
    def annul(self, pk: str) -> Any:
        """作废 with a ``reason``."""
        return self.take(pk, inspection_services.annul, "reason")

"""``/api/v1/schemes``: schemes of reserve projects and plan tasks with their contents (M1.6.4)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy.orm import Session

from app.annual_plans.services import get_plan
from app.api import area_queries as queries
from app.api.areas import still_masked, texts
from app.api.base import requires
from app.api.reading import body, finding
from app.api.records import RecordApi, number_of
from app.extensions import db
from app.kernel.errors import OutOfScope, RuleViolation, msg
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.reserve.services import get_reserve
from app.schemes import queries as scheme_queries
from app.schemes import rules, services
from app.schemes.models import Scheme

TYPED = tuple(key for key in rules.READERS if key not in rules.FUNDING_FIELDS)
MOST_ITEMS = 500


def items_of(scheme: Scheme) -> list[dict[str, Any]]:
    """Contents by the number of the catalogue's content, with quantities and units."""
    return [
        {
            "catalogue_item_id": row["item_id"], "code": row["code"], "category": row["category"],
            "content": row["content"], "unit1": row["unit1"], "unit2": row["unit2"],
            "quantity1": _figure(row["quantity1"]), "quantity2": _figure(row["quantity2"]),
        }
        for row in scheme_queries.rows_of(scheme)
    ]  # fmt: skip


def parts_of(scheme: Scheme) -> dict[str, Any]:
    """Contents and sources of the funds."""
    lines = scheme_queries.funding_of(scheme)
    return {"items": items_of(scheme), "funding": {source: float(amount) for source, amount in lines.items()}}


def _figure(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _quantity(where: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise RuleViolation(finding(where, msg("Must be a number.")))
    return str(value)


def chosen(payload: Mapping[str, Any]) -> dict[int, tuple[str, str]] | None:
    """``items`` of a body: content → quantities; None when it was not sent. Raises: RuleViolation."""
    if "items" not in payload:
        return None
    found: dict[int, tuple[str, str]] = {}
    sent = payload["items"]
    if not isinstance(sent, list) or len(sent) > MOST_ITEMS:
        raise RuleViolation(finding("items", msg("Must be a list of at most %(most)s.", most=MOST_ITEMS)))
    for number, item in enumerate(sent):
        key = item.get("catalogue_item_id") if isinstance(item, dict) else None
        if not isinstance(key, int) or isinstance(key, bool) or not 0 < key < 2**62:
            raise RuleViolation(finding(f"items[{number}]", msg("Must name a content of the catalogue.")))
        if set(item) - {"catalogue_item_id", "quantity1", "quantity2"}:
            raise RuleViolation(finding(f"items[{number}]", msg("Unknown.")))
        where = f"items[{number}].quantity"
        found[key] = (_quantity(f"{where}1", item.get("quantity1")), _quantity(f"{where}2", item.get("quantity2")))
    return found


def funding(payload: Mapping[str, Any]) -> dict[str, str]:
    """``funding`` of a body (source → amount) as fields of the scheme. Raises: RuleViolation."""
    sent = payload.get("funding", {})
    if not isinstance(sent, dict):
        raise RuleViolation(finding("funding", msg("Must be an object.")))
    found = texts(sent, tuple(rules.FUNDING_SOURCES), frozenset())
    return {f"funding_{source}": text for source, text in found.items()}


class SchemeApi(RecordApi):
    """Schemes: list, one, begin, change. Submission and review belong to people, on the pages (R25)."""

    resource_name = "schemes"
    datamodel = SQLAInterface(Scheme, db.session)
    class_permission_name = "Scheme"
    kind = "scheme"
    include_route_methods = {"get_list", "get", "post", "put"}
    list_columns = show_columns = list(queries.SHOWN[kind])
    add_columns = edit_columns = list(TYPED)

    def find(self, session: Session, number: int) -> Scheme:
        scheme = scheme_queries.get_scheme(session, number)
        if not rules.visible_to(current_actor(), scheme.review_round):
            raise OutOfScope(f"scheme {number}")
        return scheme

    def hidden(self) -> list[Any]:
        """Joint reviewers get those that came to them."""
        return [Scheme.__table__.c.review_round > 0] if rules.department_of(current_actor()) else []

    def json(self, row: Scheme) -> dict[str, Any]:
        return super().json(row) | parts_of(row)

    @expose("/", methods=["POST"])
    @requires("edit")
    def post(self) -> Any:
        """Begin the scheme of a ``reserve_project_id`` or ``plan_task_id`` (or answer the one there is); 201."""
        payload = body()
        owners = [key for key in ("reserve_project_id", "plan_task_id") if payload.get(key) is not None]
        if len(owners) != 1 or set(payload) - {"reserve_project_id", "plan_task_id"}:
            raise RuleViolation(finding("body", msg("Name one reserve project or one plan task.")))
        number = number_of(payload, owners[0])
        with unit_of_work() as session:
            area: Any = (
                get_reserve(session, number) if owners[0] == "reserve_project_id" else get_plan(session, number)
            )
            return self.answer(services.ensure_scheme(session, area), 201)

    @expose("/<pk>", methods=["PUT"])
    @requires("edit")
    def put(self, pk: str) -> Any:
        """Change the fields sent and, with ``items``, the contents named; as a draft, under the lock."""
        payload = body()
        sent = texts(payload, TYPED, frozenset({"version", "items", "funding"}))
        amounts, items = funding(payload), chosen(payload)

        def save(session: Session, scheme: Scheme, version: int) -> Scheme:
            scheme = services.save_draft(session, scheme, still_masked(scheme, sent) | amounts, version)
            if items is not None:
                services.save_items(session, scheme, items)
            return scheme

        return self.step(pk, payload, save)

"""``/api/v1/construction-accounts``: accounts of construction units on plan tasks, issued by the county (M1.6.5.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy.orm import Session

from app.accounts.construction import queries as unit_queries
from app.accounts.construction import services
from app.accounts.construction.models import ConstructionAccount
from app.accounts.construction.views import TYPED, portal_address
from app.api import area_queries as queries
from app.api.areas import as_json, texts
from app.api.base import requires
from app.api.reading import body
from app.api.records import RecordApi, number_of
from app.extensions import db
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work


class ConstructionAccountApi(RecordApi):
    """Unit accounts: list, one, issue, stop, start, reset. A one-time password is in no answer."""

    resource_name = "construction-accounts"
    datamodel = SQLAInterface(ConstructionAccount, db.session)
    class_permission_name = "ConstructionAccount"
    kind = "construction_account"
    include_route_methods = {"get_list", "get", "post", "stop", "start", "reset"}
    list_columns = show_columns = list(queries.SHOWN[kind])

    def find(self, session: Session, number: int) -> ConstructionAccount:
        return services.get_grant(session, number)

    def rows_json(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        """Beside the columns: login, last sign-in, and what became of the last message with a password."""
        told = unit_queries.by_ids(db.session(), [row.id for row in rows])
        return [as_json(self.kind, row) | _beside(told[row.id]) for row in rows if row.id in told]

    def json(self, row: ConstructionAccount) -> dict[str, Any]:
        return self.rows_json([row])[0]

    @expose("/", methods=["POST"])
    @requires("add")
    def post(self) -> Any:
        """下发账号 for ``plan_task_id``: the one-time password goes out by text message alone; 201."""
        payload = body()
        typed = texts(payload, TYPED, frozenset({"plan_task_id"}))
        plan = number_of(payload, "plan_task_id")
        with unit_of_work() as session:
            return self.answer(services.issue(session, current_actor(), plan, typed, portal_address()), 201)

    @expose("/<pk>/stop", methods=["POST"])
    @requires("stop")
    def stop(self, pk: str) -> Any:
        """Take the plan task from the account; without another one it cannot sign in."""
        return self.take(pk, _deed(services.stop))

    @expose("/<pk>/start", methods=["POST"])
    @requires("stop")
    def start(self, pk: str) -> Any:
        """Give a stopped account its plan task back."""
        return self.take(pk, _deed(services.start))

    @expose("/<pk>/reset", methods=["POST"])
    @requires("reset")
    def reset(self, pk: str) -> Any:
        """A new one-time password by text message, to another ``phone`` if one is sent; every session ends."""
        return self.take(pk, _deed(services.reset, address=portal_address()), "phone")


def _deed(service: Callable[..., ConstructionAccount], **more: str) -> Callable[..., ConstructionAccount]:
    """A service that names the account by its number, as `RecordApi.take` calls it."""

    def do(session: Session, row: ConstructionAccount, version: int, **given: str) -> ConstructionAccount:
        return service(session, current_actor(), row.id, version=version, **more, **given)

    return do


def _beside(told: Any) -> dict[str, Any]:
    last = told.last_login.isoformat() if told.last_login else None
    return {"username": told.username, "last_login": last, "sms_state": told.sms_state}

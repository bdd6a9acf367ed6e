"""``/api/v1/works-projects``: works projects of plan tasks, under the rules of the pages (M1.6.5.1)."""

from __future__ import annotations

from typing import Any

from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy.orm import Session

from app.annual_plans.services import get_plan
from app.api import area_queries as queries
from app.api.areas import still_masked, texts
from app.api.base import requires
from app.api.reading import body
from app.api.records import RecordApi, number_of
from app.extensions import db
from app.persistence.work import unit_of_work
from app.works import services
from app.works.models import WorksProject
from app.works.queries import get_project
from app.works.rules import FIELDS

TYPED = FIELDS


class WorksProjectApi(RecordApi):
    """Works projects: list, one, create in a plan task, change; phones are masked."""

    resource_name = "works-projects"
    datamodel = SQLAInterface(WorksProject, db.session)
    class_permission_name = "WorksProject"
    kind = "works_project"
    include_route_methods = {"get_list", "get", "post", "put"}
    list_columns = show_columns = list(queries.SHOWN[kind])
    add_columns = edit_columns = list(TYPED)

    def find(self, session: Session, number: int) -> WorksProject:
        return get_project(session, number)

    @expose("/", methods=["POST"])
    @requires("add")
    def post(self) -> Any:
        """Create in ``plan_task_id``; 201 with its address in ``Location``."""
        payload = body()
        sent = texts(payload, TYPED, frozenset({"plan_task_id"}))
        plan_id = number_of(payload, "plan_task_id")
        with unit_of_work() as session:
            return self.answer(services.create_project(session, get_plan(session, plan_id), sent), 201)

    @expose("/<pk>", methods=["PUT"])
    @requires("edit")
    def put(self, pk: str) -> Any:
        """Change the fields sent, under the lock of ``If-Match`` or ``version``; 409 shows what stands now."""
        payload = body()
        sent = texts(payload, TYPED, frozenset({"version"}))
        return self.step(pk, payload, lambda session, row, version: services.update_project(
            session, row, still_masked(row, sent), version
        ))  # fmt: skip

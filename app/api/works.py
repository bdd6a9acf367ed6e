"""``/api/v1/works-projects``: works projects of plan tasks, under the rules of the pages (M1.6.5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import jsonify, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface

from app.annual_plans.services import get_plan
from app.api import area_queries as queries
from app.api.areas import as_json, still_masked, texts
from app.api.base import PortalRestApi, envelope, expected_version, key_of, requires, stale
from app.api.reading import body, finding, query
from app.extensions import db
from app.kernel.errors import RuleViolation, StaleRow, msg
from app.persistence.work import unit_of_work
from app.works import services
from app.works.models import WorksProject
from app.works.queries import get_project
from app.works.rules import FIELDS

KIND = "works_project"
TYPED = FIELDS


def number_of(payload: Mapping[str, Any], key: str) -> int:
    """A record number that has to be sent. Raises: RuleViolation."""
    value = payload.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**62:
        raise RuleViolation(finding(key, msg("Must be a record number.")))
    return value


class WorksProjectApi(PortalRestApi):
    """Works projects: list, one, create in a plan task, change; phones are masked."""

    resource_name = "works-projects"
    datamodel = SQLAInterface(WorksProject, db.session)
    class_permission_name = "WorksProject"
    include_route_methods = {"get_list", "get", "post", "put"}
    list_columns = show_columns = list(queries.SHOWN[KIND])
    add_columns = edit_columns = list(TYPED)

    @expose("/", methods=["GET"])
    @requires("list")
    def get_list(self) -> Any:
        """One page; phones are masked."""
        asked = query(queries.OFFERED[KIND])
        rows, count = queries.page(KIND, asked)
        return envelope([as_json(KIND, row) for row in rows], count, asked.page, asked.page_size)

    @expose("/<pk>", methods=["GET"])
    @requires("show")
    def get(self, pk: str) -> Any:
        return self._answer(get_project(db.session(), key_of(pk)))

    @expose("/", methods=["POST"])
    @requires("add")
    def post(self) -> Any:
        """Create in ``plan_task_id``; 201 with its address in ``Location``."""
        payload = body()
        sent = texts(payload, TYPED, frozenset({"plan_task_id"}))
        plan_id = number_of(payload, "plan_task_id")
        with unit_of_work() as session:
            made = services.create_project(session, get_plan(session, plan_id), sent)
            answer, number = self._answer(made), made.id
        answer.status_code = 201
        answer.headers["Location"] = url_for("WorksProjectApi.get", pk=number)
        return answer

    @expose("/<pk>", methods=["PUT"])
    @requires("edit")
    def put(self, pk: str) -> Any:
        """Change the fields sent, under the lock of ``If-Match`` or ``version``; 409 shows what stands now."""
        payload = body()
        row = get_project(db.session(), key_of(pk))
        version, sent = expected_version(payload), texts(payload, TYPED, frozenset({"version"}))
        try:
            with unit_of_work() as session:
                return self._answer(services.update_project(session, row, still_masked(row, sent), version))
        except StaleRow as error:
            db.session.rollback()
            row = get_project(db.session(), key_of(pk))
            error.version = row.version
            return stale(error, as_json(KIND, row))

    def _answer(self, row: WorksProject) -> Any:
        answer = jsonify(id=row.id, result=as_json(KIND, row))
        answer.headers["ETag"] = f'"{row.version}"'
        return answer

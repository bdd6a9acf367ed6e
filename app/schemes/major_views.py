"""The export to the development commission's library of major construction projects (M1.5.5)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

from flask import abort, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.annual_plans.listing import PlanListing
from app.audit import services as audit
from app.exchange.columns import Sheet
from app.exchange.writer import write_workbook
from app.extensions import _, db
from app.kernel.calendar import today
from app.persistence.gate import execute_applied
from app.persistence.work import unit_of_work
from app.reserve.listing import ReserveListing
from app.schemes import major_queries, major_sheets
from app.web.exports import asked_ids, download, file_name
from app.web.listing import Column, Listing, State

# part of the address → entity, table, list, columns of it
OWNERS: dict[str, tuple[str, str, type[Listing], tuple[str, ...]]] = {
    "reserve": ("ReserveProject", "reserve_project", ReserveListing, major_sheets.RESERVE_NEEDS),
    "plans": ("PlanTask", "plan_task", PlanListing, major_sheets.PLAN_NEEDS),
}


class MajorProjectView(BaseView):
    """One file of reserve projects or plan tasks: those ticked, this page, or all that match the address."""

    route_base = "/major-projects"
    class_permission_name = "MajorProject"
    default_view = "export"

    @expose("/<owner>", methods=["POST"])
    @has_access
    @permission_name("export")
    def export(self, owner: str) -> Any:
        if owner not in OWNERS:
            abort(404)
        entity, table, kind, needs = OWNERS[owner]
        listing = kind(lambda *a, **k: execute_applied(db.session(), *a, **k))
        state, ids = listing.state(request.args), asked_ids(request.form)
        title = _("Library of major projects")
        out = tempfile.TemporaryFile()  # noqa: SIM115  closed by the response
        rows = _rows(listing, state, ids, table, needs)
        first = Sheet(title, major_sheets.columns(), rows, freeze_columns=1)
        written = write_workbook(out, [first, major_sheets.explanation()])
        with unit_of_work() as session:
            audit.record(
                session, "export", entity=entity, label=title,
                after={"rows": written.rows - len(major_sheets.FIELDS), "args": state.args, "ids": ids,
                       "format": "major_projects"},
            )  # fmt: skip
        out.seek(0)
        name = file_name(None, f"{title}_{today():%Y%m%d}")
        return download(out, f"{name}.xlsx", request.form.get("download_token"))


def _rows(
    listing: Listing, state: State, ids: list[int] | None, table: str, needs: tuple[str, ...]
) -> Iterator[tuple[Any, ...]]:
    wanted = [Column("project", "", needs, str, str)]
    values = [field.value for field in major_sheets.FIELDS]
    for project in major_queries.projects(db.session(), table, listing.export(state, wanted, ids)):
        yield tuple([value(project) for value in values])
    db.session.rollback()

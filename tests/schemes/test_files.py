"""The attachments of a scheme: counted for a submission, joined to the plan's and parted again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.annual_plans import services as annual_plans
from app.attachments import queries as attachments
from app.attachments.owners import Refused
from app.attachments.services import attach_file
from app.extensions import db
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.schemes import queries, services
from app.schemes.rules import ATTACHMENTS
from tests.areas.helpers import make_community, make_plan, make_reserve, open_window
from tests.attachments.samples import pdf
from tests.schemes.test_services import full_scheme


@pytest.mark.req("R10", "R21", "M1.6.1", "M1.6.2", "M1.6.4")
def test_files_go_with_the_scheme(app_db: Flask, as_user: Callable[[str], Any], tmp_path: Path) -> None:
    before, app_db.config["DATA_DIR"] = app_db.config["DATA_DIR"], str(tmp_path / "data")
    try:
        with app_db.app_context():
            open_window()
            with as_user("dingcheng"):
                _walk(tmp_path)
            db.session.rollback()
    finally:
        app_db.config["DATA_DIR"] = before


def _walk(folder: Path) -> None:
    with unit_of_work() as session:
        project, plan = make_reserve(session), make_plan(session)
        annual_plans.link(session, plan, [make_community(session, "附件小区").id])
        scheme = full_scheme(session, project)
        for purpose in ATTACHMENTS:
            path = folder / f"{purpose}.pdf"
            path.write_bytes(pdf(text=purpose))
            attach_file(session, current_actor(), "Scheme", scheme.id, purpose, path.name, path)
        project_id, plan_id = project.id, plan.id
    with unit_of_work() as session:
        annual_plans.link(session, annual_plans.get_plan(session, plan_id), reserves=[project_id])
        target = queries.scheme_of(session, "plan_task", plan_id)
        assert attachments.present(session, "Scheme", target.id) == dict.fromkeys(ATTACHMENTS, 1)
        assert not [f for f in services.check(session, target) if f.field in ATTACHMENTS]
    with unit_of_work() as session:
        plan = annual_plans.get_plan(session, plan_id)
        annual_plans.unlink(session, plan, reserves=[project_id], keep_scheme=False)
        target = queries.scheme_of(session, "plan_task", plan_id)
        assert attachments.present(session, "Scheme", target.id) == {}
        assert {f.field for f in services.check(session, target)} >= set(ATTACHMENTS)
    with unit_of_work() as session:
        plan = annual_plans.get_plan(session, plan_id)
        annual_plans.link(session, plan, reserves=[project_id])
        target = queries.scheme_of(session, "plan_task", plan_id)
        services.submit(session, target, target.version, confirmed=True)
    with pytest.raises(Refused), unit_of_work() as session:
        path = folder / "late.pdf"
        path.write_bytes(pdf(text="late"))
        attach_file(session, current_actor(), "Scheme", target.id, "scheme_document", path.name, path)

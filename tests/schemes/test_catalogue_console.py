"""A new version of the content catalogue, entered in the console (M1.6.4.1, G4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.extensions import db
from app.kernel.actor import SYSTEM
from app.kernel.calendar import today
from app.kernel.errors import NotAllowed, RuleViolation, StaleRow
from app.persistence.context import acting_as
from app.persistence.work import unit_of_work
from app.schemes import catalogue_services, catalogues, services
from app.schemes.models import Catalogue, CatalogueItem
from tests.areas.helpers import make_reserve
from tests.schemes.test_services import item

pytestmark = pytest.mark.req("M1.6.4.1", "G4")
SignedIn = Callable[[str], FlaskClient]
NEW = {"key": "hunan-next", "province_code": "430000", "name": "湖南下一版清单", "copy_from": "hunan-2021"}


def test_a_new_version_takes_over_on_its_first_day(signed_in: SignedIn, app_db: Flask) -> None:
    admin, first = signed_in("sysadmin"), today() + dt.timedelta(days=30)
    answer = admin.post("/ops/catalogues/new/", data={**NEW, "valid_from": first.isoformat(), "valid_to": ""})
    assert answer.status_code == 302, answer.get_data(as_text=True)[:2000]
    with app_db.app_context(), acting_as(SYSTEM):
        session = db.session()
        found = {c.key: c for c in session.scalars(select(Catalogue))}
        assert found["hunan-2021"].valid_to == first - dt.timedelta(days=1)
        assert len(catalogues.items_in_force(session, "430000", first)) == 55
        assert catalogues.in_force(session, "430000", today()).key == "hunan-2021"
        catalogue_id = found["hunan-next"].id
    typed: dict[str, Any] = {
        "catalogue_id": str(catalogue_id), "code": "GN-Z01", "category": "提升类改造", "content": "新内容",
        "detail": "", "unit1": "处", "unit2": "", "method": "", "order": "900", "active": "y",
    }  # fmt: skip
    assert admin.post("/ops/catalogue-items/new/", data=typed).status_code == 302
    refused = admin.post("/ops/catalogue-items/new/", data={**typed, "unit1": "", "unit2": "米", "code": "GN-Z02"})
    assert "有单位2时必须填写单位1" in refused.get_data(as_text=True)
    for path in ("/ops/catalogues/", "/ops/catalogue-items/?search=新内容"):
        assert "湖南下一版清单" in admin.get(path).get_data(as_text=True)
    assert signed_in("hunan").get("/ops/catalogues/").status_code == 404
    shown = signed_in("hunan").get("/catalogues/").get_data(as_text=True)
    assert "湖南下一版清单" in shown and "贵州" not in shown.partition("<main")[2]
    contents = signed_in("hunan").get(f"/catalogues/show/{catalogue_id}").get_data(as_text=True)
    assert "新内容" in contents and "GN-B01" in contents
    assert signed_in("guizhou").get(f"/catalogues/show/{catalogue_id}").status_code == 404


def test_overlaps_used_units_and_strangers_are_refused(app_db: Flask, as_user: Callable[[str], Any]) -> None:
    with app_db.app_context(), acting_as(SYSTEM):
        values = {**NEW, "valid_from": dt.date(2020, 1, 1), "valid_to": dt.date(2020, 5, 1)}
        with pytest.raises(RuleViolation) as refused, unit_of_work() as session:
            catalogue_services.save_catalogue(session, SYSTEM, values)
        assert refused.value.findings[0].field == "valid_from"
        with unit_of_work() as session:
            scheme = services.ensure_scheme(session, make_reserve(session))
            services.save_items(session, scheme, {item("GN-B01").id: ("3", "")})
        line = item("GN-B01")
        kept = {name: getattr(line, name) for name in
                ("category", "content", "detail", "unit1", "unit2", "method", "order", "active", "version")}  # fmt: skip
        with pytest.raises(RuleViolation), unit_of_work() as session:
            catalogue_services.save_item(session, SYSTEM, {**kept, "unit1": "公里"}, item("GN-B01"))
        with pytest.raises(StaleRow), unit_of_work() as session:
            catalogue_services.save_item(session, SYSTEM, {**kept, "version": 0}, item("GN-B01"))
        with unit_of_work() as session:
            catalogue_services.save_item(session, SYSTEM, {**kept, "detail": "新说明"}, item("GN-B01"))
        assert db.session.get(CatalogueItem, line.id).detail == "新说明"
    with app_db.app_context(), as_user("dingcheng"), unit_of_work() as session:
        from app.persistence.context import current_actor

        with pytest.raises(NotAllowed):
            catalogue_services.save_item(session, current_actor(), kept, item("GN-B01"))


def test_other_words_of_a_content_mean_one_alone(signed_in: SignedIn, app_db: Flask) -> None:
    admin = signed_in("sysadmin")
    with app_db.app_context(), acting_as(SYSTEM):
        line = item("GN-B01")
        names = ("category", "content", "detail", "unit1", "unit2", "method", "order", "version")
        typed = {name: str(getattr(line, name)) for name in names} | {"active": "y"}
        address = f"/ops/catalogue-items/edit/?id={line.id}"
        other = item("GN-B02").content
    assert admin.post(address, data={**typed, "aliases": "自来水管\n给水管；自来水管"}).status_code == 302
    page = admin.get(address).get_data(as_text=True)
    assert "给水管\n自来水管" in page.replace("\r", "")
    stale = admin.post(address, data={**typed, "aliases": "别的词"})
    assert "自来水管" in stale.get_data(as_text=True), "words are under the lock of their content"
    now = {**typed, "version": str(int(typed["version"]) + 1)}
    refused = admin.post(address, data={**now, "aliases": other}).get_data(as_text=True)
    assert f"“{other}”已用于“{other}”" in refused
    first = today() + dt.timedelta(days=30)
    made = admin.post("/ops/catalogues/new/", data={**NEW, "valid_from": first.isoformat()})
    assert made.status_code == 302
    with app_db.app_context(), acting_as(SYSTEM):
        session = db.session()
        copied = session.scalars(select(Catalogue).where(Catalogue.key == "hunan-next")).one()
        found = catalogues.matching(session, copied.id, "给水管")
        assert [row.code for row in found] == ["GN-B01"]
    assert admin.post(address, data={**now, "aliases": ""}).status_code == 302
    with app_db.app_context(), acting_as(SYSTEM):
        assert item("GN-B01").aliases == ""

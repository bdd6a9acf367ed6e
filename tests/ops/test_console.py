"""The maintenance console: off by default, one sign-in, services as the only writers, no inline script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.audit import services as audit
from app.audit.models import AuditEvent
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.ops.base import ConsoleForm, ConsoleView
from app.persistence.context import acting_as
from app.regions.cache import current
from app.regions.models import CacheVersion, CodeItem, Holiday, ProvinceProfile, Region, RegionAlias, Town

pytestmark = pytest.mark.req("D1", "D2")

MASTER = (
    "code-tables", "code-items", "profiles", "departments", "holidays", "regions", "towns", "withdrawn-codes",
    "jobs", "sms",
)  # fmt: skip
RECORDS = ("sign-ins", "audit")
INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|\son[a-z]+=\"|\sstyle=\"", re.IGNORECASE
)


def page(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.get_data(as_text=True)


def stored(app, statement):
    """One value as the database holds it now."""
    with app.app_context(), acting_as(SYSTEM):
        value = db.session.execute(statement).scalar()
        db.session.rollback()
        return value


def test_everything_is_off_by_default():
    for switch in ("can_create", "can_edit", "can_delete", "can_view_details", "can_export"):
        assert getattr(ConsoleView, switch) is False
    assert ConsoleView.column_editable_list is None
    assert ConsoleView.form_base_class is ConsoleForm


@pytest.mark.parametrize("username", ["dingcheng", "hunan", "secadmin", "yuxia"])
def test_for_others_the_console_does_not_exist(signed_in, username):
    client = signed_in(username)
    for slug in ("", *(f"{name}/" for name in MASTER + RECORDS)):
        assert client.get(f"/ops/{slug}").status_code == 404
    assert client.post("/ops/holidays/new/", data={"date": "2026-05-01"}).status_code == 404


def test_who_is_not_signed_in_is_sent_to_the_sign_in_page(client):
    for path in ("/ops/", "/ops/code-items/", "/ops/profiles/edit/?id=430000"):
        answer = client.get(path)
        assert answer.status_code == 302 and "/login/" in answer.headers["Location"]


def test_each_administrator_sees_only_its_own_sections(signed_in):
    system, auditor = signed_in("sysadmin"), signed_in("auditadmin")
    for name in MASTER:
        assert system.get(f"/ops/{name}/").status_code == 200
        assert auditor.get(f"/ops/{name}/").status_code == 404
    for name in RECORDS:
        assert auditor.get(f"/ops/{name}/").status_code == 200
        assert system.get(f"/ops/{name}/").status_code == 404
    assert "/ops/audit/" not in page(system, "/ops/") and "/ops/regions/" not in page(auditor, "/ops/")


def test_what_is_off_does_not_exist(signed_in):
    system, auditor = signed_in("sysadmin"), signed_in("auditadmin")
    for client, name in ((system, "jobs"), (system, "sms"), (system, "code-tables"), (auditor, "audit")):
        for path in ("new/", "edit/?id=1", "export/csv/", "ajax/lookup/"):
            assert client.get(f"/ops/{name}/{path}").status_code == 404, (name, path)
        for path in ("delete/", "action/", "ajax/update/", "new/", "edit/?id=1"):
            assert client.post(f"/ops/{name}/{path}", data={"id": "1"}).status_code == 404, (name, path)
    assert system.get("/ops/static/admin/js/helpers.js").status_code == 404


def test_a_post_without_token_is_refused(app_db, signed_in):
    client = signed_in("sysadmin")
    client.environ_base.pop("HTTP_X_CSRFTOKEN")
    for path in ("holidays/new/", "code-items/edit/?id=1", "holidays/delete/"):
        assert client.post(f"/ops/{path}", data={"date": "2031-05-02", "id": "1"}).status_code == 400
    assert stored(app_db, sa.select(sa.func.count()).select_from(Holiday).where(Holiday.note == "x")) == 0


@pytest.mark.parametrize("id", ["", "0", "999999", "x", "1%00", "9" * 40, "1 OR 1=1"])
def test_unknown_rows_are_not_found(signed_in, id):
    client = signed_in("sysadmin")
    for name in ("code-items", "departments", "holidays", "regions"):
        assert client.get(f"/ops/{name}/edit/?id={id}").status_code in ((302,) if not id else (404,))


def test_one_row_is_read_within_get_query(app_db, signed_in, monkeypatch):
    client = signed_in("sysadmin")
    view = next(
        v
        for _t, views in app_db.extensions["portal_console"]
        for v in views
        if v.endpoint.endswith("regions")
    )
    assert client.get("/ops/regions/edit/?id=430703").status_code == 200
    monkeypatch.setattr(
        view, "get_query", lambda: db.session.query(Region).filter(Region.code == "430722")
    )
    assert client.get("/ops/regions/edit/?id=430703").status_code == 404
    assert client.get("/ops/regions/edit/?id=430722").status_code == 200


def test_lists_stay_within_eight_statements_and_100_kb(signed_in, query_counter):
    system, auditor = signed_in("sysadmin"), signed_in("auditadmin")
    for client, names in ((system, MASTER), (auditor, RECORDS)):
        for name in names:
            page(client, f"/ops/{name}/")
            with query_counter() as sql:
                text = page(client, f"/ops/{name}/?page_size=100")
            assert len(sql) <= 8, (name, sql)
            assert len(text) <= 100_000, name


def test_searches_narrow_and_nonsense_is_ignored(signed_in):
    client = signed_in("sysadmin")
    text = page(client, "/ops/towns/?flt0_within=430703&search=%E7%8E%89%E9%9C%9E")
    assert "玉霞街道" in text
    assert "430703" in text and "430722" not in text.split("<tbody>")[1].split("</tbody>")[0]
    for query in ("page=-5", "page=99999999", "page_size=0", "page_size=100000", "sort=99", "flt0_within=%00",
                  "flt9_x=1", "flt0_=1", "search=%00", "search=%25"):  # fmt: skip
        page(client, f"/ops/towns/?{query}")
    for query in ("flt0_from=x", "flt0_from=0001-01-01", "flt1_to=9999-12-31", "flt3_outcome=nonsense"):
        page(signed_in("auditadmin"), f"/ops/sign-ins/?{query}")


def test_code_entry_is_changed_by_the_service(app_db, signed_in):
    client = signed_in("sysadmin")
    number = stored(
        app_db, sa.select(CodeItem.id).where(CodeItem.code == "street").order_by(CodeItem.id).limit(1)
    )
    before = stored(app_db, sa.select(CacheVersion.version).where(CacheVersion.key == "regions"))
    form = {"code": "renamed", "label": "街道办", "order": "4", "active": "y"}
    assert client.post(f"/ops/code-items/edit/?id={number}", data=form).status_code == 302
    row = sa.select(CodeItem.code).where(CodeItem.id == number)
    assert stored(app_db, row) == "street", "the code of an entry never changes"
    assert stored(app_db, sa.select(CodeItem.label).where(CodeItem.id == number)) == "街道办"
    assert stored(app_db, sa.select(CacheVersion.version).where(CacheVersion.key == "regions")) > before
    with app_db.app_context(), acting_as(SYSTEM):
        assert ("street", "街道办") in current().code_choices("department_kind")
        event = db.session.execute(
            sa.select(AuditEvent.__table__)
            .where(AuditEvent.entity == "CodeItem")
            .order_by(AuditEvent.id.desc())
        ).first()
        assert (event.action, event.actor_name, event.after) == (
            "update",
            "sysadmin",
            {"label": "街道办"},
        )
        assert audit.verify(db.session()) == []
    assert "街道办" in page(client, f"/ops/code-items/edit/?id={number}"), (
        "the history stands under the form"
    )


def test_a_refused_value_is_said_at_its_field_and_kept(app_db, signed_in):
    client = signed_in("sysadmin")
    form = {"table_key": "department_kind", "code": "Bad Code", "label": "某类", "order": "1"}
    answer = client.post("/ops/code-items/new/", data=form)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200 and 'value="Bad Code"' in text and 'value="某类"' in text
    assert 'aria-invalid="true"' in text
    assert (
        stored(app_db, sa.select(sa.func.count()).select_from(CodeItem).where(CodeItem.label == "某类"))
        == 0
    )


def profile_form(client, code="430000"):
    """The profile's form as the page shows it."""
    text = page(client, f"/ops/profiles/edit/?id={code}")
    form = {}
    for tag in re.findall(r"<input[^>]+>", text.split("<main")[1]):
        attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if attributes.get("type") in {"checkbox", "radio"} and " checked" not in tag:
            continue
        if "name" in attributes:
            form.setdefault(attributes["name"], []).append(attributes.get("value", "y"))
    area = re.search(r'<textarea[^>]+name="milestones"[^>]*>\s*(.*?)</textarea>', text, re.DOTALL)
    form["milestones"] = [area.group(1)]
    return form


def test_profile_round_trip_changes_only_what_was_typed(app_db, signed_in):
    client = signed_in("sysadmin")
    form = profile_form(client)
    assert client.post("/ops/profiles/edit/?id=430000", data=form).status_code == 302
    assert (
        stored(
            app_db, sa.select(ProvinceProfile.version).where(ProvinceProfile.province_code == "430000")
        )
        == 1
    )
    form["publicity_days"] = ["9"]
    assert client.post("/ops/profiles/edit/?id=430000", data=form).status_code == 302
    with app_db.app_context(), acting_as(SYSTEM):
        events = db.session.scalars(
            sa.select(AuditEvent).where(AuditEvent.entity == "ProvinceProfile")
        ).all()
        assert [event.after for event in events] == [{"publicity_days": 9}]


def test_a_stale_profile_keeps_what_was_typed_and_says_what_stands(app_db, signed_in):
    client = signed_in("sysadmin")
    mine, other = profile_form(client), profile_form(client)
    other["publicity_days"] = ["9"]
    client.post("/ops/profiles/edit/?id=430000", data=other)
    mine["publicity_days"] = ["11"]
    answer = client.post("/ops/profiles/edit/?id=430000", data=mine)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200 and re.search(r'name="publicity_days"[^>]*value="11"', text)
    assert "当前值：9" in text
    assert re.search(r'name="version"[^>]*value="2"', text)
    mine["version"] = ["2"]
    assert client.post("/ops/profiles/edit/?id=430000", data=mine).status_code == 302


@pytest.mark.parametrize(
    ("field", "value"),
    [("publicity_days", "999"), ("publicity_days", "x"), ("ranking_formula__start_rate", "9"), ("title", ""),
     ("milestones", "nonsense"), ("milestones", "livelihood start_rate 13-45 1"),
     ("investment_deviation", "NaN")],
)  # fmt: skip
def test_an_implausible_profile_is_refused(app_db, signed_in, field, value):
    client = signed_in("sysadmin")
    answer = client.post("/ops/profiles/edit/?id=430000", data={**profile_form(client), field: [value]})
    assert answer.status_code == 200 and 'class="hint bad"' in answer.get_data(as_text=True)
    assert (
        stored(
            app_db, sa.select(ProvinceProfile.version).where(ProvinceProfile.province_code == "430000")
        )
        == 1
    )


def test_password_policy_is_not_on_the_system_administrators_form(signed_in):
    form = profile_form(signed_in("sysadmin"))
    assert not [name for name in form if name.startswith(("password_", "lockout_", "idle_minutes", "totp_"))]


@pytest.mark.req("N3.3r")
def test_holiday_is_declared_and_cleared(app_db, signed_in):
    client = signed_in("sysadmin")
    assert (
        client.post("/ops/holidays/new/", data={"date": "2031-05-06", "note": "调休"}).status_code == 302
    )
    assert stored(app_db, sa.select(Holiday.note).where(Holiday.note == "调休")) == "调休"
    assert client.get("/ops/holidays/edit/?id=2031-05-06").status_code == 200
    assert client.post("/ops/holidays/delete/", data={"id": "2031-05-06"}).status_code == 302
    assert stored(app_db, sa.select(Holiday.note).where(Holiday.note == "调休")) is None


@pytest.mark.req("G4")
def test_zone_town_and_withdrawn_code(app_db, signed_in):
    client = signed_in("sysadmin")
    zone = {"parent_code": "430703", "name": "桥南新区", "short_name": "桥南"}
    assert client.post("/ops/regions/new/", data=zone).status_code == 302
    code = stored(app_db, sa.select(Region.code).where(Region.name == "桥南新区"))
    assert code.startswith("430703") and len(code) == 8
    town = stored(
        app_db, sa.select(Town.code).where(Town.county_code == "430703").order_by(Town.code).limit(1)
    )
    name = stored(app_db, sa.select(Town.name).where(Town.code == town))
    assert (
        client.post(f"/ops/towns/edit/?id={town}", data={"name": name, "zone_code": code}).status_code
        == 302
    )
    assert stored(app_db, sa.select(Town.zone_code).where(Town.code == town)) == code
    other = stored(
        app_db, sa.select(Town.code).where(Town.county_code == "430722").order_by(Town.code).limit(1)
    )
    answer = client.post(f"/ops/towns/edit/?id={other}", data={"name": "某镇", "zone_code": code})
    assert answer.status_code == 200 and 'class="hint bad"' in answer.get_data(as_text=True)
    alias = {"old_code": "430799", "code": "430703", "note": "试"}
    assert client.post("/ops/withdrawn-codes/new/", data=alias).status_code == 302
    assert stored(app_db, sa.select(RegionAlias.code).where(RegionAlias.old_code == "430799")) == "430703"
    assert (
        client.post("/ops/withdrawn-codes/new/", data={**alias, "old_code": "430703"}).status_code == 200
    )
    with app_db.app_context(), acting_as(SYSTEM):
        assert audit.verify(db.session()) == []


def test_views_write_through_services_alone():
    """No view of the console adds, deletes or sets anything itself."""
    source = Path("app/ops/views.py").read_text(encoding="utf-8")
    assert not re.search(r"session\.(add|delete|merge|execute|commit)|setattr\(|model\.\w+ = ", source)


def test_pages_have_no_inline_script_style_or_handler(signed_in):
    system, auditor = signed_in("sysadmin"), signed_in("auditadmin")
    paths = [
        "/ops/",
        *(f"/ops/{name}/" for name in MASTER),
        "/ops/holidays/new/",
        "/ops/profiles/edit/?id=430000",
    ]
    for client, path in [
        *((system, p) for p in paths),
        (auditor, "/ops/audit/"),
        (auditor, "/audit/list/"),
    ]:
        text = page(client, path)
        assert not INLINE.search(text), (path, INLINE.search(text))
        assert "/ops/static" not in text and "bootstrap4" not in text

"""Pages of schemes: form, checklist, submission, joint review, approval, publicity, comments (M1.6.4, N2.1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from app.persistence.work import unit_of_work
from app.schemes import queries, rules, services
from app.schemes.models import CatalogueItem, Scheme
from tests.areas.helpers import make_community, make_reserve
from tests.schemes.test_services import FULL, item

SignedIn = Callable[[str], FlaskClient]
YES_NO = dict.fromkeys(rules.STATUS_FIELDS, "0")
TYPED: dict[str, str] = {**FULL, **YES_NO}


@pytest.fixture
def filed() -> Any:
    """All four attachments are there."""

    def there(_session: Any, _scheme: Any) -> dict[str, int]:
        return dict.fromkeys(rules.ATTACHMENTS, 1)

    services.attachment_counts.register(there)
    yield
    services.attachment_counts.remove(there)


@pytest.fixture
def begun(app_db: Flask) -> int:
    """A scheme of a reserve project in 鼎城 that holds one complete community; its number."""
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        from app.reserve import services as reserve

        area = make_reserve(session, "页面储备项目")
        reserve.link(session, area, [make_community(session, "页面小区").id])
        return services.ensure_scheme(session, area).id


def number(app: Flask, code: str, key: str = "hunan-2021") -> int:
    with app.app_context(), acting_as(SYSTEM):
        return int(item(code, key).id)


def read(app: Flask, scheme_id: int) -> tuple[Any, list[dict[str, Any]]]:
    with app.app_context(), acting_as(SYSTEM):
        scheme = queries.get_scheme(db.session(), scheme_id)
        return queries.values_of(scheme) | {"state": scheme.state, "version": scheme.version}, queries.rows_of(scheme)


def hidden(client: FlaskClient, path: str) -> dict[str, str]:
    """The hidden fields of a page's forms."""
    html = client.get(path).get_data(as_text=True)
    found = re.findall(r'<input[^>]*type="hidden"[^>]*>', html)
    pairs = [(re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)) for tag in found]
    return {name.group(1): value.group(1) if value else "" for name, value in pairs if name} | {"base": "{}"}


def save(client: FlaskClient, scheme_id: int, typed: dict[str, str], **more: str) -> Any:
    path = f"/schemes/show/{scheme_id}"
    return client.post(f"/schemes/edit/{scheme_id}", data={**hidden(client, path), **typed, **more})


def fill(client: FlaskClient, app: Flask, scheme_id: int) -> None:
    """A draft with every field and two contents (the manual's walk)."""
    assert save(client, scheme_id, TYPED).status_code == 302
    one, two = number(app, "GN-B01"), number(app, "GN-B02")
    data = {"version": str(read(app, scheme_id)[0]["version"]), "item": [str(one), str(two)],
            f"quantity1_{one}": "12", f"quantity1_{two}": "12"}  # fmt: skip
    assert client.post(f"/schemes/contents/{scheme_id}", data=data).status_code == 302


@pytest.mark.req("M1.6.4", "M1.5.1")
def test_a_draft_takes_anything_and_keeps_what_was_typed(signed_in: SignedIn, app_db: Flask, begun: int) -> None:
    clerk = signed_in("dingcheng")
    assert save(clerk, begun, {"parking_count": "34"}).status_code == 302
    values, _rows = read(app_db, begun)
    assert values["parking_count"] == 34 and values["state"] == "draft"
    answer = save(clerk, begun, {"parking_count": "三十四", "filler_name": "陈某"})
    html = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "三十四" in html and "陈某" in html
    assert read(app_db, begun)[0]["parking_count"] == 34


@pytest.mark.req("M1.6.4", "N2.1")
def test_funds_by_line_are_typed_kept_and_shown(signed_in: SignedIn, app_db: Flask, begun: int) -> None:
    """资金来源 by line with 改造标准, 补助标准 and 保障措施 (湘建城〔2020〕44号 二(一))."""
    clerk = signed_in("dingcheng")
    more = {"standard": "屋面防水等级一级", "subsidy_standard": "每户1.5万元", "safeguards": "专班推进"}
    lines = {"funding_local": "120.5", "funding_residents": "3o"}
    refused = save(clerk, begun, {**TYPED, **more, **lines})
    html = refused.get_data(as_text=True)
    assert refused.status_code == 422 and 'value="3o"' in html and "120.5" in html and "专班推进" in html
    lines["funding_residents"] = "30"
    assert save(clerk, begun, {**TYPED, **more, **lines}).status_code == 302
    html = clerk.get(f"/schemes/show/{begun}").get_data(as_text=True)
    assert 'name="funding_local"' in html and 'value="120.50"' in html and "每户1.5万元" in html
    shown = signed_in("changde").get(f"/schemes/show/{begun}").get_data(as_text=True)
    table = shown.partition("资金来源(分项)")[2].partition("</table>")[0]
    assert [re.sub("<[^>]+>", " ", row).split() for row in re.findall("<tr>(.*?)</tr>", table)][1:] == [
        ["市县资金", "120.50"], ["居民出资", "30.00"], ["合计", "150.50"],
    ]  # fmt: skip
    assert "屋面防水等级一级" in shown and "专班推进" in shown
    assert save(clerk, begun, {"funding_local": "0", "funding_residents": ""}).status_code == 302
    assert "资金来源(分项)" not in signed_in("changde").get(f"/schemes/show/{begun}").get_data(as_text=True)


@pytest.mark.req("M1.6.4", "M1.4.4")
def test_two_people_at_once(signed_in: SignedIn, app_db: Flask, begun: int) -> None:
    clerk = signed_in("dingcheng")
    old = hidden(clerk, f"/schemes/show/{begun}")
    assert save(clerk, begun, {"parking_count": "5", "filler_name": "陈某"}).status_code == 302
    answer = clerk.post(f"/schemes/edit/{begun}", data={**old, "token": "", "parking_count": "6"})
    html = answer.get_data(as_text=True)
    assert answer.status_code == 409 and 'data-conflict="parking_count"' in html
    assert read(app_db, begun)[0]["parking_count"] == 5


@pytest.mark.req("R10", "M1.6.4", "R25")
def test_a_refused_submission_saves_the_draft_and_says_what_is_missing(
    signed_in: SignedIn, app_db: Flask, begun: int
) -> None:
    answer = save(signed_in("dingcheng"), begun, {"investment": "200"}, then="submit")
    html = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "请至少选择一项改造内容" in html and "缺少附件" in html
    values, _rows = read(app_db, begun)
    assert values["state"] == "draft" and values["investment"] == 200


@pytest.mark.req("M1.6.4.1", "M1.6.4.2", "M1.6.4.3", "R09")
def test_the_checklist(signed_in: SignedIn, app_db: Flask, begun: int) -> None:
    clerk, path = signed_in("dingcheng"), f"/schemes/contents/{begun}"
    page = clerk.get(path).get_data(as_text=True)
    assert page.count("data-words=") == 55 and "该内容只有一个单位" in page
    fill(clerk, app_db, begun)
    _values, rows = read(app_db, begun)
    assert [(r["content"], int(r["quantity1"])) for r in rows] == [("供水管网", 12), ("楼顶防水", 12)]
    pipes, roof = (r["item_id"] for r in rows)
    version = str(read(app_db, begun)[0]["version"])
    wrong = {"version": version, "item": [str(pipes)], f"quantity1_{pipes}": "3", f"quantity2_{pipes}": "7"}
    answer = clerk.post(path, data=wrong)
    assert answer.status_code == 422 and "没有第二单位" in answer.get_data(as_text=True)
    stale = clerk.post(path, data={**wrong, "version": "0"})
    assert stale.status_code == 409 and 'value="3"' in stale.get_data(as_text=True)
    edited = clerk.post(f"/schemes/item/{begun}/{rows[1]['id']}", data={"version": version, "quantity1": "15.5"})
    assert edited.status_code == 302
    version = str(read(app_db, begun)[0]["version"])
    assert clerk.post(f"/schemes/remove/{begun}", data={"version": version, "rowid": [rows[0]["id"]]}).status_code == 302
    _values, rows = read(app_db, begun)
    assert [(r["item_id"], str(r["quantity1"])) for r in rows] == [(roof, "15.50")]


@pytest.mark.req("M1.6.4.1")
def test_older_contents_stay_at_the_end_and_never_come_back(signed_in: SignedIn, app_db: Flask, begun: int) -> None:
    clerk, path = signed_in("dingcheng"), f"/schemes/contents/{begun}"
    old = number(app_db, "HN19-01", "hunan-2019")
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        from app.schemes.models import SchemeItem

        scheme = queries.get_scheme(session, begun)
        line = session.get(CatalogueItem, old)
        scheme.items.append(SchemeItem(county_code=scheme.county_code, catalogue_item_id=old, item=line, quantity1=3))
    html = clerk.get(path).get_data(as_text=True)
    assert html.rindex('class="oldver"') > html.rindex("提升类改造") and "房屋公共部分修缮" in html
    version = str(read(app_db, begun)[0]["version"])
    keep = {"version": version, "item": [str(old)], f"quantity1_{old}": "4"}
    assert clerk.post(path, data=keep).status_code == 302
    version = str(read(app_db, begun)[0]["version"])
    assert clerk.post(path, data={"version": version}).status_code == 302
    assert read(app_db, begun)[1] == []
    version = str(read(app_db, begun)[0]["version"])
    assert clerk.post(path, data={**keep, "version": version}).status_code == 422
    assert read(app_db, begun)[1] == []


@pytest.mark.req("G4", "M1.6.4.1")
def test_a_county_of_guizhou_meets_guizhous_list(signed_in: SignedIn, app_db: Flask) -> None:
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        made = services.ensure_scheme(session, make_reserve(session, "贵州储备项目", "520525")).id
    page = signed_in("nayong").get(f"/schemes/contents/{made}").get_data(as_text=True)
    assert page.count("data-words=") == 15 and "水、电、气、热管线改造" in page and "供水管网" not in page
    assert "维修破损道路、窨井、围墙" in page


@pytest.mark.req("N2.1", "R19", "R25")
@pytest.mark.usefixtures("filed")
def test_from_submission_to_publicity(signed_in: SignedIn, app_db: Flask, begun: int, client: FlaskClient) -> None:
    clerk, path = signed_in("dingcheng"), f"/schemes/show/{begun}"
    fill(clerk, app_db, begun)
    housing = signed_in("hunan_zj")
    assert housing.get(path).status_code == 404
    assert save(clerk, begun, TYPED, then="submit").status_code == 422
    assert save(clerk, begun, TYPED, then="submit", confirmed="1").status_code == 302
    assert read(app_db, begun)[0]["state"] == "in_review"
    assert "页面储备项目" in housing.get("/schemes/list/?waiting=1").get_data(as_text=True)
    assert clerk.post(f"/schemes/decide/{begun}", data={"outcome": "passed"}).status_code == 403
    assert housing.post(f"/schemes/decide/{begun}", data={"outcome": "returned", "reason": " "}).status_code == 302
    assert read(app_db, begun)[0]["state"] == "in_review"
    for reviewer in ("hunan_zj", "hunan_fgw", "hunan_czt"):
        signed_in(reviewer).post(f"/schemes/decide/{begun}", data={"outcome": "passed"})
    assert read(app_db, begun)[0]["state"] == "reviewed"
    city = signed_in("changde")
    city.post(f"/schemes/approve/{begun}", data={})
    assert read(app_db, begun)[0]["state"] == "reviewed"
    city.post(f"/schemes/approve/{begun}", data={"confirmed": "1"})
    assert read(app_db, begun)[0]["state"] == "approved"
    assert client.get(f"/public/schemes/{begun}").status_code == 404
    clerk.post(f"/schemes/publish/{begun}")
    assert read(app_db, begun)[0]["state"] == "published"
    page = client.get(f"/public/schemes/{begun}").get_data(as_text=True)
    assert "供水管网" in page and "页面储备项目" in page
    for private in ("陈某", "13800000000", "138****0000", "测试单位"):
        assert private not in page
    assert "页面储备项目" in client.get("/public/schemes/").get_data(as_text=True)
    assert client.get(f"/public/schemes/{begun}/qr.svg").data.startswith(b"<?xml")


@pytest.mark.req("N2.1")
def test_comments_arrive_in_the_countys_inbox(signed_in: SignedIn, app_db: Flask, begun: int, client: FlaskClient) -> None:
    publish(app_db, begun)
    page = client.get(f"/public/schemes/{begun}").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    typed = {"csrf_token": token.group(1), "text": "<b>请修好水管</b> 电话13912345678"}
    assert client.post(f"/public/schemes/{begun}/comment", data={**typed, "text": " "}).status_code == 422
    assert client.post(f"/public/schemes/{begun}/comment", data=typed).status_code == 302
    clerk = signed_in("dingcheng")
    inbox = clerk.get("/scheme-comments/list/").get_data(as_text=True)
    assert "请修好水管" in inbox and "<b>请修好" not in inbox
    assert "请修好水管" not in signed_in("hanshou").get("/scheme-comments/list/").get_data(as_text=True)
    number = max(re.findall(r"/scheme-comments/show/(\d+)", inbox), key=int)
    assert signed_in("hanshou").get(f"/scheme-comments/show/{number}").status_code == 404
    assert clerk.get(f"/scheme-comments/show/{number}").status_code == 200
    refused = clerk.post(f"/scheme-comments/handle/{number}", data={"version": "1", "state": "answered", "answer": ""})
    assert refused.status_code == 422
    done = clerk.post(f"/scheme-comments/handle/{number}", data={"version": "1", "state": "answered", "answer": "已列入"})
    assert done.status_code == 302
    shown = client.get(f"/public/schemes/{begun}").get_data(as_text=True)
    assert "已列入" in shown and "13912345678" not in shown and "&lt;b&gt;" in shown


def publish(app: Flask, scheme_id: int, days: int = 7) -> None:
    import datetime as dt

    from app.kernel.calendar import today

    with app.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        scheme = session.get(Scheme, scheme_id)
        scheme.state, scheme.published_on = "published", today() - dt.timedelta(days=1)
        scheme.published_until = today() + dt.timedelta(days=days)


@pytest.mark.req("N2.1")
def test_after_the_publicity_only_its_dates_remain(app_db: Flask, begun: int, client: FlaskClient) -> None:
    publish(app_db, begun, -1)
    page = client.get(f"/public/schemes/{begun}")
    html = page.get_data(as_text=True)
    assert page.status_code == 200 and "公示已结束" in html and 'name="text"' not in html
    token = re.search(r'name="csrf-token" content="([^"]+)"', html)
    assert token
    sent = {"csrf_token": token.group(1), "text": "晚了"}
    assert client.post(f"/public/schemes/{begun}/comment", data=sent).status_code == 404


@pytest.mark.req("M1.6.4.1", "N2.1")
def test_what_the_pages_cost(signed_in: SignedIn, app_db: Flask, begun: int, query_counter: Any) -> None:
    clerk = signed_in("dingcheng")
    fill(clerk, app_db, begun)
    for path, most in (
        ("/schemes/list/", 8), (f"/schemes/contents/{begun}", 12), (f"/schemes/show/{begun}", 16),
    ):  # fmt: skip
        clerk.get(path)
        with query_counter() as sql:
            assert clerk.get(path).status_code == 200
        asked = [s for s in sql if s.lstrip().upper().startswith(("SELECT", "WITH"))]
        assert len(asked) <= most, (path, len(asked), asked)

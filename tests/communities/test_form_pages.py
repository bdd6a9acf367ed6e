"""Adding, editing and showing a community over HTTP: nothing typed is lost, nothing is saved twice."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.communities import records
from tests.communities.records import TYPED


@pytest.fixture
def clerk(signed_in: Callable[[str], FlaskClient]) -> FlaskClient:
    return signed_in("dingcheng")


def scalar(client: FlaskClient, statement: str, **values: Any) -> Any:
    with client.application.app_context():
        return records.scalar(statement, **values)


def change(client: FlaskClient, statement: str, **values: Any) -> None:
    with client.application.app_context():
        records.change(statement, **values)


def _hidden(page: str) -> dict[str, str]:
    """Hidden fields of the form as the page carries them."""
    fields = re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", page)
    pairs = ((re.search(r'name="([^"]*)"', f), re.search(r'value="([^"]*)"', f)) for f in fields)
    return {name[1]: unescape(value[1]) if value else "" for name, value in pairs if name}


def _form(client: FlaskClient, address: str = "/communities/add") -> dict[str, str]:
    page = client.get(address).get_data(as_text=True)
    names = re.findall(r'<(?:input|select)[^>]*\bname="(\w+)"', page)
    kept = {key: _value(page, key) for key in TYPED if key in names}
    return {**kept, **_hidden(page)}


def _value(page: str, name: str) -> str:
    found = re.search(rf'<input[^>]*\bname="{name}"[^>]*>', page)
    if found:
        value = re.search(r'value="([^"]*)"', found[0])
        return unescape(value[1]) if value else ""
    select = re.search(rf'<select[^>]*\bname="{name}".*?</select>', page, re.DOTALL)
    chosen = re.search(r'<option selected value="([^"]*)"', select[0]) if select else None
    return chosen[1] if chosen else ""


def _add(client: FlaskClient, **changes: str) -> int:
    answer = client.post("/communities/add", data={**_form(client), **TYPED, **changes})
    assert answer.status_code == 302, answer.get_data(as_text=True)[:3000]
    return int(answer.location.rsplit("/", 1)[1])


@pytest.mark.req("M1.4.1")
def test_adding_with_full_width_digits(clerk: FlaskClient) -> None:
    page = clerk.get("/communities/add").get_data(as_text=True)
    assert "常德市" in page and "鼎城区" in page and "新增意向小区" in page
    number = _add(clerk, household_count="１４８", floor_area="１.３２４０")
    assert scalar(clerk, "SELECT household_count FROM community WHERE id=:i", i=number) == 148
    shown = clerk.get(f"/communities/show/{number}").get_data(as_text=True)
    assert "“兰苑新区”已保存" in shown and "已完善" in shown and "1998" in shown and "1.3240" in shown
    assert "138****0017" in shown and "13800000017" not in shown


@pytest.mark.req("M1.4.1")
def test_save_and_add_another(clerk: FlaskClient) -> None:
    answer = clerk.post("/communities/add", data={**_form(clerk), **TYPED, "then": "more"})
    assert answer.status_code == 302 and answer.location == "/communities/add"
    assert _form(clerk)["name"] == ""


@pytest.mark.req("M1.4.1", "R02")
def test_what_was_typed_stays_and_the_reason_stands_beside_it(clerk: FlaskClient) -> None:
    before = scalar(clerk, "SELECT count(*) FROM community")
    typed = {"household_count": "一百", "unit_without_elevator_count": "16", "supervisor_phone": "12345",
             "name": '兰苑<b>"新区"', "floor_area": "1.32401"}  # fmt: skip
    answer = clerk.post("/communities/add", data={**_form(clerk), **TYPED, **typed})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "尚未保存" in page
    assert {key: _value(page, key) for key in typed} == typed
    for sentence in ("须为整数", "不能大于单元数 14", "须为 11 位手机号", "小数"):
        assert sentence in page
    field = re.search(r'<input[^>]*name="household_count"[^>]*>', page)
    assert (
        field and 'aria-invalid="true"' in field[0] and 'aria-describedby="household_count-hint"' in field[0]
    )
    assert scalar(clerk, "SELECT count(*) FROM community") == before


@pytest.mark.req("M1.4.1", "R01", "R05")
def test_warnings_are_shown_before_saving_and_confirmed_by_saving_again(clerk: FlaskClient) -> None:
    typed = {**TYPED, "built_year": "2003", "name": "恒华茗苑住宅楼"}
    answer = clerk.post("/communities/add", data={**_form(clerk), **typed})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "适当纳入" in page and "疑似重复填报" in page
    twin = scalar(clerk, "SELECT id FROM community WHERE name='恒华茗苑住宅楼' AND county_code='430703'")
    assert f'href="/communities/show/{twin}"' in page
    again = clerk.post("/communities/add", data={**typed, **_hidden(page)})
    assert again.status_code == 302
    shown = clerk.get(again.location).get_data(as_text=True)
    assert "保存时已确认" in shown and "适当纳入" in shown
    other = {**typed, "built_year": "2004", "name": "名都花园", "building_count": "5", **_hidden(page)}
    refused = clerk.post("/communities/add", data={**other, "token": _form(clerk)["token"]})
    assert refused.status_code == 422, "what was confirmed was something else"


@pytest.mark.req("M1.4.1")
def test_the_same_form_sent_twice_makes_one_record(clerk: FlaskClient) -> None:
    data = {**_form(clerk), **TYPED}
    first, second = (clerk.post("/communities/add", data=data) for _ in range(2))
    assert first.location == second.location and first.status_code == second.status_code == 302
    assert scalar(clerk, "SELECT count(*) FROM community WHERE name='兰苑新区'") == 1


@pytest.mark.req("M1.4.1")
def test_the_token_is_unique_in_the_database(clerk: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both requests pass the first look: the second transaction fails whole and leads to the first's record."""
    from app.communities import form_views

    data, real = {**_form(clerk), **TYPED}, form_views.submissions.outcome
    first = clerk.post("/communities/add", data=data)
    seen: list[Any] = []

    def once(*args: Any) -> Any:
        seen.append(args)
        return None if len(seen) == 1 else real(*args)

    monkeypatch.setattr(form_views.submissions, "outcome", once)
    second = clerk.post(
        "/communities/add", data={**data, "name": "又一处", "building_count": "9", "lng": "", "lat": ""}
    )
    assert second.status_code == 302 and second.location == first.location
    assert scalar(clerk, "SELECT count(*) FROM community WHERE name='又一处'") == 0


@pytest.mark.req("M1.4.4")
def test_editing_keeps_masked_phones(clerk: FlaskClient) -> None:
    number = _add(clerk)
    form = _form(clerk, f"/communities/edit/{number}")
    assert form["supervisor_phone"] == "138****0017"
    assert (
        clerk.post(f"/communities/edit/{number}", data={**form, "household_count": "150"}).status_code == 302
    )
    assert scalar(clerk, "SELECT supervisor_phone FROM community WHERE id=:i", i=number) == "13800000017"
    form = _form(clerk, f"/communities/edit/{number}")
    clerk.post(f"/communities/edit/{number}", data={**form, "supervisor_phone": "13800000018"})
    assert scalar(clerk, "SELECT supervisor_phone FROM community WHERE id=:i", i=number) == "13800000018"
    form = _form(clerk, f"/communities/edit/{number}")
    answer = clerk.post(f"/communities/edit/{number}", data={**form, "supervisor_phone": "138****0099"})
    assert answer.status_code == 422


@pytest.mark.req("M1.4.4")
def test_the_second_writer_compares_and_loses_nothing(clerk: FlaskClient) -> None:
    number = _add(clerk)
    address = f"/communities/edit/{number}"
    mine, other = _form(clerk, address), _form(clerk, address)
    assert (
        clerk.post(address, data={**other, "household_count": "150", "address": "善卷路 10 号"}).status_code
        == 302
    )
    answer = clerk.post(address, data={**mine, "household_count": "160", "built_year": "1997"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409 and "鼎城区填报员改了 2 处" in page and "您的填写仍在" in page
    assert _value(page, "household_count") == "160" and _value(page, "built_year") == "1997"
    assert _value(page, "address") == "善卷路 10 号", "what I did not touch follows the record"
    assert page.count("data-conflict=") == 2 and "用现值" in page and "用我填的" in page
    sent = {
        **mine,
        "household_count": "160",
        "built_year": "1997",
        "address": "善卷路 10 号",
        **_hidden(page),
    }
    saved = clerk.post(address, data={**sent, "pick-household_count": "now", "pick-address": "now"})
    assert saved.status_code == 302
    row = [
        scalar(clerk, f"SELECT {key} FROM community WHERE id=:i", i=number)
        for key in ("household_count", "built_year")
    ]
    assert row == [150, 1997], "picked without a script"


@pytest.mark.req("M1.4.4")
def test_saving_again_with_what_i_typed(clerk: FlaskClient) -> None:
    number = _add(clerk)
    address = f"/communities/edit/{number}"
    mine, other = _form(clerk, address), _form(clerk, address)
    clerk.post(address, data={**other, "household_count": "150"})
    page = clerk.post(address, data={**mine, "household_count": "160"}).get_data(as_text=True)
    sent = {**mine, "household_count": "160", **_hidden(page), "pick-household_count": "mine"}
    assert clerk.post(address, data=sent).status_code == 302
    assert scalar(clerk, "SELECT household_count FROM community WHERE id=:i", i=number) == 160


@pytest.mark.req("M1.4.1")
def test_a_saved_form_leaves_no_draft(clerk: FlaskClient) -> None:
    form = _form(clerk)
    assert clerk.get("/drafts/community-new").status_code == 204
    body = {"key": "community-new", "values": {"name": "写了一半"}, "base": form["token"]}
    assert clerk.post("/drafts/community-new", json=body).get_json() == {"saved": True}
    assert clerk.get("/drafts/community-new").get_json()["values"] == {"name": "写了一半"}
    assert clerk.post("/communities/add", data={**form, **TYPED}).status_code == 302
    assert clerk.get("/drafts/community-new").status_code == 204
    late = clerk.post("/drafts/community-new", json=body)
    assert late.get_json()["saved"] is False, "an autosave that arrives after the save"
    assert clerk.get("/drafts/community-new").status_code == 204


@pytest.mark.req("R01", "R02", "R05")
def test_live_check(clerk: FlaskClient, query_counter: Callable[[], Any]) -> None:
    typed = {
        **TYPED,
        "built_year": "2003",
        "unit_without_elevator_count": "16",
        "lng": "111.683400",
        "lat": "29.013600",
    }
    clerk.post("/communities/check", data=typed)
    with query_counter() as sql:
        answer = clerk.post("/communities/check", data=typed).get_json()
    statements = [s for s in sql if "set_config" not in s]
    assert len(statements) <= 3, statements
    said = {(f["field"], f["level"]) for f in answer["findings"]}
    assert {("unit_without_elevator_count", "error"), ("built_year", "warning"), ("name", "warning")} <= said
    assert ("floor_area", "ok") in said and ("position", "ok") in said
    assert answer["confirm"] and answer["duplicates"][0]["url"].startswith("/communities/show/")


@pytest.mark.req("M1.4.4")
def test_live_check_of_a_record_knows_its_masks(clerk: FlaskClient) -> None:
    number = _add(clerk)
    form = _form(clerk, f"/communities/edit/{number}")
    answer = clerk.post(f"/communities/check?id={number}", data=form).get_json()
    assert answer["duplicates"] == [] and not [f for f in answer["findings"] if f["level"] == "error"]


@pytest.mark.req("M1.4")
def test_history_is_for_those_who_may_read_it(
    clerk: FlaskClient, signed_in: Callable[[str], FlaskClient]
) -> None:
    number = _add(clerk)
    clerk.post(
        f"/communities/edit/{number}",
        data={**_form(clerk, f"/communities/edit/{number}"), "address": "新址 1 号"},
    )
    for asked in ("tab=history", "before=", "part=history"):
        page = clerk.get(f"/communities/show/{number}?{asked}").get_data(as_text=True)
        assert "新址 1 号" in page and "<del>善卷路 9 号</del>" in page
    page = clerk.get(f"/communities/show/{number}").get_data(as_text=True)
    assert "修改记录" in page and "<del>" not in page, "the history is fetched when its tab is chosen"
    above = signed_in("hunan").get(f"/communities/show/{number}").get_data(as_text=True)
    assert "修改记录" in above and f"/communities/edit/{number}" not in above


@pytest.mark.req("M1.4")
def test_a_phone_is_revealed_on_record(clerk: FlaskClient) -> None:
    number = _add(clerk)
    address = f"/communities/reveal/{number}/supervisor_phone"
    assert clerk.get(address).status_code == 405
    answer = clerk.post(address, headers={"Accept": "application/json"})
    assert answer.get_json() == {"phone": "13800000017"}
    assert "13800000017" in clerk.post(address).get_data(as_text=True), "without a script the page shows it"
    seen = scalar(clerk, "SELECT count(*) FROM audit_event WHERE action='reveal' AND entity='Community' AND entity_id=:i",
                  i=str(number))  # fmt: skip
    assert seen == 2
    assert clerk.post(f"/communities/reveal/{number}/name").status_code == 404


@pytest.mark.req("M1.4.3", "M1.4.4")
def test_a_foreign_record_is_not_there(clerk: FlaskClient, signed_in: Callable[[str], FlaskClient]) -> None:
    number = _add(clerk)
    hanshou = signed_in("hanshou")
    for address in (f"/communities/show/{number}", f"/communities/edit/{number}", "/communities/show/0",
                    "/communities/show/abc", "/communities/edit/99999999999999999999"):  # fmt: skip
        assert hanshou.get(address).status_code == 404, address
    for address in (f"/communities/edit/{number}", f"/communities/delete/{number}",
                    f"/communities/reveal/{number}/supervisor_phone", f"/communities/check?id={number}"):  # fmt: skip
        answer = hanshou.post(address, data=TYPED)
        assert answer.status_code in (404, 200) and "13800000017" not in answer.get_data(as_text=True), (
            address
        )
    assert scalar(clerk, "SELECT deleted_at FROM community WHERE id=:i", i=number) is None


@pytest.mark.req("M1.4", "M1.4.1")
@pytest.mark.parametrize("username", ["changde", "hunan", "dingcheng_review"])
def test_readers_have_no_way_to_write(signed_in: Callable[[str], FlaskClient], username: str) -> None:
    reader = signed_in(username)
    number = scalar(reader, "SELECT min(id) FROM community WHERE county_code='430703'")
    assert reader.get(f"/communities/show/{number}").status_code == 200
    for method, address in (("get", "/communities/add"), ("post", "/communities/add"), ("get", f"/communities/edit/{number}"),
                            ("post", f"/communities/delete/{number}"), ("post", "/communities/action_post"),
                            ("get", "/communities/bin/list/"), ("post", "/communities/check")):  # fmt: skip
        answer = getattr(reader, method)(address)
        assert answer.status_code in (302, 403), (address, answer.status_code)
    assert scalar(reader, "SELECT count(*) FROM community WHERE deleted_at IS NOT NULL") == 0


@pytest.mark.req("M1.4.3")
def test_deleting_ticked_and_all_that_match(clerk: FlaskClient) -> None:
    number = _add(clerk)
    held = scalar(clerk, "SELECT min(id) FROM community WHERE county_code='430703'")
    change(
        clerk,
        "UPDATE community SET place_state='plan', place_year=2021, place_label='红云片区' WHERE id=:i",
        i=held,
    )
    page = clerk.post("/communities/action_post", data={"action": "delete", "rowid": [number, held]},
                      follow_redirects=True).get_data(as_text=True)  # fmt: skip
    assert "不能删除" in page and "红云片区" in page
    assert scalar(clerk, "SELECT count(*) FROM community WHERE deleted_at IS NOT NULL") == 0
    clerk.post("/communities/action_post", data={"action": "delete", "rowid": [number]})
    assert clerk.get(f"/communities/show/{number}").status_code == 404
    living = "SELECT count(*) FROM community WHERE county_code='430703' AND deleted_at IS NULL"
    free, linked = (scalar(clerk, f"{living} AND place_state {sign} 'free'") for sign in ("=", "<>"))
    page = clerk.post("/communities/action_post", data={"action": "delete", "all_matching": "1"},
                      follow_redirects=True).get_data(as_text=True)  # fmt: skip
    assert free > 0 < linked and f"{free} 个小区移入回收站" in page
    assert scalar(clerk, living) == linked
    assert (
        scalar(clerk, "SELECT count(*) FROM community WHERE county_code='430722' AND deleted_at IS NOT NULL")
        == 0
    )


@pytest.mark.req("M1.4.3")
def test_recycle_bin(clerk: FlaskClient, signed_in: Callable[[str], FlaskClient]) -> None:
    number = _add(clerk)
    clerk.post(f"/communities/delete/{number}")
    page = clerk.get("/communities/bin/list/").get_data(as_text=True)
    assert "兰苑新区" in page and "鼎城区填报员" in page and "保留 30 天" in page
    assert "兰苑新区" not in signed_in("hanshou").get("/communities/bin/list/").get_data(as_text=True)
    foreign = signed_in("hanshou").post(
        "/communities/bin/action_post", data={"action": "restore", "rowid": [number]}
    )
    assert foreign.status_code == 404
    page = clerk.post("/communities/bin/action_post", data={"action": "restore", "rowid": [number]},
                      follow_redirects=True).get_data(as_text=True)  # fmt: skip
    assert "已恢复 1 个小区" in page
    assert clerk.get(f"/communities/show/{number}").status_code == 200


@pytest.mark.req("M1.4", "M1.4.1")
@pytest.mark.parametrize(
    ("address", "most"),
    [
        ("/communities/show/{}", 2),
        ("/communities/show/{}?part=history", 3),
        ("/communities/show/{}?part=files", 4),
        ("/communities/edit/{}", 4),
        ("/communities/add", 3),
        ("/communities/bin/list/", 8),
    ],
)
def test_statements_of_the_pages(
    clerk: FlaskClient, query_counter: Callable[[], Any], address: str, most: int
) -> None:
    number = scalar(clerk, "SELECT min(id) FROM community WHERE county_code='430703'")
    clerk.get(address.format(number))
    with query_counter() as sql:
        answer = clerk.get(address.format(number))
    assert answer.status_code == 200 and len(answer.data) < 100_000
    assert len([s for s in sql if "set_config" not in s]) <= most, list(sql)


@pytest.mark.req("M1.4.1")
@pytest.mark.parametrize("token", ["", "x", "0" * 32, "'; DROP TABLE community"])
def test_odd_posts_are_answered(clerk: FlaskClient, token: str) -> None:
    odd = {
        **TYPED,
        "token": token,
        "base": "[1]",
        "version": "x",
        "confirmed": "\x00",
        "name": "甲\x00" * 100,
    }
    assert clerk.post("/communities/add", data=odd).status_code in (302, 422)
    number = scalar(clerk, "SELECT min(id) FROM community WHERE county_code='430703'")
    assert (
        clerk.post(f"/communities/edit/{number}", data={**odd, "name": "乙", "token": ""}).status_code == 409
    )
    assert clerk.post("/communities/action_post", data={"action": "drop"}).status_code == 404
    assert (
        clerk.post("/communities/action_post", data={"action": "delete", "rowid": "1 OR 1=1"}).status_code
        == 404
    )


def test_json_of_a_check_is_plain(clerk: FlaskClient) -> None:
    answer = clerk.post("/communities/check", data={"name": "<script>"})
    assert json.loads(answer.data)["findings"] == [] and answer.mimetype == "application/json"

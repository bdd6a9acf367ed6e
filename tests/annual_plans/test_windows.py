"""The province sets when counties may declare plan tasks of a year (M1.6.c)."""

from __future__ import annotations

import re
from typing import Any

import pytest

pytestmark = pytest.mark.req("M1.6.c")


def text(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def version(html: str) -> dict[str, str]:
    found = {name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', html) for name in ("version", "base")}
    return {name: match.group(1).replace("&#34;", '"') for name, match in found.items() if match}


def test_a_window_opens_the_declaration_for_its_counties(signed_in: Any) -> None:
    province, county = signed_in("hunan"), signed_in("dingcheng")
    assert "按省级默认" in text(province.get("/plans/windows/"))
    address = "/plans/windows/edit/2019"
    wrong = {"opens": "2026-12-31", "closes": "2026-01-01", **version(text(province.get(address)))}
    refused = province.post(address, data=wrong)
    assert refused.status_code == 422
    assert "申报截止不能早于申报开始" in text(refused)
    good = {**wrong, "opens": "2000-01-01", "closes": "2100-12-31", "county_may_add": "y", "note": "补报"}
    assert province.post(address, data=good).status_code == 302
    assert "补报" in text(province.get("/plans/windows/"))
    facts = {"name": "补报片区", "year": "2019", "supervision_unit": "单位"}
    assert county.post("/plans/add", data=facts).status_code == 302
    again = province.post(address, data=good)
    assert again.status_code == 409
    assert "他人已修改该申报窗口" in text(again)
    closed = {**good, **version(text(province.get(address))), "county_may_add": ""}
    del closed["county_may_add"]
    assert province.post(address, data=closed).status_code == 302
    late = county.post("/plans/add", data={**facts, "name": "再补报"})
    assert late.status_code == 422
    assert "由省、市导入，区县不能新增" in text(late)


def test_other_provinces_have_windows_of_their_own(signed_in: Any) -> None:
    guizhou, hunan = signed_in("guizhou"), signed_in("hunan")
    data = {"opens": "2027-02-01", "closes": "2027-02-02", "county_may_add": "y", "version": "0"}
    assert guizhou.post("/plans/windows/edit/2027", data=data).status_code == 302
    assert "2027-02-02" in text(guizhou.get("/plans/windows/"))
    assert "2027-02-02" not in text(hunan.get("/plans/windows/"))
    assert signed_in("changde").get("/plans/windows/").status_code == 403
    assert hunan.get("/plans/windows/edit/1066").status_code == 404


def test_a_window_is_closed_at_once(signed_in: Any) -> None:
    """Close now: one press, under the version that was seen; what was closed says since when."""
    province, county = signed_in("hunan"), signed_in("dingcheng")
    address = "/plans/windows/close/2018"
    facts = {"name": "关闭前", "year": "2018", "supervision_unit": "单位"}
    assert "立即关闭" not in text(province.get("/plans/windows/")).partition("2018")[2][:900]
    opened = {"opens": "2000-01-01", "closes": "2100-12-31", "county_may_add": "y", "version": "0"}
    assert province.post("/plans/windows/edit/2018", data=opened).status_code == 302
    assert county.post("/plans/add", data=facts).status_code == 302
    button = text(province.get("/plans/windows/")).partition(address)[2]
    assert "立即关闭" in button[:400]
    assert province.post(address, data={"version": "0"}).status_code == 302
    assert county.post("/plans/add", data={**facts, "name": "仍可新增"}).status_code == 302, "stale: still open"
    assert county.post(address, data=version(button)).status_code == 403
    assert province.post(address, data=version(button)).status_code == 302
    late = county.post("/plans/add", data={**facts, "name": "关闭后"})
    assert late.status_code == 422 and "2000-01-01" in text(late)
    again = province.post(address, data={"version": "2"}, follow_redirects=True)
    assert "该申报窗口未开放" in text(again)

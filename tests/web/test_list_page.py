"""The list page: search, filters, sorting, paging, columns, saved views, export — and nobody else's rows."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest

pytestmark = pytest.mark.req("M1.L", "M1.4", "D1")


def names(answer):
    assert answer.status_code == 200
    return re.findall(r'<td class="nm"><a href="/communities/show/\d+">([^<]+)</a>', answer.get_data(as_text=True))


def total(answer):
    return int(re.search(r'data-total="(\d+)"', answer.get_data(as_text=True)).group(1))


@pytest.fixture
def clerk(reader):
    return reader("dingcheng")


def test_the_list_shows_the_manuals_columns(clerk):
    html = clerk.get("/communities/list/").get_data(as_text=True)
    for word in ("小区名称", "建成时间", "楼栋数", "居民户数", "建筑面积", "计划投资", "修改", "查看", "辖区年份目录"):
        assert word in html
    assert "接待处宿舍" in html


@pytest.mark.parametrize("typed", ["接待", "接待处", "jdc", "待处宿", "JDCSS", " 接待 宿舍 ", "ｊｄｃ"])
def test_search_by_part_of_the_name_or_pinyin_initials(clerk, typed):
    assert "接待处宿舍" in names(clerk.get("/communities/list/", query_string={"q": typed}))


def test_search_verifies_words_longer_than_two_signs(clerk):
    assert names(clerk.get("/communities/list/", query_string={"q": "接待宿舍处"})) == []


def test_a_single_sign_is_found_too(clerk):
    found = names(clerk.get("/communities/list/?q=接&size=100"))
    assert "接待处宿舍" in found
    assert all("接" in name or "j" for name in found)


def test_filters_narrow_and_stand_in_the_address(clerk):
    every = total(clerk.get("/communities/list/"))
    late = clerk.get("/communities/list/?built_from=2001&built_to=2005&size=100")
    assert 0 < total(late) < every
    todo = clerk.get("/communities/list/?todo=1")
    assert total(todo) == todo.get_data(as_text=True).count("tag-warn")
    assert 'name="built_from" inputmode="numeric" value="2001"' in late.get_data(as_text=True)


def test_the_tree_counts_agree_with_the_lists_behind_it(clerk):
    html = clerk.get("/communities/list/").get_data(as_text=True)
    links = re.findall(r'<a href="(/communities/list/\?town=[^"]+)"[^>]*>.*?<span class="c">([\d,]+)</span>', html)
    assert len(links) >= 4
    for href, count in links:
        assert total(clerk.get(href.replace("&amp;", "&"))) == int(count.replace(",", ""))


def test_sorting_both_ways_by_declared_columns_only(clerk):
    up = names(clerk.get("/communities/list/?sort=household_count&size=100"))
    down = names(clerk.get("/communities/list/?sort=-household_count&size=100"))
    assert up != down
    assert set(up) == set(down)
    plain = names(clerk.get("/communities/list/?size=100"))
    assert names(clerk.get("/communities/list/?sort=search_grams&size=100")) == plain


def test_pages_hold_every_row_once(clerk):
    every = names(clerk.get("/communities/list/?size=100"))
    paged = [name for page in range(1, 6) for name in names(clerk.get(f"/communities/list/?size=20&page={page}"))]
    assert paged[: len(every)] == every or sorted(set(paged)) == sorted(set(every))
    assert names(clerk.get("/communities/list/?size=20&page=999")) == names(clerk.get("/communities/list/?size=20&page=4"))


@pytest.mark.parametrize(
    "query",
    ["page=abc", "page=-1", "page=99999999999999999999", "size=1000000", "size=abc", "sort=password", "sort=--x",
     "built_from=abc", "built_to=１９９９", "town=%27%20OR%201=1", "region=%00", "q=%00", "q=%25%5F%22", "q=%22%20OR%20%22",
     "year=20x1", "state=x", "place_kind=x", "q=" + "长" * 500, "_flt_0_name=x", "_oc_CommunityView=password"],
)  # fmt: skip
def test_what_cannot_be_read_is_ignored(clerk, query):
    assert clerk.get(f"/communities/list/?{query}").status_code == 200


def test_a_neighbour_sees_none_of_it_by_any_argument(reader):
    neighbour = reader("hanshou")
    for query in ("", "?q=接待", "?q=jdcss", "?region=430703", "?town=430703001", "?state=free&size=100"):
        answer = neighbour.get(f"/communities/list/{query}")
        assert "接待处宿舍" not in answer.get_data(as_text=True)
    assert total(neighbour.get("/communities/list/?region=430703")) == 0
    assert neighbour.get("/communities/count/?q=接待").json["total"] == 0


def test_city_and_province_see_their_counties(reader):
    city, province = reader("changde"), reader("hunan")
    assert total(city.get("/communities/list/")) < total(province.get("/communities/list/"))
    assert total(province.get("/communities/list/?region=4307")) == total(city.get("/communities/list/"))
    assert "接待处宿舍" in names(province.get("/communities/list/?q=jdcss"))
    assert names(reader("guizhou").get("/communities/list/?q=jdcss")) == []


# ── preferences ──
def test_columns_page_size_and_views_are_remembered(signed_in):
    clerk = signed_in("dingcheng")
    saved = clerk.post(
        "/communities/preferences/",
        json={"columns": ["name", "address", "nonsense"], "size": 50, "add_view": {"name": "待列入", "query": "state=free&x=1"}},
    )
    assert saved.status_code == 200
    assert saved.json["columns"] == ["name", "address"]
    html = clerk.get("/communities/list/").get_data(as_text=True)
    assert "小区详细地址" in html or "详细地址" in html
    assert "待列入" in html
    assert '<option value="/communities/list/?size=50" selected>50</option>' in html
    dropped = clerk.post("/communities/preferences/", json={"drop_view": "待列入"})
    assert dropped.json["views"] == []


@pytest.mark.parametrize("body", [[], "x", {"size": 7, "columns": "name", "add_view": []}])
def test_bad_preferences_change_nothing(signed_in, body):
    clerk = signed_in("dingcheng")
    before = names(clerk.get("/communities/list/"))
    clerk.post("/communities/preferences/", json=body)
    assert names(clerk.get("/communities/list/")) == before


# ── export ──
def workbook(answer):
    assert answer.status_code == 200, answer.get_data(as_text=True)[:300]
    data = answer.data
    answer.close()
    return list(openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows(values_only=True))


@pytest.mark.req("D4")
def test_export_gives_the_chosen_columns_of_everything_that_matches(clerk):
    listed = names(clerk.get("/communities/list/?state=free&size=100"))
    rows = workbook(
        clerk.post("/communities/export/?state=free", data={"range": "all", "columns": ["name", "built_year", "floor_area"]})
    )
    assert rows[0] == ("小区名称", "小区建成时间(年)", "建筑面积(万㎡)")
    assert [row[0] for row in rows[1:]] == listed
    assert isinstance(rows[1][1], int)


@pytest.mark.req("D4")
def test_export_of_ticked_rows_and_never_of_a_neighbours(clerk, reader):
    ids = re.findall(r'data-row="(\d+)"', clerk.get("/communities/list/").get_data(as_text=True))[:3]
    rows = workbook(clerk.post("/communities/export/", data={"range": "picked", "rowid": ids, "columns": ["name"]}))
    assert len(rows) == 4
    rows = workbook(
        reader("hanshou").post("/communities/export/", data={"range": "picked", "rowid": ids, "columns": ["name"]})
    )
    assert len(rows) == 1


@pytest.mark.req("D4")
def test_phones_are_masked_in_exports(clerk):
    rows = workbook(clerk.post("/communities/export/", data={"range": "all", "columns": ["supervisor_phone"]}))
    phones = [row[0] for row in rows[1:] if row[0]]
    assert phones
    assert all("****" in phone for phone in phones)


def test_a_forged_export_is_refused(signed_in):
    clerk = signed_in("dingcheng")
    assert clerk.post("/communities/export/", data={"range": "picked", "rowid": ["x"]}).status_code == 400
    del clerk.environ_base["HTTP_X_CSRFTOKEN"]
    assert clerk.post("/communities/export/", data={"range": "all"}).status_code == 400

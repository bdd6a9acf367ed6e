"""Clean-up, strict numbers, names, search tokens and phones."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.text import (
    BadInput,
    as_finding,
    fold_width,
    grams,
    is_one_gram,
    mask_phone,
    normalise_input,
    normalise_phone,
    normalised_name,
    parse_int,
    parse_phone,
    parse_year,
    pinyin_initials,
    query_grams,
    valid_phone,
)


@pytest.mark.req("M1.4.1")
@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (None, ""),
        ("  恒华　茗苑 ", "恒华 茗苑"),
        ("Ａ区１２栋", "A区12栋"),
        ("供水，道路（一期）", "供水，道路（一期）"),
        ("司法\u200b局\x00院落\ufeff", "司法局院落"),
        ("一\n二\t三", "一 二 三"),
        (12.0, "12"),
        (1.5, "1.5"),
    ],
)
def test_input_is_stored_clean_and_chinese_signs_stay(raw: object, clean: str) -> None:
    assert normalise_input(raw) == clean


def test_line_breaks_survive_only_where_wanted() -> None:
    assert normalise_input(" 一 \r\n\n 二  三 ", multiline=True) == "一\n\n二 三"


@given(st.text())
def test_clean_text_stays_clean(text: str) -> None:
    once = normalise_input(text)
    assert normalise_input(once) == once
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 for c in once)


@pytest.mark.req("R02", "M1.4.2")
@pytest.mark.parametrize(
    ("raw", "value"),
    [(None, None), (" ", None), ("１２", 12), ("1,234", 1234), (12.0, 12), (0, 0), ("+7", 7)],
)
def test_whole_numbers_are_read(raw: object, value: int | None) -> None:
    assert parse_int(raw) == value


@pytest.mark.req("R02", "M1.4.2")
@pytest.mark.parametrize(
    "raw",
    ["98户", "1.5", "12.0", "1e3", "1,23", "٣", True, 1.5, float("nan"), float("inf"), "1 2", [], "9" * 99],
)
def test_what_is_no_whole_number_is_refused(raw: object) -> None:
    with pytest.raises(BadInput) as caught:
        parse_int(raw)
    assert caught.value.message.msgid == "Must be a whole number."


@pytest.mark.req("R02")
def test_the_range_of_a_whole_number_is_named() -> None:
    with pytest.raises(BadInput, match="less than 0"):
        parse_int("-1")
    with pytest.raises(BadInput, match="more than 9999999"):
        parse_int(10_000_000)
    with pytest.raises(BadInput) as caught:
        parse_int("x")
    found = as_finding(caught.value, "unit_count")
    assert (found.rule, found.level, found.field) == ("R02", "error", "unit_count")


@pytest.mark.req("R01", "M1.4.2")
@pytest.mark.parametrize("raw", [1995, 1995.0, "1995", "1995年", " １９９５ 年", dt.date(1995, 6, 1)])
def test_years_are_read(raw: object) -> None:
    assert parse_year(raw) == 1995


@pytest.mark.req("R01", "M1.4.2")
@pytest.mark.parametrize(
    "raw",
    ["95年", "1990年代", "199", 95, 1995.5, True, "0000", "1899", dt.date(2101, 1, 1), float("nan"), 10**30],
)
def test_what_is_no_year_is_refused(raw: object) -> None:
    with pytest.raises(BadInput, match="four-digit"):
        parse_year(raw)


@pytest.mark.req("R05")
@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("恒华茗苑住宅楼", "恒华茗苑"),
        ("恒华 茗苑（小区）", "恒华茗苑"),
        ("司法局院落", "司法局"),
        ("水利局职工宿舍区", "水利局"),
        ("市人民医院", "市人民医院"),
        ("小区", "小区"),
        ("德海花园小区一期", "德海花园小区一期"),
        ("Ａ区", "a区"),
    ],
)
def test_names_that_differ_in_dressing_only_are_equal(name: str, short: str) -> None:
    assert normalised_name(name) == short


@pytest.mark.req("M1.L")
@pytest.mark.parametrize(
    ("name", "initials"),
    [("恒华茗苑A区", "hhmyaq"), ("重庆路（长沙）12栋", "cqlcs12d"), ("", ""), ("银行宿舍", "yhss")],
)
def test_pinyin_initials(name: str, initials: str) -> None:
    assert pinyin_initials(name) == initials


@pytest.mark.req("M1.L")
@given(st.text(alphabet="重庆长沙银行水利局宿舍单位车站路会计石中一不地大", max_size=8))
def test_initials_of_the_fast_table_are_letters_one_a_character(name: str) -> None:
    initials = pinyin_initials(name)
    assert len(initials) == len(name)
    assert initials.isalpha() or not name


@pytest.mark.req("M1.L")
def test_search_tokens_of_a_row() -> None:
    assert grams("恒华 茗苑", "hhmy", "430703").split() == [
        "43恒华", "43华茗", "43茗苑", "43hh", "43hm", "43my", "43hhm", "43hmy", "c430703", "y4307",
    ]
    assert grams("苑", "y", "430700").split() == ["43苑", "43y", "y4307"]
    assert grams("", "", "520000") == ""


@pytest.mark.req("M1.L")
def test_search_tokens_of_a_query() -> None:
    assert query_grams(" 恒华茗 HM hmyq ") == ("恒华", "华茗", "hm", "hmy", "myq")
    assert query_grams("华") == ()
    assert query_grams("\x00%'\"*") == ()
    assert len(query_grams("".join(chr(0x4E00 + i) for i in range(100)))) == 32


@pytest.mark.req("M1.L")
def test_what_the_index_alone_decides() -> None:
    assert [word for word in ("华", "恒华", "恒华茗", "h", "hm", "hmy", "hmyq", "a区", "华-", "３号") if is_one_gram(word)] == [
        "恒华", "hm", "hmy", "a区", "３号",
    ]


@pytest.mark.req("M1.L")
@given(st.text(alphabet="恒华茗苑住宅楼(A1b9）（）-", min_size=2, max_size=12), st.data())
def test_every_part_of_a_name_finds_it(name: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(name) - 2))
    part = name[start : data.draw(st.integers(start + 2, len(name)))]
    row = grams(name, pinyin_initials(name), "430703").split()
    assert {"43" + token for token in query_grams(part)} <= set(row)


@pytest.mark.req("M1.4.1")
@pytest.mark.parametrize(
    ("raw", "stored", "shown"),
    [
        ("138 0000 0000", "13800000000", "138****0000"),
        ("+86-13800000000", "13800000000", "138****0000"),
        ("(0736)7300012", "0736-7300012", "0736-73****12"),
        ("０１０-１２３４５６７８", "010-12345678", "010-12****78"),
        ("0736-7300012转12", "0736-7300012-12", "0736-73****12"),
        (13800000000.0, "13800000000", "138****0000"),
    ],
)
def test_phones_are_stored_one_way_and_shown_masked(raw: object, stored: str, shown: str) -> None:
    assert normalise_phone(raw) == stored
    assert valid_phone(raw)
    assert parse_phone(raw) == stored
    assert mask_phone(raw) == shown


@pytest.mark.req("M1.4.1")
@pytest.mark.parametrize("raw", ["12345", "1380000000", "23800000000", "0736-73", "电话", "138000000001"])
def test_what_is_no_phone_is_refused_and_still_masked(raw: str) -> None:
    with pytest.raises(BadInput, match="11-digit"):
        parse_phone(raw)
    assert raw not in mask_phone(raw)
    assert mask_phone(raw).startswith("****")


def test_no_phone_is_no_error() -> None:
    assert (parse_phone(None), mask_phone("")) == ("", "")
    assert fold_width("（１，２）") == "(1,2)"

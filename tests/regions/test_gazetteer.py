"""Offline place search: exact name, likeness, town, county seat."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.text import normalise_input
from app.regions.gazetteer import Entry, search

CODE = "430703"
ENTRIES = [
    Entry("鼎城区", "county", 111.68, 29.02, CODE),
    Entry("玉霞街道", "town", 111.685, 29.015, CODE, pinyin="yuxia"),
    Entry("蔡家岗镇", "town", 111.60, 29.20, CODE, pinyin="caijiagang"),
    Entry("临沅路456号", "address", 111.683204, 29.013572, CODE, "玉霞街道"),
    Entry("临沅路12号", "address", 111.6801, 29.0120, CODE, "玉霞街道"),
    Entry("恒华茗苑住宅楼", "place", 111.6835, 29.0138, CODE, "玉霞街道"),
    Entry("司法局院落", "place", 111.69, 29.02, CODE, "玉霞街道"),
    Entry("玉霞街道", "town", 112.0, 29.5, "430702"),
]


def names(query: str, **more: object) -> list[tuple[str, str]]:
    return [(h.entry.name, h.match) for h in search(query, ENTRIES, county_code=CODE, **more)]  # type: ignore[arg-type]


@pytest.mark.req("M1.4.1g")
def test_the_exact_address_comes_first_then_the_road_then_the_seat() -> None:
    assert names("临沅路 456 号") == [("临沅路456号", "exact"), ("临沅路12号", "road"), ("鼎城区", "seat")]
    assert names("湖南省常德市临沅路４５６号")[0] == ("临沅路456号", "exact")


@pytest.mark.req("M1.4.1g")
@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("恒华茗苑小区", ("恒华茗苑住宅楼", "exact")),
        ("恒华", ("恒华茗苑住宅楼", "prefix")),
        ("茗苑", ("恒华茗苑住宅楼", "part")),
        ("hhmy", ("恒华茗苑住宅楼", "pinyin")),
        ("HHMY", ("恒华茗苑住宅楼", "pinyin")),
        ("caijia", ("蔡家岗镇", "pinyin")),
        ("蔡家岗", ("蔡家岗镇", "exact")),
        ("蔡家岗镇新街5号", ("蔡家岗镇", "town")),
        ("玉霞街道临沅路99号", ("临沅路12号", "road")),
        ("没有这个地方", ("鼎城区", "seat")),
    ],
)
def test_the_likeliest_place_is_first(query: str, first: tuple[str, str]) -> None:
    assert names(query)[0] == first


@pytest.mark.req("M1.4.1g")
def test_equals_are_ordered_by_distance_and_told_it() -> None:
    twins = [Entry("幸福巷", "place", 111.7, 29.0, CODE), Entry("幸福巷", "place", 111.68, 29.0, CODE)]
    hits = search("幸福巷", twins, origin=(111.681, 29.0))
    assert [hit.entry.lng for hit in hits] == [111.68, 111.7]
    assert hits[0].metres == pytest.approx(97, abs=1)
    assert search("幸福巷", twins)[0].metres is None


@pytest.mark.req("M1.4.1g")
def test_other_counties_stay_out_and_doubles_are_shown_once() -> None:
    here = search("玉霞街道", ENTRIES, county_code=CODE)
    assert [hit.entry.county_code for hit in here if hit.match == "exact"] == [CODE]
    assert len(search("玉霞街道", ENTRIES)) == 2
    assert len(search("司法局院落", [ENTRIES[6]] * 5)) == 1
    assert len(names("临沅路", limit=1)) == 1


@pytest.mark.req("M1.4.1g")
def test_the_exact_name_goes_before_what_begins_or_contains_it() -> None:
    lanes = [Entry(name, "place", 111.7, 29.0, CODE) for name in ("新幸福里", "幸福里弄", "幸福里")]
    assert [hit.match for hit in search("幸福里", lanes)] == ["exact", "prefix", "part"]


@given(st.text(max_size=30))
def test_any_query_is_answered(query: str) -> None:
    hits = search(query, ENTRIES, county_code=CODE, limit=3)
    assert len(hits) <= 3
    typed = normalise_input(query)
    assert bool(hits) == bool(typed)  # the county's seat at least

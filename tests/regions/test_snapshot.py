"""Look-ups of the region snapshot, on the real regions."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app.kernel.scope import Scope
from app.regions.queries import load_snapshot
from app.regions.snapshot import Snapshot, UnknownRegion


@pytest.fixture
def snapshot(session: Session) -> Snapshot:
    return load_snapshot(session, 7)


def test_names_paths_and_prefixes(snapshot: Snapshot) -> None:
    assert snapshot.name("430703") == "鼎城区"
    assert snapshot.path("430703") == "常德市 · 鼎城区"
    assert snapshot.path("430700") == "常德市"
    assert snapshot.path("430000") == "湖南省"
    assert snapshot.path("43070391") == "常德市 · 鼎城区 · 常德市西洞庭管理区"
    assert [snapshot.prefix(c) for c in ("430000", "430700", "430703")] == ["43", "4307", "430703"]
    assert snapshot.region("4307").code == "430700"


def test_withdrawn_codes_lead_to_the_present_region(snapshot: Snapshot) -> None:
    assert snapshot.name("431121") == "祁阳市"
    assert snapshot.path("520522") == "毕节市 · 黔西市"
    assert snapshot.county_of("520221").code == "520204"


def test_unknown_codes(snapshot: Snapshot) -> None:
    assert snapshot.name("999999") == "999999" and snapshot.path(None) == ""
    assert snapshot.find("") is None
    with pytest.raises(UnknownRegion):
        snapshot.region("440000")
    with pytest.raises(UnknownRegion):
        snapshot.profile("440000")


def test_tree(snapshot: Snapshot) -> None:
    assert [r.code for r in snapshot.provinces()] == ["430000", "520000"]
    assert len(snapshot.children("430000")) == 14
    assert [r.short_name for r in snapshot.children("430700")][:2] == ["武陵", "鼎城"]
    assert snapshot.children("430703") == ()
    assert [z.name for z in snapshot.zones("430703")] == ["常德市西洞庭管理区"]
    assert len(snapshot.counties()) == 210 and len(snapshot.counties("4307")) == 9
    assert snapshot.city_of("430703").name == "常德市" and snapshot.city_of("430000") is None
    assert snapshot.county_of("430700") is None
    assert snapshot.province_of("520525").name == "贵州省"


@pytest.mark.parametrize(
    ("scope", "count"),
    [
        (Scope.nothing(), 0),
        (Scope.region("430703"), 1),
        (Scope.region("430700"), 9),
        (Scope.everything(), 210),
    ],
)
def test_counties_in_scope(snapshot: Snapshot, scope: Scope, count: int) -> None:
    assert len(snapshot.in_scope(scope)) == count


def test_a_zone_is_inside_the_scope_of_its_county(snapshot: Snapshot) -> None:
    low, high = Scope.region("430703").bounds
    assert low <= "43070391" < high
    assert Scope.region("430703").covers("43070391")
    assert not Scope.region("43070391").covers("430703")


@pytest.mark.req("M1.4.2")
def test_county_by_the_names_of_an_imported_row(snapshot: Snapshot) -> None:
    assert snapshot.county_named("常德市", "鼎城区") == "430703"
    assert snapshot.county_named(" 常德 ", "鼎城") == "430703"
    assert snapshot.county_named("长沙市", "鼎城区") is None
    assert snapshot.county_named("", "鼎城区") == "430703"


def test_search_by_name_pinyin_and_initials(snapshot: Snapshot) -> None:
    assert snapshot.search("鼎城")[0].code == "430703"
    assert "430703" in [r.code for r in snapshot.search("dingch")]
    assert "430703" in [r.code for r in snapshot.search("dc")]
    assert snapshot.search("  ") == []


@pytest.mark.req("G4")
def test_profile_of_a_county(snapshot: Snapshot) -> None:
    hunan, guizhou = snapshot.profile("430703"), snapshot.profile("520525")
    assert hunan.title.startswith("湖南") and guizhou.title.startswith("贵州")
    assert hunan.milestone("livelihood", "start_rate")["month"] == 10
    assert hunan.milestone("pilot", "start_rate") is None
    assert guizhou.milestone("livelihood", "finish_rate")["month"] == 12
    assert sum(hunan.ranking_weights().values()) == 1


def test_towns_and_code_tables(snapshot: Snapshot) -> None:
    names = [t.name for t in snapshot.towns("430703")]
    assert "玉霞街道" in names and "祝丰镇" in names
    assert [t.name for t in snapshot.towns("43070391")] == ["龙泉街道", "金凤街道", "祝丰镇"]
    assert snapshot.code_label("department_kind", "housing") == "住建"
    assert snapshot.code_label("department_kind", "gone") == "gone"
    assert snapshot.code_choices("department_kind")[0] == ("housing", "住建")

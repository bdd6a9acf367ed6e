"""Photos and figures judged without a database (R12, R13, R20)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.evidence import rules
from app.evidence.rules import Doubt, Shot, Site, Use

pytestmark = pytest.mark.req("R20", "N3.3a")
UPLOADED = dt.datetime(2026, 6, 15, 4, tzinfo=dt.UTC)
HASHES = st.integers(0, 2**64 - 1)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{text}+08:00")


@settings(deadline=None)
@given(HASHES, st.sets(st.integers(0, 63), max_size=rules.NEAR))
def test_no_near_picture_escapes_the_bands(number: int, flips: set[int]) -> None:
    """Pigeonhole: whatever few bits differ, one band is a neighbour."""
    other = number
    for bit in flips:
        other ^= 1 << bit
    one, two = (rules.number_of(f"{value:016x}") for value in (number, other))
    assert rules.distance(one, two) == len(flips)
    bands = zip(rules.bands_of(one), rules.bands_of(two), strict=True)
    assert any(theirs in rules.neighbours(mine) for mine, theirs in bands)


@settings(deadline=None)
@given(HASHES)
def test_the_stored_number_is_the_hash(number: int) -> None:
    signed = rules.number_of(f"{number:016x}")
    assert -(2**63) <= signed < 2**63 and signed % 2**64 == number
    assert (
        sum(band << shift for band, shift in zip(rules.bands_of(signed), (48, 32, 16, 0), strict=True))
        == number
    )


@pytest.mark.parametrize(("bits", "says"), [(0, False), (1, False), (-1, False), (0x00000000FFFFFFFF, True)])
def test_a_blank_picture_says_nothing(bits: int, says: bool) -> None:
    assert rules.comparable(bits) is says


@pytest.mark.parametrize(
    ("taken", "purpose", "kind"),
    [
        ("2026-06-16T12:00", "photo_during", None),
        ("2026-06-18T12:00", "photo_before", "impossible_time"),
        ("2010-01-01T08:00", "photo_before", "impossible_time"),
        ("2004-05-05T08:00", "photo_before", "impossible_time"),
        ("2026-02-28T23:59", "photo_during", "before_start"),
        ("2026-02-28T23:59", "photo_after", "before_start"),
        ("2026-02-28T23:59", "photo_before", None),
        ("2026-03-01T00:00", "photo_during", None),
    ],
)
def test_times(taken: str, purpose: str, kind: str | None) -> None:
    found = rules.judge_time(Shot(purpose, UPLOADED, at(taken)), Site(started_on=dt.date(2026, 3, 1)))
    assert [doubt.kind for doubt in found] == ([kind] if kind else [])


def test_nothing_is_said_of_a_photo_without_time_and_place() -> None:
    shot, site = Shot("photo_during", UPLOADED), Site([(Decimal("111.7"), Decimal("29.0"))], dt.date(2026, 3, 1))
    assert rules.judge_time(shot, site) == rules.judge_place(shot, site, None) == []


@pytest.mark.parametrize(("north", "far"), [("0.0044", False), ("0.0046", True)])
def test_five_hundred_metres_to_the_nearest_community(north: str, far: bool) -> None:
    points = [(Decimal("111.5"), Decimal("28.5")), (Decimal("111.7"), Decimal("29.0"))]
    shot = Shot("photo_during", UPLOADED, lng=Decimal("111.7"), lat=Decimal("29.0") + Decimal(north))
    assert bool(rules.judge_place(shot, Site(points), 0.0)) is far


def test_outside_the_county_is_said_with_its_distance() -> None:
    shot = Shot("photo_during", UPLOADED, lng=Decimal("112"), lat=Decimal("29"))
    assert rules.judge_place(shot, Site(), 3.256) == [Doubt("outside", {"km": "3.26"})]
    assert rules.judge_place(shot, Site(), 0.001) == [Doubt("outside", {"km": "0.01"})]


@pytest.mark.parametrize(
    ("other", "doubtful"),
    [
        (Use(2, "7:1", "photo_during"), False),
        (Use(2, "7:1", "photo_before"), True),
        (Use(2, "7:2", "photo_during"), True),
        (Use(2, "8:1", "photo_during"), True),
        (Use(1, "8:1", "photo_during"), False),
    ],
)
def test_what_pairs_contradict_each_other(other: Use, doubtful: bool) -> None:
    assert rules.doubtful_pair(Use(1, "7:1", "photo_during"), other) is doubtful


@pytest.mark.req("R12", "R13")
def test_figures_that_fall_and_confirmed_warnings() -> None:
    inner = {"msgid": "%(n)s days", "values": {"n": "3"}}
    warnings = [
        {"rule": "R13", "field": None, "message": {"msgid": "Rises by %(share)s.", "values": {"share": "60%"}}},
        {"rule": "R12", "field": "x", "message": {"msgid": "Falls after %(when)s.", "values": {"when": inner}}},
        {"rule": "R20", "field": None, "message": {"msgid": "Photos.", "values": {}}},
    ]
    found = rules.judge_figures(warnings)
    assert [doubt.kind for doubt in found] == ["figures_odd", "figures_fall"]
    assert [str(rules.sentence(doubt.kind, doubt.values)) for doubt in found] == ["Rises by 60%.", "Falls after 3 days."]


def test_every_kind_has_a_sentence() -> None:
    for kind in rules.KINDS:
        assert str(rules.sentence(kind, {"message": {"msgid": "x"}}))


def test_a_reason_is_more_than_a_letter() -> None:
    assert rules.check_reason("  照片  相同 ") == "照片 相同" and rules.check_reason(" x ") == ""

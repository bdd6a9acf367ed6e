"""The seed files are whole, and loading them twice changes nothing and overwrites nobody's edits."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.regions import queries, seed
from app.regions.models import (
    CodeItem,
    Department,
    ProvinceProfile,
    Region,
    RegionAlias,
    Town,
)
from app.regions.rules import Profile, check_profile


def counts(session: Session) -> dict[str, int]:
    models = (Region, Town, RegionAlias, Department, ProvinceProfile, CodeItem)
    return {
        m.__tablename__: session.scalar(select(func.count()).select_from(m.__table__)) or 0 for m in models
    }


@pytest.mark.req("G4")
def test_seed_holds_both_provinces(session: Session) -> None:
    levels = dict(
        session.execute(
            select(Region.level, func.count()).where(Region.kind == "normal").group_by(Region.level)
        ).all()
    )
    assert levels == {"province": 2, "city": 23, "county": 210}
    assert counts(session)["town"] == 3518
    assert session.get(RegionAlias, "431121").code == "431181"


def test_loading_again_changes_nothing(session: Session) -> None:
    before = counts(session)
    done = seed.load_all(session)
    session.expire_all()
    assert counts(session) == before
    assert done["regions"] == 235 and done["zones"] == 12


def test_loading_again_keeps_edits_and_renews_official_names(session: Session) -> None:
    profile = session.get(ProvinceProfile, "430000")
    profile.warn_days = 60
    region = session.get(Region, "430703")
    region.active, region.name = False, "旧名"
    session.flush()
    seed.load_all(session)
    session.expire_all()
    assert session.get(ProvinceProfile, "430000").warn_days == 60
    assert session.get(Region, "430703").active is False
    assert session.get(Region, "430703").name == "鼎城区"


def test_every_zone_lies_in_its_county(session: Session) -> None:
    zones = session.scalars(select(Region).where(Region.kind == "functional").order_by(Region.code)).all()
    assert len(zones) == 12
    assert all(zone.code.startswith(zone.parent_code) for zone in zones)
    towns = session.scalars(select(Town).where(Town.zone_code.is_not(None))).all()
    assert len(towns) == 31
    assert all(town.zone_code.startswith(town.county_code) for town in towns)


@pytest.mark.req("G4")
def test_profiles_differ_and_keep_their_own_rules(session: Session) -> None:
    hunan, guizhou = session.get(ProvinceProfile, "430000"), session.get(ProvinceProfile, "520000")
    assert (hunan.catalogue_version, guizhou.catalogue_version) == ("hunan-2021", "guizhou-2022")
    assert (hunan.built_year_last, guizhou.built_year_last) == (2005, 2000)
    assert hunan.requires_review == ["housing", "development", "finance"] and guizhou.requires_review == []
    for profile in (hunan, guizhou):
        values = {c.key: getattr(profile, c.key) for c in ProvinceProfile.__mapper__.column_attrs}
        assert check_profile(values) == []


def test_profile_value_object_has_exactly_the_columns() -> None:
    fields = {field.name for field in dataclasses.fields(Profile)}
    assert fields == set(ProvinceProfile.__table__.columns.keys())


def test_snapshot_takes_six_statements(session: Session, statements: list[str]) -> None:
    snapshot = queries.load_snapshot(session, 1)
    assert len(statements) == 6
    assert len(snapshot.regions) == 247

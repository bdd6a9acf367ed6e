"""The database itself refuses what the rules refuse, however it is reached."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.regions.models import Department, ProvinceProfile, Region, Town
from app.regions.rules import RANGES


def region(**changes: Any) -> Region:
    values = {"code": "430799", "name": "甲", "short_name": "甲", "level": "county", "parent_code": "430700"}
    return Region(**{**values, **changes})


@pytest.mark.parametrize(
    "row",
    [
        region(level="village"),
        region(kind="odd"),
        region(code="4307"),
        region(kind="functional"),
        region(parent_code=None),
        region(parent_code="439900"),
        Town(code="4307031", name="甲", kind="镇", county_code="430703"),
        Town(code="430703999", name="甲", kind="镇", county_code="439999"),
        Department(name="鼎城区财政局", region_code="430703", kind="finance"),
    ],
)
def test_impossible_rows_are_refused(session: Session, row: Any) -> None:
    session.add(type(row)(**{k: v for k, v in vars(row).items() if k != "_sa_instance_state"}))
    with pytest.raises(IntegrityError):
        session.flush()


@pytest.mark.parametrize(
    "column", sorted(set(RANGES) - {"built_year_first", "built_year_normal", "built_year_last"})
)
def test_ranges_of_the_rules_are_the_ranges_of_the_table(session: Session, column: str) -> None:
    least, most = RANGES[column]
    table = ProvinceProfile.__table__
    for value in (least, most):
        session.execute(update(table).values({column: value}))
    for value in (least - 1, most + 1):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(update(table).values({column: value}))


@pytest.mark.parametrize(
    "values",
    [
        {"built_year_last": 1990},
        {"area_per_household_min": 300},
        {"late_share_limit": -1},
        {"jump_share": 0},
    ],
)
def test_contradictory_profiles_are_refused(session: Session, values: dict[str, int]) -> None:
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(update(ProvinceProfile.__table__).values(values))

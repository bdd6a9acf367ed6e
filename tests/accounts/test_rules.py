"""Passwords, roles and addresses without a database."""

from __future__ import annotations

import pytest

from app.accounts.rules import (
    Policy,
    check_account,
    check_password,
    check_roles,
    classes_of,
    local_path,
    one_time_password,
)

POLICY = Policy(min_length=10, classes=3)


@pytest.mark.req("M1.1")
@pytest.mark.parametrize(
    ("password", "good"),
    [
        ("Abc123!xyz", True),
        ("Abcdef1234", True),
        ("abcdef1234", False),
        ("Abc123!xy", False),
        ("Aa1!Aa1!Aa", False),
        ("xHanshou-99", False),
        ("密码Abc12345", True),
        ("A" * 100 + "b1" + "c" * 40, False),
        ("Abc123!xyz\x00", False),
    ],
)
def test_password_policy(password: str, good: bool) -> None:
    assert (check_password(password, password, "hanshou", POLICY) == []) is good


@pytest.mark.req("M1.1")
def test_the_two_passwords_must_agree() -> None:
    (finding,) = check_password("Abc123!xyz", "Abc123!xyZ", "hanshou", POLICY)
    assert finding.field == "again"


@pytest.mark.req("M1.1")
def test_generated_passwords_fit_every_policy() -> None:
    made = {one_time_password() for _ in range(50)}
    assert len(made) == 50
    assert all(classes_of(p) == 4 and len(p) >= 12 and not set(p) & set("lIoO01") for p in made)
    assert len(one_time_password(40)) == 40


@pytest.mark.req("M1.1")
@pytest.mark.parametrize(
    ("roles", "level", "field"),
    [
        (["county_editor"], "county", None),
        (["county_editor", "county_reviewer"], "county", None),
        (["system_admin"], "", None),
        (["construction_unit"], "county", None),
        (["system_admin", "security_admin"], "", "roles"),
        (["audit_admin", "county_editor"], "county", "roles"),
        (["system_admin"], "county", "region_code"),
        (["county_editor"], "city", "region_code"),
        (["city_manager"], "", "region_code"),
        (["county_editor", "city_manager"], "county", "roles"),
        (["construction_unit", "county_editor"], "county", "roles"),
        (["joint_reviewer_finance", "joint_reviewer_housing"], "province", "roles"),
        (["Admin"], "", "roles"),
        ([], "county", "roles"),
    ],
)
def test_combinations_of_roles(roles: list[str], level: str, field: str | None) -> None:
    found = check_roles(roles, level)
    assert [f.field for f in found] == ([field] if field else [])


@pytest.mark.req("M1.1")
def test_account_fields() -> None:
    values = {"username": "Bad Name", "name": "", "phone": "12"}
    assert {f.field for f in check_account(values, new=True)} == {"username", "name", "phone"}
    assert check_account({"username": "nayong2", "name": "某局", "phone": "13800000000"}, new=True) == []


@pytest.mark.req("M1.1")
@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\/evil",
        "javascript:alert(1)",
        "/ok\r\nX: 1",
        "",
        None,
        "a" * 3000,
        "/\t/evil.example",
    ],
)
def test_foreign_addresses_are_not_followed(target: str | None) -> None:
    assert local_path(target) == ""


@pytest.mark.req("M1.1")
def test_own_addresses_are_followed() -> None:
    assert local_path("/communities/list/?q=%E5%B0%8F&page=2") == "/communities/list/?q=%E5%B0%8F&page=2"


@pytest.mark.req("M1.1", "G4")
def test_the_stricter_policy_counts_for_administrators() -> None:
    one = Policy(
        min_length=8, max_age_days=0, lockout_failures=5, idle_minutes=30, totp_roles=frozenset({"a"})
    )
    two = Policy(
        min_length=12, max_age_days=90, lockout_failures=3, idle_minutes=60, totp_roles=frozenset({"b"})
    )
    strict = Policy.strictest([one, two])
    assert (strict.min_length, strict.max_age_days, strict.lockout_failures, strict.idle_minutes) == (
        12,
        90,
        3,
        30,
    )
    assert strict.needs_second_factor({"b"})
    assert not strict.needs_second_factor({"c"})

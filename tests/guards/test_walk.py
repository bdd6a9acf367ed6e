"""Every page that links lead to, per account: it answers, speaks Chinese, keeps the policy, and shows no stranger's data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import on_copy
from tests.guards.matrix import SCOPE
from tests.guards.test_matrix import CANARIES, plant
from tests.guards.walk import Page, walk
from tests.shared import World

pytestmark = pytest.mark.req("M1.0", "M1.L", "D3")
ACCOUNTS = (
    "dingcheng", "dingcheng_review", "hanshou", "changde", "hunan", "guizhou", "hunan_fgw", "yuxia", "sysadmin",
    "secadmin", "auditadmin",
)  # fmt: skip
# pages that explain identifiers of programs: field names, headers, operators
IDENTIFIERS = ("/api/docs",)
# pages that may name records of everybody: the audit trail, for the audit administrator alone
EVERYWHERE = ("/audit/", "/ops/audit/")


@pytest.fixture(scope="module")
def sqlite_world(sqlite_app: Any) -> Iterator[World]:
    with on_copy(sqlite_app, "sqlite") as url:
        made = World(sqlite_app, "sqlite", url)
        plant(made)
        yield made


@pytest.fixture(scope="module", params=ACCOUNTS)
def walked(request: pytest.FixtureRequest, sqlite_world: World) -> tuple[str, list[Page]]:
    return request.param, list(walk(sqlite_world, sqlite_world.client(request.param)))


def test_links_lead_somewhere(walked: tuple[str, list[Page]]) -> None:
    _name, pages = walked
    assert len(pages) > 3
    broken = [f"{page.url}: {page.status}" for page in pages if page.status != 200]
    assert not broken, "\n".join(broken)


def test_no_page_shows_what_is_not_theirs(walked: tuple[str, list[Page]]) -> None:
    name, pages = walked
    mine = SCOPE.get(name, "-")
    signs = [sign for county, sign in CANARIES.items() if not county.startswith(mine)]
    shown = [
        f"{page.url}: {sign}"
        for page in pages
        for sign in signs
        if sign in page.html and not (name == "auditadmin" and page.url.startswith(EVERYWHERE))
    ]
    assert not shown, "\n".join(shown)


def test_the_sweep_would_find_one(sqlite_world: World) -> None:
    """The canaries are really there for those who may see them."""
    for name, county in (("dingcheng", "430703"), ("nayong", "520525"), ("hunan", "430102")):
        sign = CANARIES[county]
        assert sign in sqlite_world.client(name).get(f"/communities/list/?q={sign}").get_data(as_text=True)


def test_pages_keep_the_content_policy(walked: tuple[str, list[Page]]) -> None:
    _name, pages = walked
    faults = [f"{page.url}: {what}" for page in pages for what in (*page.inline, *page.outside)]
    assert not faults


def test_pages_are_in_chinese(walked: tuple[str, list[Page]]) -> None:
    _name, pages = walked
    left = sorted(
        {
            f"{page.url}: {word}"
            for page in pages
            if not page.url.startswith(IDENTIFIERS)
            for word in page.words
        }
    )
    assert not left, "\n" + "\n".join(left)

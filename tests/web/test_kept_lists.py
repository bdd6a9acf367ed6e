"""What a process keeps of lists: rows it drew, numbers it counted; and deep pages that begin in the right county."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.annual_plans.listing import PlanListing
from app.communities import services
from app.communities.queries import CommunityListing
from app.extensions import db
from app.persistence.context import acting_as, current_scope
from app.persistence.gate import execute_applied
from app.persistence.work import unit_of_work
from app.web import listing as lists
from tests.communities.records import VALUES
from tests.conftest import actor_named, sign_in

pytestmark = pytest.mark.req("M1.L")


def _page(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def _rows(client: FlaskClient, path: str) -> list[str]:
    return re.findall(r"<tr data-row=.*?</tr>", _page(client, path))


def test_a_changed_record_is_drawn_anew_and_for_everybody_as_they_may(app_db: Flask) -> None:
    clerk, reviewer = (sign_in(app_db.test_client(), who) for who in ("dingcheng", "dingcheng_review"))
    with app_db.app_context(), acting_as(actor_named("dingcheng")), unit_of_work() as session:
        number = services.create_community(session, actor_named("dingcheng"), {**VALUES, "name": "画过的小区"}).id
    path = "/communities/list/?q=画过"
    before = _rows(clerk, path)
    assert before == _rows(clerk, path) and len(before) == 1 and "修改" in before[0]
    assert "修改" not in _rows(reviewer, path)[0]  # the same row, drawn for somebody who may not edit
    with app_db.app_context(), acting_as(actor_named("dingcheng")), unit_of_work() as session:
        services.update_community(session, actor_named("dingcheng"), number, {"built_year": 1987}, 1)
    assert ">1987<" in _rows(clerk, path)[0] and ">1987<" in _rows(reviewer, path)[0]
    clerk.get("/lang/en")
    assert "修改" not in _rows(clerk, path)[0] and "画过的小区" in _rows(clerk, path)[0]


def test_what_was_found_is_counted_again_after_a_change(app_db: Flask) -> None:
    clerk = sign_in(app_db.test_client(), "dingcheng")
    path = "/communities/list/?q=数过"
    counted = lambda: int(re.search(r'data-total="(\d+)"', _page(clerk, path))[1])  # type: ignore[index]
    assert counted() == counted() == 0
    with app_db.app_context(), acting_as(actor_named("dingcheng")), unit_of_work() as session:
        number = services.create_community(session, actor_named("dingcheng"), {**VALUES, "name": "数过的小区"}).id
    assert counted() == 1
    with app_db.app_context(), acting_as(actor_named("dingcheng")), unit_of_work() as session:
        services.delete_communities(session, actor_named("dingcheng"), [number])
    assert counted() == 0


@pytest.mark.parametrize("kind", [CommunityListing, PlanListing])
@pytest.mark.parametrize("who", ["hunan", "changde", "dingcheng"])
def test_deep_pages_follow_each_other_without_gap_or_repetition(
    reading_app: Flask, monkeypatch: pytest.MonkeyPatch, kind: type[lists.Listing], who: str
) -> None:
    monkeypatch.setattr(lists, "DEEP", 2)
    with reading_app.app_context(), acting_as(actor_named(who)):
        listing = kind(lambda *a, **k: execute_applied(db.session(), *a, **k))
        columns, scope = listing.pick(None), current_scope()
        every = [row.id for row in listing.rows(scope, lists.State({}, size=10_000), columns, 0)]
        assert len(every) >= 12
        paged = [
            row.id
            for page in range(1, -(-len(every) // 5) + 1)
            for row in listing.rows(scope, lists.State({}, page=page, size=5), columns, len(every))
        ]
        assert paged == every
        if who == "hunan":  # several counties: the pages began in the one they fall into
            assert [code for code, _number in listing.per_county(scope)] == sorted(
                {row.county_code for row in listing.rows(scope, lists.State({}, size=10_000), columns, 0)}
            )


def test_the_branches_of_a_province_are_folded_until_somebody_looks(page_as: Callable[..., Any]) -> None:
    page = page_as("hunan")
    page.goto("/plans/list/")
    twist = page.locator("button.twist[data-more]").first
    assert twist.get_attribute("aria-expanded") == "false"
    twist.click()
    branch = page.locator("li:has(> button.twist[aria-expanded=true]) > ul > li > ul > li > a").first
    assert "年" in branch.inner_text()
    number = int(branch.locator(".c").inner_text().replace(",", ""))
    branch.click()
    assert "region=" in page.url and "year=" in page.url
    assert page.locator("[data-list]").get_attribute("data-total") == str(number)

"""Kept parts of pages: functions of their values alone; nobody ever gets what was made for somebody else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask, current_app
from flask.testing import FlaskClient
from flask_babel import Babel, force_locale, get_locale
from jinja2 import DictLoader, StrictUndefined, UndefinedError

from app.extensions import db
from app.web import fragments
from app.web.fragments import fragment, kept
from app.web.texts import PortalEnvironment
from tests.conftest import sign_in

pytestmark = pytest.mark.req("M1.L")
STORE = "portal-fragments"


def _forget(app: Flask) -> None:
    """Nothing that was drawn or counted before is known any more."""
    for store in (STORE, "portal-rows", "portal-counts"):
        app.extensions.pop(store, None)


# ── what a fragment is ──
@pytest.fixture
def templates() -> Iterator[dict[str, str]]:
    """``templates["a.html"] = source`` in an application of its own, inside a request."""
    sources: dict[str, str] = {}
    app = Flask("fragments")
    app.jinja_environment = PortalEnvironment
    app.config.update(TESTING=True, SECRET_KEY="x" * 32)
    app.jinja_loader = DictLoader(sources)
    app.jinja_env.undefined = StrictUndefined
    Babel(app, locale_selector=lambda: "zh_Hans_CN")
    fragments.install(app)
    app.jinja_env.globals.update(spoken=lambda: str(get_locale()), current_actor=lambda: "somebody")
    with app.test_request_context("/"):
        yield sources


def test_slots_are_filled_anew_and_escaped(templates: dict[str, str]) -> None:
    templates["a.html"] = "<b>{{ word }}</b>{{ slot('name') }}|{{ slot('name') }}"
    assert fragment("a.html", {"name": "<i>"}, word="<w>") == "<b>&lt;w&gt;</b>&lt;i&gt;|&lt;i&gt;"
    assert fragment("a.html", {"name": 'x"'}, word="<w>") == "<b>&lt;w&gt;</b>x&#34;|x&#34;"
    with pytest.raises(KeyError):
        fragment("a.html", word="<w>")


def test_every_value_is_part_of_the_key(templates: dict[str, str]) -> None:
    templates["a.html"] = "{{ word }}"
    assert [fragment("a.html", word=word) for word in ("x", "y", "x", 1, "1")] == ["x", "y", "x", "1", "1"]
    with pytest.raises(TypeError):
        fragment("a.html", word=["x"])


@pytest.mark.parametrize("name", ["request.path", "session.x", "g.actor", "current_actor()", "config.SECRET_KEY",
                                  "get_flashed_messages()"])  # fmt: skip
def test_a_fragment_sees_nothing_of_the_request(templates: dict[str, str], name: str) -> None:
    templates["a.html"] = f"{{{{ {name} }}}}"
    with pytest.raises(UndefinedError):
        fragment("a.html")


def test_the_token_belongs_to_the_session_that_asks(templates: dict[str, str]) -> None:
    templates["a.html"] = "{{ csrf_token() }}"
    tokens = set()
    for _number in range(3):
        with current_app.app_context(), current_app.test_request_context("/"):
            tokens.add(fragment("a.html"))
    assert len(tokens) == 3


def test_languages_are_kept_apart(templates: dict[str, str]) -> None:
    templates["a.html"] = "{{ spoken() }}"
    seen = []
    for language in ("zh_Hans_CN", "en", "zh_Hans_CN"):
        with force_locale(language):
            seen.append((language, str(fragment("a.html")), kept("word", lambda: str(get_locale()))))
    assert all(one == two == three for one, two, three in seen)


def test_a_process_keeps_a_limited_number(templates: dict[str, str]) -> None:
    for number in range(fragments.MOST + 5):
        assert kept(("number", number), lambda number=number: number + 1) == number + 1
    assert len(current_app.extensions[STORE]) <= fragments.MOST


# ── pages ──
PAGES = ("/communities/list/", "/communities/list/?q=小区&size=50", "/communities/list/?state=free&sort=-name",
         "/reserve/list/", "/plans/list/", "/schemes/list/", "/communities/show/{own}")  # fmt: skip
PEOPLE = (("dingcheng", "zh_Hans_CN"), ("hanshou", "en"), ("hunan", "zh_Hans_CN"), ("changde", "en"),
          ("dingcheng_review", "zh_Hans_CN"))  # fmt: skip


class Person:
    """A signed-in client with its language, a community of its own and the names it may see."""

    def __init__(self, app: Flask, login: str, language: str) -> None:
        self.client: FlaskClient = sign_in(app.test_client(), login)
        self.client.get(f"/lang/{language}")
        page = self.client.get("/communities/list/").get_data(as_text=True)
        self.own = re.search(r'data-row="(\d+)"', page).group(1)  # type: ignore[union-attr]
        self.login, self.language = login, language

    def page(self, path: str) -> str:
        """The page without what differs between two answers to the same person."""
        answer = self.client.get(path.format(own=self.own))
        assert answer.status_code == 200, (self.login, path, answer.status_code)
        return answer.get_data(as_text=True)


def test_people_taking_turns_get_what_each_got_alone(reading_app: Flask) -> None:
    """Five people of three counties, four roles and two languages: each page equals the one made with nothing kept."""
    people = [Person(reading_app, *who) for who in PEOPLE]
    alone = {}
    for person in people:
        for path in PAGES:
            _forget(reading_app)
            alone[person.login, path] = person.page(path)
    _forget(reading_app)
    for turn in range(50):
        path = PAGES[turn % len(PAGES)]
        for person in people:
            assert person.page(path) == alone[person.login, path], (turn, person.login, path)
    tokens = {re.search(r'name="csrf-token" content="([^"]+)"', page).group(1) for page in alone.values()}  # type: ignore[union-attr]
    assert len(tokens) == len(people)


def test_each_page_names_its_reader_and_no_other(reading_app: Flask) -> None:
    people = [Person(reading_app, *who) for who in PEOPLE]
    for path in PAGES * 2:
        for person in people:
            page = person.page(path)
            assert re.findall(r'name="portal-user" content="([^"]*)"', page) == [person.login]
            assert ('<html lang="en"' in page) == (person.language == "en")
            assert ('href="/communities/add"' in page) == (
                person.login in ("dingcheng", "hanshou") and path.startswith("/communities/list")
            )


# ── what changes is seen at the next request ──
@pytest.fixture
def clerk(app_sqlite: Flask) -> FlaskClient:
    client = sign_in(app_sqlite.test_client(), "dingcheng")
    client.get("/communities/list/")
    return client


def _text(client: FlaskClient, path: str = "/communities/list/") -> str:
    return client.get(path).get_data(as_text=True)


def test_a_role_that_is_taken_away_takes_its_buttons_along(app_sqlite: Flask, clerk: FlaskClient) -> None:
    assert 'href="/communities/add"' in _text(clerk) and 'action="/communities/export/"' in _text(clerk)
    with app_sqlite.app_context(), db.engine.begin() as connection:
        connection.execute(sa.text(
            "DELETE FROM ab_permission_view_role WHERE permission_view_id IN (SELECT pv.id FROM ab_permission_view pv"
            " JOIN ab_permission p ON p.id = pv.permission_id JOIN ab_view_menu v ON v.id = pv.view_menu_id"
            " WHERE v.name = 'Community' AND p.name IN ('can_add', 'can_export'))"
        ))  # fmt: skip
        bumped = connection.execute(sa.text("UPDATE cache_version SET version = version + 1 WHERE key = 'roles'"))
        assert bumped.rowcount == 1, "the version alone must carry the change"
    page = _text(clerk)
    assert 'href="/communities/add"' not in page and 'action="/communities/export/"' not in page


def test_columns_views_and_language_change_at_once(clerk: FlaskClient) -> None:
    before = _text(clerk)
    assert "我的小区" not in before and before.count("<th scope") > 3
    clerk.post("/communities/preferences/", json={"columns": ["name", "address"], "size": 50})
    page = _text(clerk)
    assert page.count('<th scope="col"') == 3, "name, address and the links of the row"
    assert re.search(r'name="columns" value="address" checked', page)
    clerk.post("/communities/preferences/", json={"add_view": {"name": "我的小区", "query": "state=free"}})
    assert _text(clerk).count("我的小区") >= 2, "in the directory and in the dialog"
    clerk.post("/communities/preferences/", json={"drop_view": "我的小区"})
    assert "我的小区" not in _text(clerk)
    clerk.get("/lang/en")
    assert "Export panel" in _text(clerk)


def test_counts_follow_what_was_deleted(clerk: FlaskClient) -> None:
    def total() -> int:
        return int(re.search(r'data-total="(\d+)"', _text(clerk)).group(1))  # type: ignore[union-attr]

    before = total()
    number = re.search(r'data-pick value="(\d+)"', _text(clerk)).group(1)  # type: ignore[union-attr]
    clerk.post("/communities/action_post", data={"action": "delete", "rowid": [number]})
    assert total() == before - 1


def test_a_profile_that_is_edited_titles_the_next_page(app_sqlite: Flask, clerk: FlaskClient, change_title: Callable[[str], None]) -> None:
    assert "改造试点系统" not in _text(clerk)
    change_title("改造试点系统")
    assert _text(clerk).count("改造试点系统") >= 2


@pytest.fixture
def change_title(app_sqlite: Flask) -> Callable[[str], None]:
    def change(title: str) -> None:
        from app.kernel.actor import SYSTEM
        from app.persistence.context import acting_as
        from app.persistence.work import unit_of_work
        from app.regions import cache
        from app.regions.models import ProvinceProfile

        with app_sqlite.app_context(), acting_as(SYSTEM), unit_of_work() as session:
            session.get(ProvinceProfile, "430000").title = title
            cache.bump(session)

    return change

"""Fixtures: both databases from one migrated template each, a fresh copy per test, signed-in clients, query counting."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash

from tests import databases
from tests.databases import BACKENDS, SCRATCH

os.environ.update(
    DATA_DIR=str(SCRATCH / "data"), TMPDIR=str(SCRATCH), SECRET_KEY="tests-" * 8, PORTAL_ENV="development",
    AUTH_RATE_LIMIT="100000 per minute", COMMENT_RATE_LIMIT="100000 per minute",
)  # fmt: skip
tempfile.tempdir = str(SCRATCH)
for name in ("DATABASE_URL", "REDIS_URL", "TIANDITU_KEY"):
    os.environ.pop(name, None)

import config  # noqa: E402
from app import create_app  # noqa: E402
from app.accounts import credentials, principal, services, signing  # noqa: E402
from app.cli import demo  # noqa: E402
from app.extensions import db  # noqa: E402
from app.kernel import calendar  # noqa: E402
from app.kernel.actor import ANONYMOUS, SYSTEM, Actor  # noqa: E402
from app.persistence.context import acting_as, set_actor  # noqa: E402
from app.regions import cache as regions  # noqa: E402
from app.web.delivery import VersionedFiles  # noqa: E402

PASSWORD = "Demo@2026!"
# the real cost of a hash is proven by tests/accounts/test_sealed.py; a thousand sign-ins need not pay it
for hashing in (credentials, services, signing, demo):
    hashing.generate_password_hash = functools.partial(generate_password_hash, method="scrypt:256:8:1")


def pytest_unconfigure() -> None:
    databases.remove_run_folder()


# ── the application, once per database ──
def _fill(app: Flask) -> None:
    """Migrate an empty database and load the demo world."""
    from flask_migrate import upgrade

    from app.accounts.services import sync_roles
    from app.persistence.work import unit_of_work
    from app.regions.seed import load_all

    with app.app_context():
        upgrade()
        db.engine.dispose()
        with acting_as(SYSTEM):
            with unit_of_work() as session:
                sync_roles(session)
                load_all(session)
            with unit_of_work() as session:
                demo.load_demo(session)
        db.session.remove()
        db.engine.dispose()


@functools.cache
def _application(backend: str) -> Flask:
    """The application on the template of a database (which nobody uses: tests use copies)."""
    url = databases.template_url(backend)
    return create_app(
        {"SQLALCHEMY_DATABASE_URI": url, "SQLALCHEMY_ENGINE_OPTIONS": config.engine_options(url), "TESTING": True}
    )


def _ready(backend: str) -> Flask:
    """The application, its template filled and the files of the demo world at hand."""
    databases.template(backend, lambda one, files: _with_files(_application(one), files, _fill))
    shutil.copytree(databases.files_of(backend), SCRATCH / "data", dirs_exist_ok=True)
    app = _application(backend)
    with on_copy(app, backend), app.app_context(), acting_as(SYSTEM):
        for number in db.session.execute(sa.text("SELECT id FROM ab_user")).scalars().all():
            principal.actor_of(number)
        app.extensions[_LEARNED] = regions.current(), dict(principal._granted)
    return app


def _with_files(app: Flask, folder: Path, job: Callable[[Flask], None]) -> None:
    usual, app.config["DATA_DIR"] = app.config["DATA_DIR"], str(folder)
    try:
        job(app)
    finally:
        app.config["DATA_DIR"] = usual


@pytest.fixture(scope="session")
def sqlite_app() -> Flask:
    return _ready("sqlite")


@pytest.fixture(scope="session")
def postgresql_app() -> Flask:
    return _ready("postgresql")


# regions and grants as the template has them: each of its copies has the same, at the same version
_LEARNED = "tests-learned"


def forget_caches(app: Flask) -> None:
    """What a process remembers of a database belongs to that database."""
    principal._granted.clear()
    for store in ("portal_regions", "portal-counts", "portal-fragments"):
        app.extensions.pop(store, None)
    if learned := app.extensions.get(_LEARNED):
        app.extensions["portal_regions"] = known = regions.RegionCache()
        known._snapshot = learned[0]
        principal._granted.update(learned[1])
    if limiter := app.extensions.get("limiter"):
        for one in limiter:
            one.reset()


@contextlib.contextmanager
def use_database(app: Flask, url: str) -> Iterator[Flask]:
    """Run the application on another database for a while."""
    engines = db._app_engines[app]
    template = engines[None]
    engines[None] = sa.create_engine(url, **config.engine_options(url))
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    forget_caches(app)
    set_actor(ANONYMOUS)
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
        engines[None].dispose()
        engines[None] = template
        forget_caches(app)
        set_actor(ANONYMOUS)


@contextlib.contextmanager
def on_copy(app: Flask, backend: str) -> Iterator[str]:
    """Run the application on a fresh copy of the demo world for a while; gives its address."""
    url = databases.fresh(backend)
    with use_database(app, url):
        yield url
    databases.drop(url)


@pytest.fixture(params=BACKENDS)
def app_db(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The application on a fresh copy of the demo world, once on each database."""
    app = request.getfixturevalue(f"{request.param}_app")
    with on_copy(app, request.param):
        app.extensions["test_backend"] = request.param
        yield app


@pytest.fixture(scope="module", params=BACKENDS)
def reading_app(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """One copy of the demo world for a whole module of tests that only read, once on each database."""
    app = request.getfixturevalue(f"{request.param}_app")
    with on_copy(app, request.param):
        app.extensions["test_backend"] = request.param
        yield app


@pytest.fixture(scope="module")
def reader(reading_app: Flask) -> Callable[[str], FlaskClient]:
    """``reader("dingcheng")``: a signed-in client of the module's world, signed in once."""
    known: dict[str, FlaskClient] = {}

    def of(username: str) -> FlaskClient:
        if username not in known:
            known[username] = sign_in(reading_app.test_client(), username)
        return known[username]

    return of


@pytest.fixture
def app_sqlite(sqlite_app: Flask) -> Iterator[Flask]:
    """The application on a fresh SQLite copy, for what has nothing to do with the database."""
    with on_copy(sqlite_app, "sqlite"):
        yield sqlite_app


@pytest.fixture
def client(app_db: Flask) -> FlaskClient:
    return app_db.test_client()


@pytest.fixture
def session(app_db: Flask) -> Iterator[Any]:
    """A session acting as the system, for services and queries."""
    with app_db.app_context(), acting_as(SYSTEM):
        opened = db.session()
        yield opened
        opened.close()


# ── people ──
def csrf_of(html: str) -> str:
    found = re.search(r'name="csrf-?_?token" (?:value|content)="([^"]+)"', html)
    assert found, "no CSRF token on the page"
    return found.group(1)


def sign_in(client: FlaskClient, username: str, password: str = PASSWORD) -> FlaskClient:
    """Sign in over HTTP as a person would; the client keeps the cookie and sends the token with every post."""
    token = csrf_of(client.get("/login/").get_data(as_text=True))
    answer = client.post("/login/", data={"username": username, "password": password, "csrf_token": token})
    assert answer.status_code == 302, f"{username} could not sign in: {answer.status_code}"
    page = client.get("/profile/", follow_redirects=True).get_data(as_text=True)
    client.environ_base["HTTP_X_CSRFTOKEN"] = csrf_of(page)
    return client


@pytest.fixture
def signed_in(app_db: Flask) -> Callable[[str], FlaskClient]:
    """``signed_in("dingcheng")``: a client with that person's session."""
    return lambda username: sign_in(app_db.test_client(), username)


def actor_named(username: str) -> Actor:
    """The actor of a demo account (needs an application context)."""
    with acting_as(SYSTEM):
        user_id = db.session.execute(
            sa.text("SELECT id FROM ab_user WHERE username = :u"), {"u": username}
        ).scalar_one()
        return principal.actor_of(user_id)


@pytest.fixture
def as_user(app_db: Flask) -> Callable[[str], Any]:
    """``with as_user("hanshou"): …`` runs services and queries as that account."""
    return lambda username: acting_as(actor_named(username))


# ── statements ──
class QueryCounter(list[str]):
    """The SQL statements sent while it is active."""


@pytest.fixture
def query_counter() -> Callable[[], Any]:
    """``with query_counter() as sql: …; assert len(sql) <= 8``."""

    @contextlib.contextmanager
    def counting() -> Iterator[QueryCounter]:
        seen = QueryCounter()

        def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        sa.event.listen(sa.Engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)

    return counting


# ── a real browser on a real server ──
@contextlib.contextmanager
def serving(app: Flask, clock: Any = None) -> Iterator[str]:
    """The application over HTTP on a free port of this machine, its business time by ``clock``; gives its address."""
    import threading

    from werkzeug.serving import make_server

    files = VersionedFiles(app, str(app.static_folder))  # as in production: a browser asks for each once
    httpd = make_server("127.0.0.1", 0, files, threaded=False)

    def serve() -> None:
        with calendar.use_clock(clock) if clock else contextlib.nullcontext():
            httpd.serve_forever()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}"
    finally:
        httpd.shutdown()
        thread.join(5)
        httpd.server_close()


@pytest.fixture
def server(app_sqlite: Flask) -> Iterator[str]:
    """The application over HTTP, on a fresh demo world."""
    with serving(app_sqlite) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, headless."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        pytest.fail("Chromium is not installed: run `make test`, which installs it or says how")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def page_as(server: str, browser: Any) -> Iterator[Callable[..., Any]]:
    """``page_as("dingcheng", width=360)``: a page signed in as that account; foreign requests fail the test."""
    contexts: list[Any] = []
    foreign: list[str] = []

    def open_page(username: str | None = None, width: int = 1440, height: int = 900, dark: bool = False) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": height}, base_url=server, locale="zh-CN",
            color_scheme="dark" if dark else "light",
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda r: foreign.append(r.url) if not r.url.startswith((server, "data:", "blob:")) else None)
        if username:
            page.goto("/login/")
            page.fill('[name="username"]', username)
            page.fill('[name="password"]', PASSWORD)
            page.click('form [type="submit"]:visible')
            page.wait_for_url(lambda url: "/login" not in url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not foreign, f"requests to other hosts: {foreign}"


from tests.shared import count_statements, world  # noqa: E402,F401

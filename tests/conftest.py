"""Fixtures: both databases from one migrated template each, a fresh copy per test, signed-in clients, query counting."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash

ROOT = Path(__file__).resolve().parent.parent
_SCRATCH = Path(tempfile.mkdtemp(prefix="portal-tests-"))
os.environ.update(
    DATA_DIR=str(_SCRATCH / "data"), SECRET_KEY="tests-" * 8, PORTAL_ENV="development", AUTH_RATE_LIMIT="100000 per minute", COMMENT_RATE_LIMIT="100000 per minute",
)
for name in ("DATABASE_URL", "REDIS_URL", "TIANDITU_KEY"):
    os.environ.pop(name, None)

import config  # noqa: E402
from app import create_app  # noqa: E402
from app.accounts import principal  # noqa: E402
from app.extensions import db  # noqa: E402
from app.kernel.actor import ANONYMOUS, SYSTEM, Actor  # noqa: E402
from app.persistence.context import acting_as, set_actor  # noqa: E402

BACKENDS = ("sqlite", "postgresql")
PASSWORD = "Demo@2026!"


def pytest_sessionfinish(session: pytest.Session) -> None:
    shutil.rmtree(_SCRATCH, ignore_errors=True)


# ── PostgreSQL: a throw-away cluster of this test process ──
def _pg_bin() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    which = shutil.which("initdb")
    if not found and not which:
        pytest.fail("PostgreSQL is not installed: run `make test`, which installs it or says how")
    return found[-1] if found else Path(str(which)).parent


def _as_postgres(command: list[str]) -> None:
    runner = ["su", "postgres", "-s", "/bin/sh", "-c", " ".join(command)] if os.geteuid() == 0 else command
    subprocess.run(runner, check=True, capture_output=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Address of the maintenance database of a cluster without durability."""
    if given := os.environ.get("TEST_POSTGRES_URL"):
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="portal-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    binaries, data = _pg_bin(), folder / "data"
    _as_postgres([str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-U", "postgres"])
    options = f"-k {folder} -h '' -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"
    _as_postgres([str(binaries / "pg_ctl"), "-D", str(data), "-w", "-o", f'"{options}"', "-l", str(folder / "log"), "start"])
    try:
        yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    finally:
        _as_postgres([str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop"])
        shutil.rmtree(folder, ignore_errors=True)


def _admin(url: str, *statements: str) -> None:
    where = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(where, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def _named(url: str, database: str) -> str:
    return str(sa.make_url(url).set(database=database).render_as_string(hide_password=False))


# ── the application, once per database ──
def _build(backend: str, url: str) -> Flask:
    app = create_app(
        {"SQLALCHEMY_DATABASE_URI": url, "SQLALCHEMY_ENGINE_OPTIONS": config.engine_options(url), "TESTING": True}
    )
    from flask_migrate import upgrade

    from app.accounts.services import sync_roles
    from app.cli.demo import load_demo
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
                load_demo(session)
            with unit_of_work() as session:
                # real hashing is proven elsewhere; a hundred sign-ins need not wait for it
                quick = generate_password_hash(PASSWORD, "pbkdf2:sha256:1000")
                session.execute(sa.text("UPDATE ab_user SET password = :p"), {"p": quick})
        db.session.remove()
        db.engine.dispose()
    return app


@pytest.fixture(scope="session")
def sqlite_app() -> Flask:
    return _build("sqlite", f"sqlite:///{_SCRATCH / 'template.db'}")


@pytest.fixture(scope="session")
def postgresql_app(postgresql: str) -> Flask:
    _admin(postgresql, "CREATE DATABASE template_portal")
    return _build("postgresql", _named(postgresql, "template_portal"))


_counter = iter(range(1, 1_000_000))


def _fresh(app: Flask, backend: str, request: pytest.FixtureRequest) -> str:
    number = next(_counter)
    if backend == "sqlite":
        target = _SCRATCH / f"test{number}.db"
        shutil.copy(_SCRATCH / "template.db", target)
        return f"sqlite:///{target}"
    url = request.getfixturevalue("postgresql")
    _admin(url, f"CREATE DATABASE test{number} TEMPLATE template_portal")
    return _named(url, f"test{number}")


def _drop(url: str, request: pytest.FixtureRequest) -> None:
    if url.startswith("sqlite"):
        for path in _SCRATCH.glob(Path(url).name + "*"):
            path.unlink()
    else:
        name = sa.make_url(url).database
        _admin(request.getfixturevalue("postgresql"), f"DROP DATABASE {name} WITH (FORCE)")


def forget_caches(app: Flask) -> None:
    """What a process remembers of a database belongs to that database."""
    principal._granted.clear()
    for store in ("portal_regions", "portal-counts", "portal-fragments"):
        app.extensions.pop(store, None)
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


@pytest.fixture(params=BACKENDS)
def app_db(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The application on a fresh copy of the demo world, once on each database."""
    app = request.getfixturevalue(f"{request.param}_app")
    url = _fresh(app, request.param, request)
    with use_database(app, url):
        app.extensions["test_backend"] = request.param
        yield app
    _drop(url, request)


@pytest.fixture(scope="module", params=BACKENDS)
def reading_app(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """One copy of the demo world for a whole module of tests that only read, once on each database."""
    app = request.getfixturevalue(f"{request.param}_app")
    url = _fresh(app, request.param, request)
    with use_database(app, url):
        app.extensions["test_backend"] = request.param
        yield app
    _drop(url, request)


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
def app_sqlite(request: pytest.FixtureRequest, sqlite_app: Flask) -> Iterator[Flask]:
    """The application on a fresh SQLite copy, for what has nothing to do with the database."""
    url = _fresh(sqlite_app, "sqlite", request)
    with use_database(sqlite_app, url):
        yield sqlite_app
    _drop(url, request)


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
@pytest.fixture
def server(app_sqlite: Flask) -> Iterator[str]:
    """The application over HTTP on a free port of this machine, on a fresh demo world."""
    import threading

    from werkzeug.serving import make_server

    httpd = make_server("127.0.0.1", 0, app_sqlite, threaded=False)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}"
    finally:
        httpd.shutdown()
        thread.join(5)
        httpd.server_close()


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

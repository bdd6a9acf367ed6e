"""Every page of the menus and the pages behind them in a real browser: axe in light and dark, and no sideways scrolling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

import config
from tests import conftest
from tests.guards.walk import shape, walk
from tests.shared import World

pytestmark = pytest.mark.req("M1.0", "M1.L", "D1", "D2")
AXE = (config.ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
ACCOUNTS = ("dingcheng", "hunan", "hunan_zj", "yuxia", "sysadmin", "secadmin", "auditadmin")
# a theme changes colours alone: what else holds in the light holds in the dark
RULES = {"light": {"type": "tag", "values": TAGS}, "dark": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
RUN = (
    "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']}).then(r => r.violations.map(v =>"
    " v.id + ': ' + v.nodes.slice(0, 2).map(n => n.html.slice(0, 160)).join(' | ')))"
)


@pytest.fixture(scope="module")
def served(sqlite_app: Flask) -> Iterator[tuple[World, str]]:
    """One demo world over HTTP for all accounts."""
    with conftest.on_copy(sqlite_app, "sqlite") as url, conftest.serving(sqlite_app) as address:
        yield World(sqlite_app, "sqlite", url), address


_examined: set[tuple[str, ...]] = set()


def addresses(world: World, username: str) -> list[str]:
    """The account's first page, and one address of every kind of page that no account before it has shown."""
    # a fragment is judged inside the page that loads it
    found = [
        page.url
        for page in walk(world, world.client(username), most=1)
        if page.status == 200 and page.html.lstrip().lower().startswith("<!doctype")
    ]
    fresh = []
    for path in dict.fromkeys(found):
        kind = (shape(world, path)[0],)
        if kind not in _examined or not fresh:
            _examined.add(kind)
            fresh.append(path)
    return fresh


def open_browser(browser: Any, server: str, username: str) -> Any:
    context = browser.new_context(base_url=server, viewport={"width": 1280, "height": 900}, locale="zh-CN",
                                  reduced_motion="reduce")  # fmt: skip
    page = context.new_page()
    page.goto("/login/")
    page.fill("[name=username]", username)
    page.fill("[name=password]", conftest.PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    return page


def examine(page: Any, path: str) -> list[str]:
    """Open a page and judge it."""
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(path)
    return judge(page, path)


def judge(page: Any, path: str) -> list[str]:
    """What axe finds in both themes, and whether the page is wider than a phone."""
    page.context.new_cdp_session(page).send("Runtime.evaluate", {"expression": AXE})
    found = []
    for theme, rules in RULES.items():
        page.evaluate("theme => portalTheme.set(theme)", theme)
        page.evaluate("Promise.all(document.getAnimations().map(a => a.finished.catch(() => null)))")
        found += [f"{path} ({theme}) {what}" for what in page.evaluate(RUN, rules)]
    page.set_viewport_size({"width": 360, "height": 740})
    wide = page.evaluate("document.documentElement.scrollWidth")
    return [*found, f"{path}: {wide}px wide at 360"] if wide > 360 else found


@pytest.mark.parametrize("username", ACCOUNTS)
def test_every_page_passes_axe_and_fits_a_phone(
    served: tuple[World, str], browser: Any, username: str
) -> None:
    world, server = served
    paths = addresses(world, username)
    page = open_browser(browser, server, username)
    refused: list[str] = []
    page.on("console", lambda m: refused.append(m.text) if "Content Security Policy" in m.text else None)
    page.on("pageerror", lambda error: refused.append(str(error)))
    page.on(
        "request",
        lambda r: refused.append(r.url) if not r.url.startswith((server, "data:", "blob:")) else None,
    )
    faults = [fault for path in paths for fault in examine(page, path)]
    page.context.close()
    assert not faults, "\n".join(faults)
    assert not refused, "\n".join(refused)
    assert paths


def test_the_examination_finds_faults(served: tuple[World, str], browser: Any) -> None:
    page = open_browser(browser, served[1], "yuxia")
    page.goto("/profile/")
    page.evaluate(
        "() => { const i = document.createElement('img'); i.src = '/static/img/logo.svg'; i.width = 900;"
        " document.querySelector('main').append(i); }"
    )
    found = judge(page, "/profile/")
    page.evaluate(
        "() => { const p = document.createElement('p'); p.textContent = '看不清'; p.style.color = '#777';"
        " p.style.background = '#666'; document.querySelector('main').prepend(p); }"
    )
    dark = judge(page, "/profile/")
    page.context.close()
    assert any("image-alt" in fault for fault in found)
    assert any("(dark) color-contrast" in fault for fault in dark)

"""The scripts of the frame in a real browser, under the strict content security policy."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

import config
from tests.web.pages import make_app

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
AXE = config.ROOT / "node_modules" / "axe-core" / "axe.min.js"
pytestmark = pytest.mark.skipif(not CHROMIUM or not AXE.exists(), reason="needs a Chromium and `npm ci`")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


@pytest.fixture
def app() -> Iterator[Flask]:
    made = make_app()
    server = make_server("127.0.0.1", 0, made, threaded=True)
    made.config["ADDRESS"] = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(browser: Any, app: Flask) -> Iterator[Any]:
    """A signed-in page; any script error or breach of the policy fails the test."""
    context = browser.new_context(base_url=app.config["ADDRESS"], viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda m: faults.append(m.text) if "Content Security Policy" in m.text else None)
    sign_in(opened)
    yield opened
    context.close()
    assert faults == []


def sign_in(page: Any, password: str = "right", inside: str = "") -> None:
    if not inside:
        page.goto("/login/")
    page.fill(f"{inside} [name=username]", "tester")
    page.fill(f"{inside} [name=password]", password)
    page.click(f"{inside} form[data-login] [type=submit]")
    if not inside:
        page.wait_for_url("**/")


def test_ticks_by_range_page_and_everything(page: Any, app: Flask) -> None:
    boxes = page.locator("[data-pick]")
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    assert page.inner_text("[data-picked-count]") == "(3)"
    page.click("[data-pick-page]")
    page.click("[data-pick-bar] button")
    assert page.inner_text("[data-picked-count]") == "(76)"
    page.click("[data-post-picked]")
    page.keyboard.press("Escape")
    assert app.config["TAKEN"] == []
    page.click("[data-post-picked]")
    page.click("dialog[open] .btn-bad")
    page.wait_for_selector("#done")
    assert app.config["TAKEN"][0]["all_matching"] == ["1"]
    assert app.config["TAKEN"][0]["action"] == ["drop"]


def test_drawer_holds_the_focus_and_gives_it_back(page: Any) -> None:
    page.click("[data-open]")
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    assert page.inner_text("[data-export-count]") == "76"
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog[open]", state="detached")
    assert page.evaluate("document.activeElement.hasAttribute('data-open')")
    page.locator("[data-pick]").nth(1).click()
    page.click("[data-open]")
    assert page.is_checked("[name=range][value=picked]")


def test_theme_is_remembered_and_the_slash_finds_the_search(page: Any) -> None:
    page.click("[data-menu=theme-menu]")
    page.click("[data-set-theme=dark]")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.matches('[data-global-search]')")


def test_findings_show_under_the_field_while_typing(page: Any) -> None:
    page.goto("/form")
    page.fill("[name=count]", "3x")
    page.wait_for_selector("#f-count-hint .hint.bad")
    assert page.get_attribute("[name=count]", "aria-invalid") == "true"
    page.fill("[name=count]", "3")
    page.wait_for_selector("#f-count-hint .hint.bad", state="detached")
    assert page.get_attribute("[name=count]", "aria-invalid") is None


def test_typed_text_comes_back_from_this_computer_and_from_the_server(page: Any, app: Flask) -> None:
    page.goto("/form")
    page.fill("[name=name]", "Typed")
    page.wait_for_function("() => document.querySelector('[data-saved]').textContent.includes('draft saved')")
    assert app.config["DRAFT"]["values"]["name"] == "Typed"
    page.reload()
    page.wait_for_selector("[data-restored]")
    assert page.input_value("[name=name]") == "Typed"
    page.evaluate("localStorage.clear()")
    page.reload()
    page.wait_for_selector("[data-restored]")
    assert page.input_value("[name=name]") == "Typed"
    page.click("[data-restored] .link-b")
    page.wait_for_function("() => document.querySelector('[name=name]').value === ''")


def test_a_form_survives_the_end_of_the_session(page: Any, app: Flask) -> None:
    page.goto("/form")
    page.fill("[name=name]", "Kept")
    page.context.clear_cookies(name="session")
    page.click("[data-save]")
    page.wait_for_selector("dialog[open] [name=password]")
    sign_in(page, "wrong", inside="dialog[open]")
    page.wait_for_selector("dialog[open] .notice.warn")
    sign_in(page, inside="dialog[open]")
    page.wait_for_selector("#done")
    assert [sent["name"] for sent in app.config["TAKEN"]] == [["Kept"]]


def test_a_part_of_the_page_is_fetched_again_after_signing_in(page: Any) -> None:
    page.context.clear_cookies(name="session")
    page.click("[hx-get]")
    page.wait_for_selector("dialog[open] [name=password]")
    sign_in(page, inside="dialog[open]")
    page.wait_for_selector("#part")


def test_a_form_is_sent_once_and_waits_for_the_network(page: Any, app: Flask) -> None:
    page.goto("/form")
    page.fill("[name=name]", "Once")
    page.context.set_offline(True)
    page.click("[data-save]")
    page.wait_for_selector(".toasts .notice.bad")
    page.context.set_offline(False)
    page.evaluate(
        "(() => { const b = document.querySelector('[data-save]'); b.click(); b.click(); b.click(); })()"
    )
    page.wait_for_selector("#done")
    assert len(app.config["TAKEN"]) == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("path", ["/", "/form", "/login/"])
def test_pages_pass_axe_and_never_scroll_sideways(page: Any, path: str, width: int, theme: str) -> None:
    if path == "/login/":
        page.context.clear_cookies(name="session")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(path)
    page.evaluate("theme => portalTheme.set(theme)", theme)
    page.context.new_cdp_session(page).send(
        "Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")}
    )
    found = page.evaluate(
        "tags => axe.run(document, {runOnly: tags}).then(r => r.violations.map(v => v.id))", TAGS
    )
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width

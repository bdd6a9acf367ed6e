"""The administrators' pages in a browser: axe, the content policy, narrow screens, both themes."""

from __future__ import annotations

from typing import Any

import pytest

import config
from tests.conftest import PASSWORD

AXE = config.ROOT / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
PAGES = {
    "sysadmin": (
        "/ops/", "/ops/code-items/", "/ops/code-items/new/", "/ops/profiles/edit/?id=430000", "/ops/towns/",
        "/ops/holidays/new/", "/ops/sms/", "/ops/profiles/details/?id=430000",
    ),
    "auditadmin": ("/audit/list/", "/audit/show/1", "/ops/", "/ops/audit/", "/ops/audit/details/?id=1"),
}  # fmt: skip


@pytest.mark.req("D2")
@pytest.mark.parametrize("username", PAGES)
@pytest.mark.parametrize("width", [360, 1280])
def test_pages_pass_axe_and_never_scroll_sideways(
    browser: Any, server: str, username: str, width: int
) -> None:
    context = browser.new_context(
        base_url=server, viewport={"width": width, "height": 800}, reduced_motion="reduce"
    )
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda m: faults.append(m.text) if "Content Security Policy" in m.text else None)
    page.goto("/login/")
    page.fill("[name=username]", username)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    for path in PAGES[username]:
        assert page.goto(path).status == 200, path
        for theme in ("light", "dark"):
            page.evaluate("theme => portalTheme.set(theme)", theme)
            page.evaluate("Promise.all(document.getAnimations().map(a => a.finished.catch(() => null)))")
            page.context.new_cdp_session(page).send(
                "Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")}
            )
            found = page.evaluate(
                "tags => axe.run(document, {runOnly: tags}).then(r => r.violations.map(v =>"
                " v.id + ' ' + v.nodes[0].html.slice(0, 120)))",
                TAGS,
            )
            assert found == [], (path, theme, found)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()
    assert faults == []

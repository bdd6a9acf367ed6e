"""The user manual inside the product: docs/manual.md as a page, readable without signing in."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from flask_appbuilder import BaseView, expose
from markdown_it import MarkdownIt
from markupsafe import Markup

import config

_HEADING = re.compile(r"<h2>(.+?)</h2>")


@cache
def manual() -> tuple[Markup, tuple[tuple[str, str], ...]]:
    """(the manual as HTML, its chapters as (anchor, title))."""
    text = (config.ROOT / "docs" / "manual.md").read_text(encoding="utf-8")
    body = text.split("\n", 1)[1]
    chapters: list[tuple[str, str]] = []

    def numbered(found: re.Match[str]) -> str:
        anchor = f"c{len(chapters) + 1}"
        chapters.append((anchor, found.group(1)))
        return f'<h2 id="{anchor}">{found.group(1)}</h2>'

    html = _HEADING.sub(numbered, MarkdownIt("commonmark", {"html": False}).render(body))
    return Markup(html), tuple(chapters)


class ManualView(BaseView):
    """操作手册, chapter by chapter for every role."""

    route_base = "/manual"
    default_view = "show"

    @expose("/")
    def show(self) -> Any:
        html, chapters = manual()
        return self.render_template("manual.html", html=html, chapters=chapters)

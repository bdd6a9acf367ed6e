"""Templates: they compile, hold undefined names to account, and carry nothing that the content policy refuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import StrictUndefined

from tests.guards.source import TEMPLATES, markup, named, templates

HANDLER = re.compile(r"<[a-zA-Z][^>]*\s(on[a-z]+)\s*=", re.DOTALL)
STYLE = re.compile(r"<[a-zA-Z][^>]*\sstyle\s*=", re.DOTALL)
SCRIPT = re.compile(r"<script\b(?![^>]*(?:\bsrc\s*=|application/json|text/template))[^>]*>", re.DOTALL)
FOREIGN = re.compile(r"""(?:src|href|action|hx-get|hx-post)\s*=\s*["']?(?:https?:)?//""")


def test_templates_compile_strictly(sqlite_app: Flask) -> None:
    env = sqlite_app.jinja_env
    assert env.undefined is StrictUndefined
    for path in templates():
        env.get_template(str(path.relative_to(TEMPLATES)))


@pytest.mark.parametrize("path", templates(), ids=named)
def test_nothing_inline_and_nothing_foreign(path: Path) -> None:
    html = markup(path)
    assert not (found := HANDLER.search(html)), found and found.group(0)
    assert not STYLE.search(html), "style attribute"
    assert "<style" not in html
    assert not (found := SCRIPT.search(html)), found and found.group(0)
    assert "javascript:" not in html
    assert not (found := FOREIGN.search(html)), found and found.group(0)
    if "appbuilder" not in path.parts:
        assert "|safe" not in path.read_text(encoding="utf-8").replace(" ", ""), (
            "mark text safe where it is made"
        )

"""The parts every page is built from: assets, icons, fields, macros, and the rules all templates keep."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, render_template_string
from flask_babel import Babel
from jinja2 import StrictUndefined
from wtforms import BooleanField, Form, SelectChoice, SelectField, StringField, TextAreaField, validators

import config
from app.web.fields import LONG_LIST, control, filter_control, kind_of
from app.web.icons import icon, known_icons, sprite_names
from app.web.shell import init_shell, number

TEMPLATES = sorted((config.ROOT / "templates").rglob("*.html"))
UI = '{% import "components/macros.html" as ui %}'


@pytest.fixture
def app() -> Iterator[Flask]:
    """A bare application with the parts of the frame, without a database."""
    made = Flask(
        "shell", template_folder=str(config.ROOT / "templates"), static_folder=str(config.ROOT / "static")
    )
    made.config.update(TESTING=True, SECRET_KEY="x" * 32)
    made.jinja_env.undefined = StrictUndefined
    Babel(made)
    init_shell(made)
    made.jinja_env.filters["local"] = str
    with made.test_request_context("/"):
        yield made


class Sample(Form):
    name = StringField("Name <b>", [validators.InputRequired("Missing")])
    note = TextAreaField("Note", description="Several lines")
    active = BooleanField("Active")
    street = SelectField(
        "Street", choices=[SelectChoice(str(n), f"Street {n}") for n in range(LONG_LIST + 1)]
    )
    kind = SelectField("Kind", choices=[SelectChoice("a", "A"), SelectChoice("b", 'B"')])


def render(source: str, **values: object) -> str:
    return render_template_string(UI + source, **values)


def test_assets_carry_a_digest_of_their_content(app: Flask, tmp_path: Path) -> None:
    from app.web.assets import Assets

    (tmp_path / "a.css").write_text("one")
    watching = Assets(tmp_path, "/static", watch=True)
    first = watching.url("a.css")
    (tmp_path / "a.css").write_text("two!")
    import os

    os.utime(tmp_path / "a.css", (1, 1))
    assert re.fullmatch(r"/static/a\.css\?v=[0-9a-f]{8}", first)
    assert watching.url("a.css") != first
    with pytest.raises(FileNotFoundError):
        watching.url("missing.css")


def test_unknown_icon_is_a_fault_while_testing_and_a_dot_in_production(app: Flask) -> None:
    assert '#plus"/>' in icon("plus", "icon-s")
    with pytest.raises(KeyError):
        icon("no-such-icon")
    app.testing = False
    assert '#point"/>' in icon("no-such-icon")


def test_every_icon_named_in_a_template_or_script_is_in_the_sprite() -> None:
    names = sprite_names(config.ROOT / "static" / "img" / "icons.svg")
    used: dict[str, str] = {}
    for path in TEMPLATES:
        for found in re.findall(r"icon\('([a-z0-9-]+)'", path.read_text(encoding="utf-8")):
            used[found] = str(path)
    for path in (config.ROOT / "static" / "js").glob("*.js"):
        for found in re.findall(r"\.icon\('([a-z0-9-]+)'", path.read_text(encoding="utf-8")):
            used[found] = str(path)
    assert len(used) > 30
    assert {name: where for name, where in used.items() if name not in names} == {}


def test_known_icons_are_read_once(app: Flask) -> None:
    assert known_icons() is known_icons()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(config.ROOT / "templates")))
def test_no_template_breaks_the_content_security_policy(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle\s*=", text), "inline style"
    assert not re.search(r"<style\b", text), "style element"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text), "inline handler"
    assert not re.search(r"<script(?![^>]*(?:\bsrc=|application/json))", text), "inline script"
    assert not re.search(r"(?:src|href)\s*=\s*[\"'](?:https?:)?//", text), "another host"
    assert "appbuilder.static" not in text, "an asset of Bootstrap 3"


def test_every_page_of_flask_appbuilder_is_replaced() -> None:
    import flask_appbuilder

    theirs = Path(flask_appbuilder.__file__).parent / "templates" / "appbuilder"
    ours = config.ROOT / "templates" / "appbuilder"
    missing = [
        str(p.relative_to(theirs))
        for p in theirs.rglob("*.html")
        if not (ours / p.relative_to(theirs)).exists()
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("name", "kind"), [("name", "text"), ("note", "area"), ("active", "check"), ("kind", "select")]
)
def test_kind_of_a_field(name: str, kind: str) -> None:
    assert kind_of(Sample()[name]) == kind


def test_selects_of_flask_appbuilder_become_native_ones() -> None:
    from flask_appbuilder.fieldwidgets import Select2ManyWidget, Select2Widget
    from wtforms import SelectFieldBase

    class Tuples(SelectFieldBase):
        def iter_choices(self) -> Iterator[tuple[str, str, bool, dict[str, str]]]:
            yield ("1", "<one>", False, {})
            yield ("2", "two", True, {})

    class Related(Form):
        one = Tuples("One", [validators.InputRequired()], widget=Select2Widget())
        many = Tuples("Many", widget=Select2ManyWidget())

    one, many = control(Related().one), control(Related().many)
    assert '<option value="1">&lt;one&gt;</option><option value="2" selected>two</option>' in one
    assert " required" in one
    assert " style=" not in one
    assert " multiple" in many


def test_long_selects_get_a_search_box() -> None:
    form = Sample()
    assert "data-search" in control(form.street)
    assert "data-search" not in control(form.kind)


def test_field_errors_stand_beside_the_field(app: Flask) -> None:
    form = Sample(data={})
    form.name.errors = ["Missing"]
    html = render("{{ ui.render_field(f, unit='m') }}", f=form.name)
    assert 'aria-describedby="name-hint"' in html
    assert 'aria-invalid="true"' in html
    assert re.search(r'id="name-hint">.*Missing', html, re.DOTALL)
    assert "Name &lt;b&gt;" in html
    assert "required" in html
    assert ">m</span>" in html


def test_search_fields_keep_their_value_and_may_be_empty() -> None:
    form = Sample()
    html = filter_control(form.kind, "_flt_0_kind", "b", 'Kind "x"')
    assert '<option value=""></option>' in html
    assert '<option value="b" selected>' in html
    assert 'aria-label="Kind &#34;x&#34;"' in html
    assert 'value="&lt;i&gt;"' in filter_control(form.name, "_flt_0_name", "<i>", "Name")
    assert '<option value="y" selected>' in filter_control(form.active, "_flt_0_active", "y", "Active")


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (1, ["1", "2", "3", "4", "5", "14"]),
        (7, ["1", "5", "6", "7", "8", "9", "14"]),
        (14, ["1", "10", "11", "12", "13", "14"]),
    ],
)
def test_pager_shows_the_neighbours_and_both_ends(app: Flask, page: int, expected: list[str]) -> None:
    html = render("{{ ui.pager(276, page, 20, href) }}", page=page, href=lambda n: f"/x?page={n}")
    shown = re.findall(r"<a href=\"[^\"]*\"(?: aria-current=\"page\")?>(\d+)</a>", html)
    assert shown == expected
    assert f'<a href="/x?page={page}" aria-current="page">{page}</a>' in html
    assert "276" in html


def test_twelve_months_say_their_states_in_words_and_stay_small(app: Flask) -> None:
    states = ["ok"] * 6 + ["back", "draft", "wait", "todo", "late", "none"]
    html = render("{{ ui.months(s, now=7) }}", s=states)
    assert 'role="img"' in html
    assert "Months 1–6: Approved" in html
    assert "Month 7: Returned" in html
    assert html.count("<i class=") == 12
    assert len(html) < 700


def test_light_says_the_word_and_the_reason(app: Flask) -> None:
    html = render("{{ ui.light('bad', 'Late', '<12 days') }}")
    assert "sh-bad" in html
    assert "Late" in html
    assert "&lt;12 days" in html


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "—"), ("", "—"), (0, "0"), (1234567, "1,234,567"), ("1.5", "2")]
)
def test_figures(value: object, shown: str) -> None:
    assert number(value) == shown


def test_every_sentence_of_the_frame_has_its_chinese() -> None:
    from babel.messages.extract import extract_from_file
    from babel.messages.pofile import read_po

    folder = config.ROOT / "translations" / "zh_Hans_CN" / "LC_MESSAGES"
    known = set()
    for path in folder.glob("*.po"):
        with path.open("rb") as source:
            known |= {(m.context, m.id) for m in read_po(source) if m.id and m.string}
    keywords = {"_": None, "pgettext": ((1, "c"), 2)}
    frame = [
        p
        for p in TEMPLATES
        if p.parent.name
        in {"templates", "appbuilder", "errors", "general", "model", "widgets", "roles", "security"}
    ]
    frame += [
        config.ROOT / "templates" / "components" / name
        for name in ("macros.html", "texts.html", "sign_in.html")
    ]
    missing = set()
    for path in frame:
        for _line, message, _comments, context in extract_from_file(
            "jinja2.ext:babel_extract", str(path), keywords=keywords
        ):
            if isinstance(message, str) and (context, message) not in known:
                missing.add((context, message))
    assert missing == set()

"""Names, kinds and sizes without a database (R21)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.attachments.rules import (
    KINDS,
    MB,
    NAME_BYTES,
    PURPOSES,
    SCHEME_PURPOSES,
    clean_name,
    judge_announced,
    judge_content,
    missing_purposes,
    name_for,
)

pytestmark = pytest.mark.req("R21")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("居民同意书.pdf", "居民同意书.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\fakepath\\总平面图.png", "总平面图.png"),
        ("方案\u202efdp.exe", "方案fdp.exe"),
        ("a\x00b\r\nc\t d.pdf", "ab c d.pdf"),
        ("零\u200b宽\ufeff.pdf", "零宽.pdf"),
        ('a<b>:"|?*.pdf', "a_b______.pdf"),
        ("CON.pdf", "_CON.pdf"),
        ("..", "file"),
        ("\u202e", "file"),
        (".pdf", "pdf"),
        ("é.pdf", "é.pdf"),
    ],
)
def test_names_are_cleaned(typed: str, kept: str) -> None:
    assert clean_name(typed) == kept


def test_long_names_keep_their_ending() -> None:
    name = clean_name("改" * 300 + ".pdf")
    assert name.endswith(".pdf")
    assert len(name.encode()) <= NAME_BYTES


@given(st.text(max_size=400))
def test_no_name_leads_out_of_a_folder_or_breaks_a_header(typed: str) -> None:
    name = clean_name(typed)
    assert name
    assert not set(name) & set('/\\\r\n\0<>:"|?*')
    assert name not in {".", ".."}
    assert len(name.encode()) <= NAME_BYTES
    assert clean_name(name) == name


def test_the_four_scheme_attachments_take_what_the_ministry_says() -> None:
    kinds = {key: {KINDS[kind].group for kind in PURPOSES[key].kinds} for key in SCHEME_PURPOSES}
    assert kinds == {
        "scheme_document": {"pdf", "archive"},
        "scheme_site_plan": {"pdf", "image"},
        "scheme_approval": {"pdf"},
        "scheme_consent": {"pdf"},
    }
    assert all(PURPOSES[key].largest == 200 * MB for key in SCHEME_PURPOSES)


def test_an_announced_file_is_judged_by_size_ending_and_number() -> None:
    purpose = PURPOSES["scheme_consent"]
    assert judge_announced(purpose, "同意书.pdf", 200 * MB, 0) == []
    assert judge_announced(purpose, "同意书", 10, 0) == []
    for name, size, there in (
        ("a.pdf", 0, 0),
        ("a.pdf", 200 * MB + 1, 0),
        ("a.zip", 10, 0),
        ("a.pdf", 10, 20),
    ):
        assert [f.rule for f in judge_announced(purpose, name, size, there)] == ["R21"], (name, size, there)


def test_content_decides_not_the_name() -> None:
    purpose = PURPOSES["scheme_consent"]
    assert judge_content(purpose, "a.pdf", "pdf") == []
    assert judge_content(purpose, "a.pdf", "png")[0].message.values["seen"] == "PNG"
    assert judge_content(purpose, "a.pdf", None, "exe")[0].message.values["seen"] == "EXE"
    assert "seen" not in judge_content(purpose, "a.pdf", None)[0].message.values


@pytest.mark.parametrize(
    ("name", "kind", "kept"),
    [
        ("图.jpg", "png", "图.png"),
        ("图.JPEG", "jpeg", "图.JPEG"),
        ("图", "png", "图.png"),
        ("v1.2", "pdf", "v1.2.pdf"),
    ],
)
def test_the_ending_tells_the_truth(name: str, kind: str, kept: str) -> None:
    assert name_for(name, kind) == kept


def test_what_is_missing_is_named() -> None:
    found = missing_purposes(SCHEME_PURPOSES, {"scheme_document": 1, "scheme_consent": 2}, "R10")
    assert [(f.rule, f.field) for f in found] == [("R10", "scheme_site_plan"), ("R10", "scheme_approval")]

"""The table of first pinyin letters says what pypinyin says."""

from __future__ import annotations

import pytest
from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PINYIN_DICT

from app.kernel.spelling import TABLE, spelling
from tests.guards.source import imports, modules, named
from tools import spelling as tool

pytestmark = pytest.mark.req("M1.L")


def test_the_table_is_current() -> None:
    assert TABLE.read_text(encoding="utf-8") == tool.table()


def test_every_character_has_the_letter_of_the_dictionary() -> None:
    chars = [chr(code) for code in sorted({*PINYIN_DICT, *range(0x80, 0x3000, 7), 0x10FFFF}) if code > 127]
    read = (lazy_pinyin(char, style=Style.FIRST_LETTER, errors="ignore") for char in chars)
    expected = [r[0][:1].lower() if r and r[0][:1].isascii() else "" for r in read]
    assert list(map(spelling().letter, chars)) == expected


def test_phrases_are_read_as_they_are_spoken() -> None:
    words = {"重庆": "cq", "长沙": "cs", "银行": "yh", "一叶扁舟": "yypz", "A重庆1": "acq1", "（）": ""}
    assert {word: spelling().of(word) for word in words} == words


def test_the_product_works_without_the_dictionaries() -> None:
    assert not [named(path) for path in modules() if any(name.startswith("pypinyin") for name in imports(path))]

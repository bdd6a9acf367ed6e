"""Search documents in one pass are those of the names one at a time."""

from __future__ import annotations

import csv

import pytest

import config
from app.kernel.documents import search_documents
from app.kernel.text import grams, pinyin_initials


def test_one_pass_gives_what_single_names_give():
    with (config.ROOT / "seed" / "demo" / "communities.csv").open(encoding="utf-8-sig", newline="") as source:
        names = [row["name"] for row in csv.DictReader(source)]
    names += ["重庆路小区", "长沙—3号（东区）", "恒华茗苑Ａ区", "恒 华", "重", "A", "1", "（）"]
    codes = ["430703" if i % 2 else "520525" for i in range(len(names))]
    initials, documents = search_documents(names, codes)
    assert initials == [pinyin_initials(name) for name in names]
    assert documents == [grams(*row) for row in zip(names, initials, codes, strict=True)]


def test_nothing_and_line_breaks():
    assert search_documents([], []) == ([], [])
    with pytest.raises(ValueError, match="line breaks"):
        search_documents(["甲\n乙"], ["430703"])

"""Chinese is complete and of one mind (D3)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from tests.guards.source import CATALOGUES
from tools import translations

pytestmark = pytest.mark.req("D3")
FILES = sorted(CATALOGUES.glob("*.po"))
_PLACE = re.compile(r"%\((\w+)\)")


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as source:
        return read_po(source, locale="zh_Hans_CN", abort_invalid=True)


def test_no_text_without_a_chinese_sentence() -> None:
    missing = translations.missing()
    assert not missing, "\n".join(f"{where[0]}: {key}" for key, where in sorted(missing.items()))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_a_catalogue_parses_and_is_settled(path: Path) -> None:
    for message in catalogue(path):
        if message.id:
            assert not message.fuzzy, f"{path.name}: fuzzy: {message.id}"
            assert message.string, f"{path.name}: empty: {message.id}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_places_survive_translation(path: Path) -> None:
    """A ``%(name)s`` that the original lacks would break the page it stands on."""
    for message in catalogue(path):
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        known = {name for text in ids for name in _PLACE.findall(text)}
        used = {name for text in strings for name in _PLACE.findall(text)}
        assert used <= known, f"{path.name}: {message.id}: {used - known}"


def test_one_msgid_one_translation() -> None:
    said: dict[str, dict[str, str]] = {}
    for path in FILES:
        for message in catalogue(path):
            if message.id:
                said.setdefault(f"{message.id} {message.context or ''}", {})[path.name] = str(message.string)
    torn = {key: where for key, where in said.items() if len(set(where.values())) > 1}
    assert not torn


def test_no_chinese_msgids() -> None:
    """The program speaks English in its source; Chinese lives in the catalogues alone."""
    chinese = re.compile(r"[一-鿿]")
    found = {key: where[0] for key, where in translations.used().items() if chinese.search(key)}
    assert not found

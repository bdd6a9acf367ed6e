"""Every sentence of the workbooks has its Chinese, and the reader knows the headings that the writer adds."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from app.exchange.heads import SERVICE_HEADINGS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    with (ROOT / "translations/zh_Hans_CN/LC_MESSAGES/exchange.po").open("rb") as stream:
        return read_po(stream)


def sources() -> set[str]:
    found = extract_from_dir(ROOT / "app/exchange", keywords={"msg": None})
    return {text for _, _, text, _, _ in found if isinstance(text, str)}


@pytest.mark.req("M1.4.2")
def test_every_sentence_is_translated(catalog: Catalog) -> None:
    translated = {message.id: message.string for message in catalog if message.id}
    assert set(translated) <= sources()
    folder = ROOT / "translations/zh_Hans_CN/LC_MESSAGES"
    others = {message.id for path in folder.glob("*.po") for message in read_po(io.BytesIO(path.read_bytes())) if message.string}
    assert sources() <= others
    for source, target in translated.items():
        assert target
        assert set(re.findall(r"%\(\w+\)s", source)) == set(re.findall(r"%\(\w+\)s", target))


@pytest.mark.req("M1.4.2")
def test_added_headings_are_passed_over_on_import(catalog: Catalog) -> None:
    for heading in ("Error", "Original row"):
        message = catalog.get(heading)
        assert message is not None
        assert {heading, message.string} <= set(SERVICE_HEADINGS)

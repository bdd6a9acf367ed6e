"""Telling files by content: disguises, cut-off files, bombs, EXIF, thumbnails (R20, R21)."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image

from app.attachments import inspection
from tests.attachments import samples

pytestmark = pytest.mark.req("R21")


def seen(tmp_path: Path, content: bytes) -> inspection.Seen:
    path = tmp_path / "file"
    path.write_bytes(content)
    return inspection.inspect(path)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (samples.pdf(), "pdf"),
        (samples.jpeg(), "jpeg"),
        (samples.png(), "png"),
        (samples.archive(), "zip"),
        (b"Rar!\x1a\x07\x01\x00" + b"\0" * 50, "rar"),
        (b"7z\xbc\xaf\x27\x1c" + b"\0" * 50, "7z"),
    ],
    ids=["pdf", "jpeg", "png", "zip", "rar", "7z"],
)
def test_kinds_are_told_by_content(tmp_path: Path, content: bytes, kind: str) -> None:
    assert seen(tmp_path, content).kind == kind


@pytest.mark.parametrize(
    ("content", "like"),
    [
        (b"MZ\x90\x00" + b"\0" * 400, "exe"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "svg"),
        (b"<!doctype html><script>alert(1)</script>", ""),
        (samples.archive("[Content_Types].xml"), "docx/xlsx"),
        (samples.archive("META-INF/MANIFEST.MF"), "jar"),
        (samples.pdf()[:-20], ""),
        (b"x" + samples.pdf(), ""),
        (samples.jpeg()[:4000], ""),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, ""),
        (b"PK\x05\x06" + b"\0" * 18, ""),
        (b"\0" * 100, ""),
        (b"BM", ""),
    ],
)
def test_what_is_no_document_is_refused(tmp_path: Path, content: bytes, like: str) -> None:
    found = seen(tmp_path, content)
    assert found.kind is None
    if like:
        assert found.looks_like == like


def test_a_picture_of_too_many_pixels_is_never_decoded(tmp_path: Path) -> None:
    found = seen(tmp_path, samples.png_bomb())
    assert (found.kind, found.oversized) == (None, True)


def _exif(lat_ref: str = "N", time: str = "2025:06:01 09:30:00", offset: str | None = "+08:00") -> Image.Exif:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = time
    if offset:
        exif.get_ifd(0x8769)[0x9011] = offset
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = lat_ref, (29.0, 1.0, 30.0), "E", (111.0, 41.0, 15.0)
    exif[0x0112] = 6
    return exif


@pytest.mark.req("R20")
def test_time_and_place_come_from_exif(tmp_path: Path) -> None:
    found = seen(tmp_path, samples.jpeg(exif=_exif()))
    assert found.taken_at == dt.datetime(2025, 6, 1, 1, 30, tzinfo=dt.UTC)
    assert (found.lng, found.lat) == (Decimal("111.6875"), Decimal("29.025"))
    assert seen(tmp_path, samples.jpeg(exif=_exif("S"))).lat == Decimal("-29.025")
    assert seen(tmp_path, samples.jpeg(exif=_exif(offset=None))).taken_at == found.taken_at


@pytest.mark.req("R20")
def test_nonsense_in_exif_is_no_fault_of_the_picture(tmp_path: Path) -> None:
    found = seen(tmp_path, samples.jpeg(exif=_exif(time="0000:00:00 00:00:00")))
    assert (found.kind, found.taken_at) == ("jpeg", None)


def test_thumbnails_are_upright_small_and_without_metadata(tmp_path: Path) -> None:
    path = tmp_path / "photo"
    path.write_bytes(samples.jpeg(1200, 800, exif=_exif()))
    small, digest = inspection.thumbnail(path)
    with Image.open(io.BytesIO(small)) as picture:
        assert picture.format == "JPEG"
        assert picture.size == (240, 360)
        assert not picture.getexif()
    assert len(digest) == 16
    path.write_bytes(samples.jpeg(1200, 800, seed=2))
    assert inspection.thumbnail(path)[1] != digest


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "L", "CMYK", "I;16"])
def test_every_mode_becomes_a_thumbnail(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "picture"
    Image.new(mode, (500, 400)).save(path, "TIFF" if mode in {"CMYK", "I;16"} else "PNG")
    assert inspection.inspect(path).kind in {"png", "tiff"}
    assert inspection.thumbnail(path)[0].startswith(b"\xff\xd8")

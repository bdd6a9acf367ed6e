"""Looking into a file: its kind by content, pictures within bounds, EXIF, small pictures."""

from __future__ import annotations

import datetime as dt
import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import puremagic
from PIL import ExifTags, Image, ImageOps

HEAD, TAIL = 4096, 8192
# decoded at an eighth of the size, a JPEG needs a sixty-fourth of the memory
MOST_JPEG_PIXELS, MOST_PIXELS = 300_000_000, 60_000_000
THUMBNAIL = 360
# Pillow's own guard knows one bound for every format; ours is per format, see _opened
Image.MAX_IMAGE_PIXELS = MOST_JPEG_PIXELS
_FORMATS = {"JPEG": "jpeg", "MPO": "jpeg", "PNG": "png", "WEBP": "webp", "BMP": "bmp", "TIFF": "tiff"}
_OPEN = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
# a zip whose first entry is one of these is a document or a program, not an archive
_DRESSED_ZIP = {
    b"[Content_Types].xml": "docx/xlsx", b"_rels/": "docx/xlsx", b"docProps/": "docx/xlsx", b"word/": "docx",
    b"xl/": "xlsx", b"ppt/": "pptx", b"mimetype": "odt/ofd", b"OFD.xml": "ofd", b"META-INF/": "jar",
    b"AndroidManifest.xml": "apk",
}  # fmt: skip


class BadPicture(Exception):
    """The picture is damaged or cut off."""


class HugePicture(BadPicture):
    """The picture has more pixels than may be decoded."""


@dataclass(frozen=True)
class Seen:
    """What was found: ``kind`` (None: not acceptable, ``looks_like`` or ``oversized`` say why), EXIF."""

    kind: str | None
    looks_like: str = ""
    oversized: bool = False
    width: int | None = None
    height: int | None = None
    taken_at: dt.datetime | None = None
    lng: Decimal | None = None
    lat: Decimal | None = None


def inspect(path: Path) -> Seen:
    """Tell a file by its content alone. Reads head, tail and, of pictures, every pixel."""
    size = path.stat().st_size
    with path.open("rb") as source:
        head = source.read(HEAD)
        source.seek(max(0, size - TAIL))
        tail = source.read(TAIL)
    if head.startswith(b"%PDF-"):
        whole = b"%%EOF" in tail and b"startxref" in tail
        return Seen("pdf") if whole else Seen(None)
    if archive := _archive(head, size):
        return archive
    if _picture_like(head):
        try:
            return _picture(path)
        except HugePicture:
            return Seen(None, oversized=True)
        except BadPicture:
            return Seen(None)
    return Seen(None, _guess(head))


def _archive(head: bytes, size: int) -> Seen | None:
    if head.startswith(b"PK\x03\x04"):
        length = int.from_bytes(head[26:28], "little")
        first = head[30 : 30 + length]
        for start, word in _DRESSED_ZIP.items():
            if first.startswith(start):
                return Seen(None, word)
        return Seen("zip") if size > 30 else None
    if head.startswith((b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01\x00")):
        return Seen("rar")
    if head.startswith(b"7z\xbc\xaf\x27\x1c"):
        return Seen("7z")
    return None


def _picture_like(head: bytes) -> bool:
    return head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\x00", b"MM\x00*")) or (
        head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    )


def _guess(head: bytes) -> str:
    """The usual ending of a content that is not accepted, for the message; '' when unknown."""
    try:
        return str(puremagic.magic_string(head)[0].extension).lstrip(".")
    except (puremagic.PureError, ValueError, IndexError):
        return ""


_FAULTS = (
    OSError,
    SyntaxError,
    ValueError,
    OverflowError,
    MemoryError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """A picture within bounds; anything a hostile or cut-off file makes Pillow raise becomes BadPicture."""
    with warnings.catch_warnings():
        # odd metadata is no fault of the pixels; the number of pixels is judged below
        warnings.simplefilter("ignore")
        try:
            with Image.open(path, formats=_OPEN) as picture:
                most = MOST_JPEG_PIXELS if picture.format in {"JPEG", "MPO"} else MOST_PIXELS
                if picture.width * picture.height > most:
                    raise HugePicture(f"{picture.width} × {picture.height}")
                yield picture
        except Image.DecompressionBombError as fault:
            raise HugePicture(str(fault)) from fault
        except _FAULTS as fault:
            raise BadPicture(str(fault)) from fault


def _picture(path: Path) -> Seen:
    with _opened(path) as picture:
        kind = _FORMATS[picture.format or ""]
        width, height = picture.size
        taken_at, lng, lat = _exif(picture)
        picture.draft("RGB", (THUMBNAIL * 2, THUMBNAIL * 2))
        picture.load()
    return Seen(kind, width=width, height=height, taken_at=taken_at, lng=lng, lat=lat)


def _exif(picture: Image.Image) -> tuple[dt.datetime | None, Decimal | None, Decimal | None]:
    """Time (aware) and place (WGS-84 degrees) of the photo; None for what is absent or nonsense."""
    try:
        exif = picture.getexif()
        detail, gps = exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, OverflowError, AttributeError):
        return None, None, None
    at = _time(detail.get(ExifTags.Base.DateTimeOriginal), detail.get(ExifTags.Base.OffsetTimeOriginal))
    lng = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "W", 180)
    lat = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "S", 90)
    return (at, lng, lat) if lng is not None and lat is not None and (lng or lat) else (at, None, None)


def _time(text: Any, offset: Any) -> dt.datetime | None:
    try:
        naive = dt.datetime.strptime(str(text).strip("\0 "), "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    try:
        zone: dt.tzinfo | None = dt.datetime.strptime(str(offset).strip("\0 "), "%z").tzinfo
    except ValueError:
        zone = ZoneInfo("Asia/Shanghai")
    aware = naive.replace(tzinfo=zone)
    return aware if 1990 <= aware.year <= 2100 else None


def _degrees(parts: Any, ref: Any, negative: str, most: int) -> Decimal | None:
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
        value = degrees + minutes / 60 + seconds / 3600
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    if not math.isfinite(value) or not 0 <= value <= most:
        return None
    return Decimal(str(round(-value if str(ref).strip("\0 ").upper() == negative else value, 6)))


def thumbnail(path: Path) -> tuple[bytes, str]:
    """(JPEG of at most 360 × 360 pixels, upright and without metadata; perceptual hash of 16 hex digits).

    Raises: BadPicture.
    """
    import imagehash

    with _opened(path) as picture:
        picture.draft("RGB", (THUMBNAIL * 2, THUMBNAIL * 2))
        upright = ImageOps.exif_transpose(picture)
        upright.thumbnail((THUMBNAIL, THUMBNAIL))
        flat = _on_white(upright)
        digest = str(imagehash.phash(flat))
        out = io.BytesIO()
        flat.save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue(), digest


def upright(path: Path, most: int) -> Image.Image:
    """The picture the right way up, at most ``most`` pixels wide and high, without transparency.

    Raises: BadPicture.
    """
    with _opened(path) as picture:
        picture.draft("RGB", (most, most))
        turned = ImageOps.exif_transpose(picture)
        turned.thumbnail((most, most))
        return _on_white(turned)


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode in {"I;16", "I", "F"}:
        picture = ImageOps.autocontrast(picture.convert("L"))
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        flat = Image.new("RGB", picture.size, "white")
        flat.paste(clear, mask=clear.getchannel("A"))
        return flat
    return picture.convert("RGB")

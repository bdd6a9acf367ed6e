"""Small invented photos (with time and place) and scans for the demo world; drawn, of nobody and nowhere."""

from __future__ import annotations

import datetime as dt
import io
import random
from decimal import Decimal

from PIL import ExifTags, Image, ImageDraw, ImageFont


def photo(seed: str, at: dt.datetime, lng: Decimal | None, lat: Decimal | None) -> bytes:
    """A JPEG of coloured shapes, different for every seed; ``at`` aware, degrees WGS-84 (± some metres)."""
    chance = random.Random(seed)
    picture = Image.new("RGB", (480, 360), tuple(chance.randrange(90, 256) for _ in range(3)))
    draw = ImageDraw.Draw(picture)
    for _ in range(36):
        left, top = chance.randrange(480), chance.randrange(360)
        box = (left, top, left + chance.randrange(20, 200), top + chance.randrange(20, 160))
        draw.rectangle(box, fill=tuple(chance.randrange(256) for _ in range(3)))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=78, exif=_exif(chance, at, lng, lat))
    return out.getvalue()


def _exif(chance: random.Random, at: dt.datetime, lng: Decimal | None, lat: Decimal | None) -> Image.Exif:
    exif = Image.Exif()
    detail = exif.get_ifd(ExifTags.IFD.Exif)
    detail[ExifTags.Base.DateTimeOriginal] = f"{at:%Y:%m:%d %H:%M:%S}"
    detail[ExifTags.Base.OffsetTimeOriginal] = f"{at:%z}"[:3] + ":00"
    if lng is not None and lat is not None:
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLongitudeRef] = "N", "E"
        gps[ExifTags.GPS.GPSLatitude] = _parts(float(lat) + chance.uniform(-5e-4, 5e-4))
        gps[ExifTags.GPS.GPSLongitude] = _parts(float(lng) + chance.uniform(-5e-4, 5e-4))
    return exif


def _parts(degrees: float) -> tuple[float, float, float]:
    whole = int(degrees)
    minutes = int((degrees - whole) * 60)
    return float(whole), float(minutes), round((degrees - whole - minutes / 60) * 3600, 3)


def scan(*lines: str) -> bytes:
    """A PDF of one page with these lines (letters and digits)."""
    page = Image.new("L", (420, 594), 255)
    draw = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        draw.text((40, 50 + number * 34), line, fill=20, font=ImageFont.load_default(18))
    draw.ellipse((270, 420, 370, 520), outline=120, width=4)
    out = io.BytesIO()
    page.save(out, "PDF", resolution=50)
    return out.getvalue()

"""Doubtful photos of the demo world (R20): one picture in two counties, one far away, one from before the works."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from app.cli.demo_pictures import photo
from app.kernel.calendar import TZ, Month

_SHARED, _FAR, _OLD = "shared", "far", "old"
# plan task → what is odd about a photo of its latest report
_ODD = {
    "43070320200518313": _SHARED,
    "43072320201019023": _SHARED,
    "43070320210719807": _FAR,
    "43050320201016415": _OLD,
}
_PLACE = (Decimal("111.690000"), Decimal("29.018000"))


def wall(at: dt.datetime) -> bytes:
    """The picture that two counties and a spot-check of the city show."""
    return photo("one wall for two counties", at, *_PLACE)


def odd_photo(code: str, month: Month, near: tuple[Decimal | None, Decimal | None]) -> bytes | None:
    """The odd photo of a plan task's report of the latest month, or None; ``near``: lng, lat of a community of it."""
    kind = _ODD.get(code)
    at = dt.datetime(month.year, month.month, 18, 9, 40, tzinfo=TZ)
    lng, lat = near
    if kind == _SHARED:
        return wall(at)
    if kind == _FAR and lng is not None and lat is not None:
        return photo(f"far {code}", at, lng + Decimal("0.031"), lat)
    if kind == _OLD:
        return photo(f"old {code}", at - dt.timedelta(days=640), lng, lat)
    return None

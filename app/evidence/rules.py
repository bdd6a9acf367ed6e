"""What makes a photo or a report doubtful (R12, R13, R20, N3.3a), and how alike pictures are found. Pure Python."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.kernel.calendar import TZ
from app.kernel.errors import N_, Message, msg
from app.kernel.geo import haversine_m

# --- perceptual hashes -----------------------------------

BITS, BANDS = 64, 4
BAND_BITS = BITS // BANDS
NEAR = 2 * BANDS - 1
"""Bits in which two pictures may differ and still be nearly the same.

Of eight bands-and-a-bit that is the most which leaves one of the four bands with at most one differing bit: so
looking up every band and its sixteen neighbours finds all of them, and nothing else has to be read.
"""
_LEAST_SET, _MOST_SET = 16, 48
_FLIPS = (0, *(1 << bit for bit in range(BAND_BITS)))


def number_of(perceptual_hash: str) -> int:
    """The 64 bits of 16 hex digits as the signed number that both databases hold."""
    value = int(perceptual_hash, 16)
    return value - (1 << BITS) if value >= 1 << (BITS - 1) else value


def bands_of(number: int) -> tuple[int, ...]:
    """The four 16-bit bands of a hash, highest first."""
    bits = number % (1 << BITS)
    return tuple(bits >> shift & (1 << BAND_BITS) - 1 for shift in range(BITS - BAND_BITS, -1, -BAND_BITS))


def neighbours(band: int) -> list[int]:
    """A band's value and the sixteen that differ from it in one bit."""
    return [band ^ flip for flip in _FLIPS]


def distance(one: int, other: int) -> int:
    """Bits in which two hashes differ."""
    return ((one ^ other) % (1 << BITS)).bit_count()


def comparable(number: int) -> bool:
    """Whether a hash says anything: a blank or black picture sets next to no bits and is like every other one."""
    return _LEAST_SET <= (number % (1 << BITS)).bit_count() <= _MOST_SET


# --- kinds -----------------------------------------------

KINDS: dict[str, str] = {
    "same_photo": N_("Same photo used twice"),
    "near_photo": N_("Nearly the same photo"),
    "far": N_("Far from the community"),
    "outside": N_("Outside the county"),
    "before_start": N_("Before the works started"),
    "impossible_time": N_("Impossible time"),
    "figures_fall": N_("Figures fall"),
    "figures_odd": N_("Unusual figures"),
}
PAIRS = ("same_photo", "near_photo")
FIGURES = ("figures_fall", "figures_odd")
PHOTO_KINDS = tuple(kind for kind in KINDS if kind not in FIGURES)
STATES: dict[str, str] = {"open": N_("Doubtful (finding)"), "dismissed": N_("Set aside (finding)")}
RULES = {**dict.fromkeys(PHOTO_KINDS, "R20"), "figures_fall": "R12", "figures_odd": "R13"}
LONGEST_REASON = 300
RECORDS: dict[str, str] = {
    "report": N_("Month report (finding)"),
    "recognition": N_("Recognition (finding)"),
    "inspection": N_("Inspection (finding)"),
}
"""What a finding stands in."""
OWNERS: dict[str, str] = {
    "MonthlyReport": "report", "ReportItem": "report", "RecognitionItem": "recognition",
    "InspectionItem": "inspection", "Inspection": "inspection",
}  # fmt: skip
"""Owner of the photo (or the report itself) → key of `RECORDS`."""


@dataclass(frozen=True)
class Doubt:
    """One thing that is doubtful: its kind and the values of its sentence (JSON)."""

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)


def sentence(kind: str, values: Mapping[str, Any]) -> Message:
    """What is doubtful in words; of another photo it says no more than the county."""
    get = values.get
    if kind == "same_photo":
        return msg("The same file is also used elsewhere.")
    if kind == "near_photo" and not get("bits"):
        return msg("Looks the same as another photo.")
    if kind == "near_photo":
        return msg("Differs from another photo in %(bits)s of 64 features only.", bits=get("bits", 0))
    if kind == "far":
        text = N_("Taken %(metres)s m from the nearest community of the plan (at most %(most)s m).")
        return msg(text, metres=get("metres", 0), most=get("most", 0))
    if kind == "outside":
        return msg("Taken %(km)s km outside the county.", km=get("km", 0))
    if kind == "before_start":
        text = N_("Taken on %(day)s, before the works started on %(start)s.")
        return msg(text, day=get("day", ""), start=get("start", ""))
    if kind == "impossible_time":
        return _impossible(values)
    return _stored(get("message", {"msgid": ""}))


def _stored(message: Any) -> Any:
    """A message kept as JSON: ``{"msgid": …, "values": {…}}``, values being messages or plain text."""
    if not isinstance(message, Mapping):
        return message
    text = message["msgid"]
    return Message(text, {key: _stored(value) for key, value in (message.get("values") or {}).items()})


def _impossible(values: Mapping[str, Any]) -> Message:
    if values.get("why") == "future":
        return msg("Says that it was taken on %(day)s, after it was uploaded.", day=values.get("day", ""))
    return msg("Says %(day)s: the clock of the camera was not set.", day=values.get("day", ""))


# --- photos (R20) ----------------------------------------

TOLERANCE = dt.timedelta(hours=26)
"""A camera abroad is up to a day ahead, and clocks go wrong a little: later than that after the upload is impossible."""
FIRST_DAY = dt.date(2005, 1, 1)
RESET_DAYS = frozenset(
    {(1970, 1, 1), (1980, 1, 1), (2000, 1, 1), *((year, 1, 1) for year in range(2005, 2018))}
)
"""Days on which the clocks of cameras begin after a change of battery."""
DURING = frozenset({"photo_during", "photo_after", "photo"})
PHOTO_PURPOSES = ("photo_before", "photo_during", "photo_after", "photo")


@dataclass(frozen=True)
class Shot:
    """What is known of a photo: when and where taken (aware; WGS-84 degrees), when uploaded, what it shows."""

    purpose: str
    uploaded_at: dt.datetime
    taken_at: dt.datetime | None = None
    lng: float | Decimal | None = None
    lat: float | Decimal | None = None


@dataclass(frozen=True)
class Site:
    """Where and since when the works are: points of the plan's communities in degrees, start, allowed metres."""

    points: Sequence[tuple[Any, Any]] = ()
    started_on: dt.date | None = None
    most_metres: int = 500


def judge_time(shot: Shot, site: Site) -> list[Doubt]:
    """R20: an impossible time, or a photo of the works from before they started."""
    if shot.taken_at is None:
        return []
    day = shot.taken_at.astimezone(TZ).date()
    if shot.taken_at > shot.uploaded_at + TOLERANCE:
        return [Doubt("impossible_time", {"why": "future", "day": day.isoformat()})]
    if day < FIRST_DAY or (day.year, day.month, day.day) in RESET_DAYS:
        return [Doubt("impossible_time", {"why": "clock", "day": day.isoformat()})]
    if shot.purpose in DURING and site.started_on and day < site.started_on:
        return [Doubt("before_start", {"day": day.isoformat(), "start": site.started_on.isoformat()})]
    return []


def nearest_metres(shot: Shot, site: Site) -> float | None:
    """Metres to the nearest community of the plan; None where the photo or every community has no place."""
    if shot.lng is None or shot.lat is None:
        return None
    lng, lat = float(shot.lng), float(shot.lat)
    return min(
        (haversine_m(lng, lat, x, y) for x, y in site.points if x is not None and y is not None), default=None
    )


def judge_place(shot: Shot, site: Site, outside_km: float | None) -> list[Doubt]:
    """R20: farther than allowed from every community, outside the county (``outside_km``; None: not known)."""
    found = []
    metres = nearest_metres(shot, site)
    if metres is not None and metres > site.most_metres:
        found.append(Doubt("far", {"metres": round(metres), "most": site.most_metres}))
    if shot.lng is not None and outside_km:
        found.append(Doubt("outside", {"km": f"{max(outside_km, 0.01):.2f}"}))
    return found


# --- figures (R12, R13) ----------------------------------


def judge_figures(warnings: Sequence[Mapping[str, Any]]) -> list[Doubt]:
    """What the filler confirmed as falling (R12, in a correction) or unusual (R13).

    ``warnings`` are the report's own: mappings with ``rule`` and ``message`` (``{"msgid", "values"}``).
    """
    kinds = {"R12": "figures_fall", "R13": "figures_odd"}
    return [
        Doubt(kinds[item["rule"]], {"message": item["message"]}) for item in warnings if item.get("rule") in kinds
    ]


# --- pairs -----------------------------------------------


@dataclass(frozen=True)
class Use:
    """One use of a picture: the photo's number, what content of which plan it proves, and as what."""

    attachment_id: int
    content: str
    purpose: str

    @property
    def evidence(self) -> tuple[str, str]:
        return self.content, self.purpose


def doubtful_pair(one: Use, other: Use) -> bool:
    """Whether two uses of a picture contradict each other.

    The same content shown as the same stage in a later month, in a recognition or from the same spot again is no
    contradiction; as before and after of it, in another content or another plan, it is.
    """
    return one.attachment_id != other.attachment_id and one.evidence != other.evidence


def check_reason(reason: str) -> str:
    """The reason of setting a finding aside, trimmed; '' when there is none worth keeping."""
    text = " ".join(reason.split())[:LONGEST_REASON]
    return text if len(text) >= 2 else ""

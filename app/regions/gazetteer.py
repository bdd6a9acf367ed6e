"""Offline place search for 小区定位 (M1.4.1g): exact name first, then what is like it, the town, the county
seat.

A pure ranking over entries that the caller passes in (towns, county seats, addresses of known communities):
no network and no database.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from app.kernel.geo import haversine_m
from app.kernel.text import fold_width, normalise_input, normalised_name, pinyin_initials

Kind = Literal["address", "place", "town", "county"]
Match = Literal["exact", "prefix", "part", "pinyin", "road", "similar", "town", "seat"]
_KIND_ORDER: dict[str, int] = {"place": 0, "address": 1, "town": 2, "county": 3}
_MATCH_ORDER: dict[Match, int] = {
    "exact": 0, "prefix": 1, "part": 2, "pinyin": 3, "road": 4, "similar": 5, "town": 6, "seat": 7,
}  # fmt: skip
_TOWN_TAIL_RE = re.compile(r"(?:街道办事处|街道|民族乡|乡|镇)\Z")
_ROAD_RE = re.compile(r"([\u4e00-\u9fff]{1,8}?(?:大道|大街|路|街|巷|弄))(?!道)")
_REGION_RE = re.compile(r"\A(?:[\u4e00-\u9fff]{2,8}?省)?(?:[\u4e00-\u9fff]{2,8}?(?:市|自治州))?")


@dataclass(frozen=True, slots=True)
class Entry:
    """A named point (degrees). ``detail`` is shown beside the name: the street or county it belongs to.

    ``pinyin`` may hold the full spelling without spaces; initials are made from the name.
    """

    name: str
    kind: Kind
    lng: float
    lat: float
    county_code: str = ""
    detail: str = ""
    pinyin: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry found, how it matched, and its distance in metres from the point of reference, if one was
    given."""

    entry: Entry
    match: Match
    metres: float | None = None


@dataclass(frozen=True, slots=True)
class _Query:
    text: str
    short: str
    latin: str
    roads: tuple[str, ...]
    pairs: frozenset[str]


def search(
    query: str,
    entries: Iterable[Entry],
    *,
    county_code: str = "",
    origin: tuple[float, float] | None = None,
    limit: int = 8,
) -> list[Hit]:
    """The ``limit`` likeliest places for what was typed, best first; nothing for an empty query.

    ``county_code`` leaves out other counties and adds the county's seat as a last resort; ``origin`` (lng,
    lat) orders equals by distance. Chinese, pinyin initials and full pinyin are understood.
    """
    asked = _prepare(query)
    if not asked.text or limit < 1:
        return []
    found: list[tuple[tuple[int, float, int, float, str], Hit]] = []
    for entry in entries:
        if county_code and entry.county_code != county_code:
            continue
        match = _match(asked, entry, bool(county_code))
        if match is None:
            continue
        metres = haversine_m(*origin, entry.lng, entry.lat) if origin is not None else None
        unlike = 1 - _likeness(asked.pairs, _plain(entry.name))
        rank = (_MATCH_ORDER[match], round(unlike, 6), _KIND_ORDER[entry.kind], metres or 0.0, entry.name)
        found.append((rank, Hit(entry, match, metres)))
    found.sort(key=lambda item: item[0])
    return _distinct([hit for _, hit in found], limit)


def _distinct(hits: Sequence[Hit], limit: int) -> list[Hit]:
    """The first of entries that share name and place (five decimals, a metre)."""
    seen: dict[tuple[str, float, float], Hit] = {}
    for hit in hits:
        seen.setdefault((hit.entry.name, round(hit.entry.lng, 5), round(hit.entry.lat, 5)), hit)
        if len(seen) == limit:
            break
    return list(seen.values())


def _prepare(query: str) -> _Query:
    text = _plain(query)
    without_region = _REGION_RE.sub("", text) or text
    return _Query(
        text=without_region,
        short=normalised_name(without_region),
        latin=without_region if without_region.isascii() and without_region.isalpha() else "",
        roads=_roads(without_region),
        pairs=_pairs(without_region),
    )


def _match(asked: _Query, entry: Entry, in_county: bool) -> Match | None:
    name = _plain(entry.name)
    if not name:
        return None
    if name == asked.text or (asked.short and normalised_name(entry.name) == asked.short):
        return "exact"
    if entry.kind == "town" and _TOWN_TAIL_RE.sub("", name) == asked.text:
        return "exact"
    if asked.latin:
        match = _match_latin(asked.latin, name, entry)
    else:
        match = _match_chinese(asked, name, entry)
    return "seat" if match is None and in_county and entry.kind == "county" else match


def _match_latin(latin: str, name: str, entry: Entry) -> Match | None:
    initials, pinyin = pinyin_initials(entry.name), entry.pinyin.lower().replace(" ", "")
    if name.startswith(latin):
        return "prefix"
    return "pinyin" if len(latin) >= 2 and (latin in initials or pinyin.startswith(latin)) else None


def _match_chinese(asked: _Query, name: str, entry: Entry) -> Match | None:
    if name.startswith(asked.text):
        return "prefix"
    if asked.text in name:
        return "part"
    if entry.kind == "town":
        stem = _TOWN_TAIL_RE.sub("", name)
        return "town" if name in asked.text or (len(stem) >= 2 and asked.text.startswith(stem)) else None
    if entry.kind == "county":
        return None
    if len(name) >= 2 and name in asked.text:
        return "part"
    if asked.roads and any(road in name for road in asked.roads):
        return "road"
    return "similar" if _likeness(asked.pairs, name) >= 0.5 else None


@lru_cache(maxsize=65_536)
def _plain(text: str) -> str:
    return fold_width(normalise_input(text)).replace(" ", "").lower()


def _roads(text: str) -> tuple[str, ...]:
    """Road names in an address: ``玉霞街道临沅路456号`` → ``临沅路``."""
    after_town = re.sub(r"\A.*?(?:街道|[乡镇])(?=.)", "", text)
    return tuple(road for road in _ROAD_RE.findall(after_town) if len(road) >= 3)


def _pairs(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 2] for i in range(len(text) - 1))


def _likeness(pairs: frozenset[str], name: str) -> float:
    """Share of equal bigrams (0–1)."""
    others = _pairs(name)
    total = len(pairs) + len(others)
    return 2 * len(pairs & others) / total if total else 0.0

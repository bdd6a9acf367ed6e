"""The import template of 小区: the manual's eleven columns first, every other field after them (M1.4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.communities.fields import PLACE_KINDS, PROPERTY_KINDS
from app.communities.models import Community
from app.exchange.columns import Kind, SheetColumn
from app.extensions import _
from app.kernel.actor import Actor
from app.kernel.errors import N_, Message, msg
from app.regions.cache import current

#: Headings of the official template and of county-made lists; they are understood in every language.
OFFICIAL: dict[str, tuple[str, ...]] = {
    "city": ("市州", "市（州）", "地市"),
    "county": ("区县", "县市区", "县（市、区）", "县区"),
    "name": ("小区名称", "小（片）区名称", "老旧小区名称"),
    "built_year": ("小区建成时间(年)", "建成时间", "建成年份", "建成年代"),
    "building_count": ("楼栋数(栋)", "栋数", "楼栋数量"),
    "household_count": ("居民户数(户)", "户数", "涉及户数"),
    "floor_area": ("建筑面积(万㎡)", "建筑面积(万平方米)"),
    "planned_investment": ("计划投资金额(万元)", "计划投资", "计划投资(万元)"),
    "unit_count": ("单元数", "单元数量"),
    "unit_without_elevator_count": ("无电梯单元数",),
    "substandard_household_count": (
        "筒子楼、简易楼等非成套住宅居民户数(户)", "非成套住宅居民户数", "筒子楼、筒子楼等非成套住宅居民户数",
    ),
    "town": ("街道", "所属街道", "乡镇街道", "街道(乡镇)"),
    "address": ("小区详细地址", "详细地址", "地址"),
    "lng": ("经度",),
    "lat": ("纬度",),
    "place_kind": ("城市/县城",),
    "property_kind": ("房屋性质",),
    "supervision_unit": ("直接监管责任单位", "监管责任单位"),
    "supervisor_name": ("直接监管单位日常监管负责人", "日常监管负责人"),
    "supervisor_phone": ("监管负责人联系电话",),
    "implementer_unit": ("改造实施单位",),
    "implementer_name": ("责任人", "改造实施单位责任人"),
    "implementer_phone": ("实施单位电话", "改造实施单位电话"),
    "original_owners": ("原产权单位",),
    "intended_contents": ("意向改造内容",),
}  # fmt: skip
REQUIRED = tuple(OFFICIAL)[:11]
#: Columns of the file that are columns of the table under the same name.
STORED = tuple(key for key in OFFICIAL if key not in ("city", "county", "town"))
#: What the preview shows before everything else.
SHOWN = ("name", "built_year", "building_count", "household_count", "floor_area", "planned_investment",
         "unit_count", "unit_without_elevator_count", "substandard_household_count")  # fmt: skip

_INTS = {"built_year", "building_count", "household_count", "unit_count", "unit_without_elevator_count",
         "substandard_household_count"}  # fmt: skip
_DECIMALS = {"floor_area": 4, "planned_investment": 2, "lng": 6, "lat": 6}
_WITH_UNIT = {"built_year", "building_count", "household_count", "floor_area", "planned_investment",
              "substandard_household_count"}  # fmt: skip
_WIDTHS = {"name": 26, "address": 30, "supervision_unit": 24, "implementer_unit": 24, "intended_contents": 30,
           "substandard_household_count": 22}  # fmt: skip
_LEAST: dict[str, float] = {"built_year": 1900, "building_count": 1, "household_count": 1, "unit_count": 0,
                            "unit_without_elevator_count": 0, "substandard_household_count": 0,
                            "floor_area": 0.0001, "planned_investment": 0, "lng": 73, "lat": 3}  # fmt: skip
_MOST: dict[str, float] = {"built_year": 2100, "lng": 136, "lat": 54, "floor_area": 99999.9999,
                           "planned_investment": 99999999.99}  # fmt: skip
_EXAMPLES = {"name": "幸福里小区", "built_year": "1993", "building_count": "3", "household_count": "75",
             "floor_area": "0.66", "planned_investment": "225.00", "unit_count": "6",
             "unit_without_elevator_count": "6", "substandard_household_count": "0",
             "supervisor_phone": "13800000000"}  # fmt: skip
_NOTES: dict[str, str] = {
    "city": N_("May stay empty where the county is told."),
    "county": N_("A county of your own jurisdiction."),
    "name": N_("Must not be empty. A community of the same name in the county is updated, not added again."),
    "built_year": N_("Four digits. 2001–2005 is marked, later years cannot be included."),
    "floor_area": N_("In 10,000 m², at most 4 decimals."),
    "planned_investment": N_("In 10,000 yuan, at most 2 decimals."),
    "unit_without_elevator_count": N_("Not more than the number of units."),
    "substandard_household_count": N_("Not more than the number of households."),
    "town": N_("As the sub-district is called officially."),
    "lng": N_("Degrees (CGCS2000), inside the county; together with the latitude."),
    "lat": N_("Degrees (CGCS2000), inside the county; together with the longitude."),
    "supervisor_phone": N_("11-digit mobile number, or area code and number."),
    "implementer_phone": N_("11-digit mobile number, or area code and number."),
}


def columns(actor: Actor) -> tuple[SheetColumn, ...]:
    """The columns with headings, drop-downs and notes in the actor's language and jurisdiction."""
    choices, examples = _choices(actor), _examples(actor)
    return tuple(_column(key, choices.get(key, ()), examples.get(key, "")) for key in OFFICIAL)


def _column(key: str, choices: tuple[str, ...], example: str) -> SheetColumn:
    label, unit = heading(key)
    kind: Kind = "int" if key in _INTS else "decimal" if key in _DECIMALS else "text"
    info = Community.__table__.c[key].info if key in STORED else {}
    return SheetColumn(
        key, label, aliases=(*OFFICIAL[key], *filter(None, (str(info.get("label", "")),))),
        required=key in REQUIRED, kind=kind, choices=choices, note=_(_NOTES[key]) if key in _NOTES else "",
        width=_WIDTHS.get(key), unit=unit, example=example or _EXAMPLES.get(key, ""),
        decimals=_DECIMALS.get(key, 2),
        minimum=_LEAST.get(key), maximum=_MOST.get(key), fill_merged=key in ("city", "county", "town"),
    )  # fmt: skip


def heading(key: str) -> tuple[str, str]:
    """Label and unit of a column, translated, as the official template prints them."""
    special = {
        "city": _("City"),
        "county": _("County"),
        "town": _("Sub-district"),
        "substandard_household_count": _("Households in tube-shaped, simple and other substandard flats"),
    }
    info: Mapping[str, Any] = Community.__table__.c[key].info if key in STORED else {}
    label = special.get(key) or str(info["label"])
    return label, str(info["unit"]) if key in _WITH_UNIT else ""


def _choices(actor: Actor) -> dict[str, tuple[str, ...]]:
    """Drop-down lists: kinds for everybody, the towns of a county, the own cities and counties."""
    regions = current()
    counties = regions.in_scope(actor.scope)
    names = tuple(dict.fromkeys(region.name for region in counties))
    cities = tuple(dict.fromkeys(filter(None, (regions.city_name(region.code) for region in counties))))
    lists = {
        "city": cities,
        "county": names,
        "place_kind": tuple(_(label) for label in PLACE_KINDS.values()),
        "property_kind": tuple(_(label) for label in PROPERTY_KINDS.values()),
    }
    if actor.region_level == "county":
        lists["town"] = tuple(dict.fromkeys(town.name for town in regions.towns(actor.region_code)))
    return lists


def _examples(actor: Actor) -> dict[str, str]:
    counties = current().in_scope(actor.scope)
    if not counties:
        return {}
    return {"city": current().city_name(counties[0].code), "county": counties[0].name}


def instructions(actor: Actor) -> tuple[Message, ...]:
    """What stands at the head of the instructions."""
    return (
        msg("One row per community. Nothing is written before you have checked the preview."),
        msg(
            "An empty cell leaves what is stored as it is; a community of the same name in the county is updated."
        ),
        msg(
            "Columns after the eleventh may be left out; the communities are then listed as to be completed."
        ),
    )

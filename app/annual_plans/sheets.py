"""The import template of a year's plan tasks (M1.6.c): what the yearly declaration says of each 小(片)区."""

from __future__ import annotations

from typing import Any

from app.annual_plans.models import PlanTask
from app.annual_plans.rules import FUNDS, PROGRAMMES
from app.areas.rules import TEXTS
from app.exchange.columns import Kind, SheetColumn
from app.extensions import _
from app.kernel import calendar
from app.kernel.actor import Actor
from app.kernel.errors import N_, Message, msg
from app.regions.cache import current

#: Headings of declaration lists as offices write them; they are understood in every language.
OFFICIAL: dict[str, tuple[str, ...]] = {
    "city": ("市州", "市（州）", "州市", "地市"),
    "county": ("区县", "县市区", "县（市、区）", "县区"),
    "year": ("列入计划年度", "计划年度", "年度"),
    "name": ("小(片)区名称", "小区名称", "片区名称", "项目名称", "计划任务名称"),
    "code": ("小(片)区编码", "小区编码", "项目编码", "编码"),
    "address": ("详细地址", "小区详细地址", "地址"),
    "supervision_unit": ("监管责任单位", "直接监管责任单位"),
    "supervisor_name": ("日常监管负责人", "直接监管单位日常监管负责人"),
    "supervisor_phone": ("监管负责人联系电话", "联系电话"),
    "original_owners": ("原产权单位",),
    "planned_start": ("计划开工时间", "计划开工日期", "计划开工"),
    "planned_finish": ("计划完工时间", "计划完工日期", "计划完工", "计划竣工时间"),
    "central_budget": ("中央预算内资金支持", "中央预算内投资支持", "是否是中央预算内资金支持项目"),
    "provincial_pilot": ("省级试点小区", "省级试点", "是否纳入省级试点小区"),
    "livelihood": ("民生实事", "重点民生实事", "是否纳入1000个民生实事项目"),
    "special_bond": ("专项债", "专项债券", "是否是专项债支持项目"),
    "funds_planned": ("计划总投资(万元)", "计划总投资", "计划投资金额(万元)", "计划投资"),
    "funds_completed": ("完成投资(万元)", "已完成投资"),
    "funds_state_budget": ("国家预算资金(万元)", "国家预算资金"),
    "funds_residents": ("居民出资(万元)", "居民出资"),
    "funds_social": ("社会资本(万元)", "社会资本"),
    "funds_other": ("其他资金(万元)", "其他"),
    "funds_in_place": ("到位资金(万元)", "资金到位"),
}  # fmt: skip
REQUIRED = ("city", "county", "year", "name")
#: Columns of the file that are columns of the table under the same name.
DATES = ("planned_start", "planned_finish")
STORED = ("year", "name", *(key for key in TEXTS if key != "name"), *DATES, *PROGRAMMES, *FUNDS)
#: What the preview shows before everything else.
SHOWN = ("name", "year", "code", "planned_start", "planned_finish", "funds_planned", *PROGRAMMES)

_MONEY = frozenset({*FUNDS, "funds_in_place"})
_WIDTHS: dict[str, float] = {"name": 28, "code": 20, "address": 30, "supervision_unit": 24}
_NOTES: dict[str, str] = {
    "city": N_("May stay empty where the county is told."),
    "county": N_("A county of your own jurisdiction."),
    "year": N_("Four digits."),
    "code": N_("Leave it empty: the portal gives a code. Older tasks keep theirs."),
    "supervisor_phone": N_("11-digit mobile number, or area code and number."),
    "planned_start": N_("May stay empty: then the deadlines of the province count."),
    "funds_in_place": N_("Computed. If it is told, it must be the sum of the four sources."),
    **dict.fromkeys(FUNDS, N_("In 10,000 yuan, at most 2 decimals.")),
}  # fmt: skip


def columns(actor: Actor) -> tuple[SheetColumn, ...]:
    """The columns with headings, drop-downs and notes in the actor's language and jurisdiction."""
    choices, examples = _choices(actor), _examples(actor)
    return tuple(_column(key, choices.get(key, ()), examples.get(key, "")) for key in OFFICIAL)


def _column(key: str, choices: tuple[str, ...], example: str) -> SheetColumn:
    kind: Kind = "text"
    if key == "year":
        kind = "int"
    elif key in DATES:
        kind = "date"
    elif key in _MONEY:
        kind = "decimal"
    return SheetColumn(
        key, label_of(key), aliases=OFFICIAL[key], required=key in REQUIRED, kind=kind, choices=choices,
        note=_(_NOTES[key]) if key in _NOTES else "", width=_WIDTHS.get(key),
        unit=_("10k yuan") if key in _MONEY else "", example=example,
        minimum=2000 if key == "year" else 0 if key in _MONEY else None,
        maximum=2100 if key == "year" else 99999999.99 if key in _MONEY else None,
        fill_merged=key in ("city", "county", "year"),
    )  # fmt: skip


def label_of(key: str) -> str:
    """The translated heading of a column, without its unit."""
    if key in ("city", "county"):
        return _("City") if key == "city" else _("County")
    info: dict[str, Any] = PlanTask.__table__.c[key].info
    return str(info["label"])


def _choices(actor: Actor) -> dict[str, tuple[str, ...]]:
    """Drop-down lists: the own cities and counties, yes and no."""
    regions = current()
    counties = regions.in_scope(actor.scope)
    cities = dict.fromkeys(filter(None, (regions.city_name(region.code) for region in counties)))
    return {
        "city": tuple(cities),
        "county": tuple(dict.fromkeys(region.name for region in counties)),
        **dict.fromkeys(PROGRAMMES, (_("Yes"), _("No"))),
    }


def _examples(actor: Actor) -> dict[str, str]:
    regions, year = current(), calendar.today().year
    counties = regions.in_scope(actor.scope)
    place = {"city": regions.city_name(counties[0].code), "county": counties[0].name} if counties else {}
    return {
        **place, "year": str(year), "name": "幸福里片区", "planned_start": f"{year}-05-01",
        "planned_finish": f"{year + 1}-12-31", "funds_planned": "225.00", "supervisor_phone": "13800000000",
        **dict.fromkeys(PROGRAMMES, _("No")),
    }  # fmt: skip


def instructions(actor: Actor) -> tuple[Message, ...]:
    """What stands at the head of the instructions."""
    return (
        msg("One row per plan task. Nothing is written before you have checked the preview."),
        msg(
            "A task of the same code, or of the same year, county and name, is updated; empty cells change nothing."
        ),
        msg(
            "Buildings, households and floor area are not imported: they follow from the linked communities."
        ),
    )

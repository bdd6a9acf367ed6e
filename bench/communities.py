"""Invented communities for the benchmark: seeded, with realistic Chinese names, towns and figures.

The same size gives the same rows on every machine. Nobody's real name or number is used.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SEED = 20260101
COUNTY = "430703"
COUNTY_ROWS = 5000
#: Communities of that county that no plan holds: what its linking dialog chooses from.
COUNTY_FREE = 3000
PROVINCES = ("43", "52")
EXPORT_KIND = "reform"
EXPORT_SHARE = 60_000 / 220_000
FIRST_SEARCH, INITIALS_SEARCH = "纺织", "fzc"

_PLACES = ["建设", "人民", "解放", "五一", "和平", "朝阳", "胜利", "红旗", "东风", "新华", "中山", "团结", "滨江", "桃园", "龙泉", "青山", "翠竹", "金桂", "芙蓉", "玉兰", "梅溪", "柳叶", "清泉", "幸福", "文昌", "学府", "书院", "南门", "北门", "东门", "西门", "河街", "桥头", "码头", "车站", "站前", "城关", "沿江", "湖滨", "园林", "百花", "紫薇", "银杏", "香樟", "枫林", "松柏", "云山", "凤凰", "白云"]
_UNITS = ["供销社", "粮食局", "农机厂", "纺织厂", "棉纺织厂", "机械厂", "化肥厂", "水泥厂", "造纸厂", "印刷厂", "酒厂", "卷烟厂", "电力局", "邮电局", "水利局", "税务局", "财政局", "交通局", "教育局", "卫生局", "人民医院", "中医院", "一中", "二中", "师范", "公安局", "法院", "检察院", "林业局", "农业局", "物资局", "商业局", "外贸公司", "百货公司", "建筑公司", "运输公司", "自来水公司", "煤矿", "铁路", "航运公司", "药材公司", "蔬菜公司", "食品厂", "制药厂", "电机厂", "轴承厂", "陶瓷厂", "玻璃厂", "橡胶厂", "无线电厂", "接待处", "国土局", "工商局"]
_ENDINGS = ["宿舍", "家属院", "家属区", "职工宿舍", "小区", "新村", "住宅区", "生活区", "公寓"]
_ESTATES = ["小区", "新村", "花园", "家园", "苑", "公寓", "里", "安置小区", "商住楼", "住宅小区"]
_ORDINALS = ("", "", "", "", "", "一", "二", "三", "第一", "第二", "第三", "东", "西", "南", "北", "老")
_SURNAMES = "陈王李张刘杨黄周吴徐孙胡朱高林何郭马罗梁"
_KINDS = ("commodity", "public", "affordable", "collective", "other")
_CONTENTS = ("供水管网、道路、照明设施", "弱电架空线规整、道路、绿化", "雨污分流、屋面防水、停车位", "燃气管网、加装电梯、消防设施")


def regions() -> tuple[list[str], dict[str, str], dict[str, list[tuple[str, str]]], dict[str, tuple[float, float]]]:
    """County codes, names by code, (code, name) of the towns of each county, and each county's middle."""
    with (ROOT / "seed" / "regions.csv").open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    names = {row["code"]: row["name"] for row in rows}
    counties = [row["code"] for row in rows if row["level"] == "county"]
    middles = {row["code"]: (float(row["label_lng"]), float(row["label_lat"])) for row in rows if row["level"] == "county"}
    towns: dict[str, list[tuple[str, str]]] = {code: [] for code in counties}
    with (ROOT / "seed" / "towns.csv").open(encoding="utf-8-sig", newline="") as source:
        for row in csv.DictReader(source):
            towns.setdefault(row["county_code"], []).append((row["code"], row["name"]))
    return counties, names, towns, middles


def generate(size: int) -> Iterator[dict[str, Any]]:
    """``size`` communities in the order in which counties would send them: batches, mixed over the provinces."""
    rng = random.Random(SEED)
    counties, names, towns, middles = regions()
    numbers = _shares(rng, counties, size)
    batches: list[tuple[str, int]] = []
    for code, number in numbers.items():
        while number > 0:
            part = min(number, rng.randint(20, 200))
            batches.append((code, part))
            number -= part
    rng.shuffle(batches)
    exported = round(size * EXPORT_SHARE)
    hunan = sum(n for code, n in numbers.items() if code.startswith("43"))
    chance = exported / hunan
    for code, part in batches:
        for _ in range(part):
            yield _community(rng, code, names[code], towns.get(code) or [], middles[code], chance)


def _shares(rng: random.Random, counties: list[str], size: int) -> dict[str, int]:
    """Rows per county: the county of the benchmark has a fixed number, the others differ by a factor of ten."""
    fixed = min(COUNTY_ROWS, size // 10)
    weights = {code: rng.uniform(1, 10) for code in counties if code != COUNTY}
    whole = sum(weights.values())
    numbers = {code: int((size - fixed) * weight / whole) for code, weight in weights.items()}
    numbers[max(numbers, key=lambda code: numbers[code])] += size - fixed - sum(numbers.values())
    return {**numbers, COUNTY: fixed}


def _name(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return rng.choice(_PLACES) + rng.choice(_ORDINALS) + rng.choice(_UNITS) + rng.choice(_ENDINGS)
    number = f"{rng.randint(1, 300)}号" if rng.random() < 0.3 else rng.choice(_ORDINALS)
    road = rng.choice(("路", "街", "巷", "", ""))
    return rng.choice(_PLACES) + road + rng.choice(_PLACES) + number + rng.choice(_ESTATES)


def _community(
    rng: random.Random, code: str, county: str, towns: list[tuple[str, str]], middle: tuple[float, float], chance: float
) -> dict[str, Any]:
    town_code, town = rng.choice(towns) if towns and rng.random() < 0.97 else (None, county)
    buildings = rng.randint(1, 30)
    households = buildings * rng.randint(12, 60)
    units = buildings * rng.randint(1, 4)
    area = households * rng.randint(60, 110)
    export_kind = code.startswith("43") and rng.random() < chance
    complete = rng.random() < 0.8
    return {
        "county_code": code,
        "name": _name(rng),
        "town_code": town_code,
        "street": town,
        "address": f"{town}{rng.choice(_PLACES)}路{rng.randint(1, 400)}号",
        "lng": f"{middle[0] + rng.uniform(-0.1, 0.1):.6f}",
        "lat": f"{middle[1] + rng.uniform(-0.1, 0.1):.6f}",
        "built_year": rng.choices(range(1975, 2006), weights=[*range(1, 21), *range(20, 9, -1)])[0],
        "place_kind": rng.choice(("city", "county_town")),
        "building_count": buildings,
        "unit_count": units,
        "unit_without_elevator_count": rng.randint(0, units),
        "household_count": households,
        "substandard_household_count": rng.randint(0, households // 10),
        "floor_area": f"{area / 10_000:.4f}",
        "property_kind": EXPORT_KIND if export_kind else rng.choice(_KINDS),
        "planned_investment": f"{households * rng.randint(150, 400) / 100:.2f}",
        "supervision_unit": f"{county}住房保障服务中心" if complete else "",
        "supervisor_name": f"{rng.choice(_SURNAMES)}某",
        "supervisor_phone": f"138{rng.randint(0, 9999):08d}",
        "implementer_unit": f"{town}办事处",
        "implementer_name": f"{rng.choice(_SURNAMES)}某",
        "implementer_phone": f"138{rng.randint(0, 9999):08d}",
        "original_owners": rng.choice(_UNITS) if rng.random() < 0.4 else "",
        "intended_contents": rng.choice(_CONTENTS),
    }

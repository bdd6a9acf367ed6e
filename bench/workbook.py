"""The workbook of 20,000 new communities of one county, with the headings that each product's import knows."""

from __future__ import annotations

import time
from itertools import islice
from pathlib import Path

import xlsxwriter

from bench.communities import COUNTY, generate, regions
from bench.databases import HOME
from bench.subject import IMPORT_MARK

ROWS = 20_000
# our heading, Django's field, the key of the generated row
FIELDS = (
    ("小区名称", "name", "name"), ("街道", "town", "town_code"), ("小区详细地址", "address", "address"),
    ("小区建成时间(年)", "built_year", "built_year"), ("楼栋数(栋)", "building_count", "building_count"),
    ("居民户数(户)", "household_count", "household_count"), ("建筑面积(万㎡)", "floor_area", "floor_area"),
    ("计划投资金额(万元)", "planned_investment", "planned_investment"), ("单元数", "unit_count", "unit_count"),
    ("无电梯单元数", "unit_without_elevator_count", "unit_without_elevator_count"),
    ("筒子楼、简易楼等非成套住宅居民户数(户)", "substandard_household_count", "substandard_household_count"),
    ("改造实施单位", "implementer_unit", "implementer_unit"),
)  # fmt: skip
_NUMBERS = frozenset({"floor_area", "planned_investment"})


def write_workbooks(rows: int = ROWS) -> dict[str, str]:
    """One workbook per product under var/bench, the same rows in both; names are new in every run."""
    _counties, names, towns, _middles = regions()
    tag = f"{int(time.time()):x}"
    here = towns[COUNTY]
    paths = {who: str(HOME / f"import-{who}.xlsx") for who in ("ours", "django")}
    records = []
    for number, row in enumerate(islice(generate(rows * 2), rows)):
        code, town = here[number % len(here)]
        name = f"{row['name']}{tag}{number:05d}"
        records.append({**row, "name": name, "town_code": code, "town": town, "implementer_unit": IMPORT_MARK})
    city, county = names[COUNTY[:4] + "00"], names[COUNTY]
    ours = [["市州", "区县", *(heading for heading, _field, _key in FIELDS)]]
    ours += [[city, county, *(row["town"] if k == "town_code" else _cell(row, k) for _h, _f, k in FIELDS)] for row in records]
    django = [["county", *(field for _heading, field, _key in FIELDS)]]
    django += [[COUNTY, *(_cell(row, key) for _h, _f, key in FIELDS)] for row in records]
    for who, content in (("ours", ours), ("django", django)):
        _write(Path(paths[who]), content)
    return paths


def _cell(row: dict[str, object], key: str) -> object:
    return float(str(row[key])) if key in _NUMBERS else row[key]


def _write(path: Path, content: list[list[object]]) -> None:
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    sheet = book.add_worksheet("import")
    for number, row in enumerate(content):
        sheet.write_row(number, 0, row)
    book.close()

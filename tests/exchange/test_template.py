"""Templates that guard themselves, and bad rows that come back as one (M1.4.2)."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import openpyxl
import pytest

from app.exchange.columns import SheetColumn
from app.exchange.reader import read_rows
from app.exchange.template import GUARDED_ROWS, BadRow, template_order, write_errors, write_template
from app.kernel.errors import Message, msg

pytestmark = pytest.mark.req("M1.4.2")

COUNTIES = tuple(f"示例第{number}区县" for number in range(235))
COLUMNS = (
    SheetColumn("note", "备注", width=30),
    SheetColumn("county", "区县", required=True, choices=COUNTIES, example="鼎城区"),
    SheetColumn("name", "小区名称", required=True, note="与门牌或产权证一致", example="司法局院落"),
    SheetColumn("place", "位置", choices=("城市(建成区)", "县城(城关镇)")),
    SheetColumn(
        "built", "建成时间", kind="int", unit="年", minimum=1949, maximum=2005, required=True, example="1993"
    ),
    SheetColumn("area", "建筑面积", kind="decimal", unit="万㎡", decimals=4, example="0.66"),
    SheetColumn("started", "开工时间", kind="date"),
    SheetColumn("elevator", "加装电梯", kind="bool"),
)


def template(**options: Any) -> Any:
    stream = io.BytesIO()
    write_template(stream, COLUMNS, sheet_name="导入", **options)
    return stream.getvalue()


def opened(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data))


def test_required_columns_come_first_and_are_starred() -> None:
    sheet = opened(template(title="意向小区导入模板"))["导入"]
    assert sheet["A1"].value == "意向小区导入模板"
    assert [cell.value for cell in sheet[2]] == [
        "*区县", "*小区名称", "*建成时间(年)", "备注", "位置", "建筑面积(万㎡)", "开工时间", "加装电梯",
    ]  # fmt: skip
    assert [column.key for column in template_order(COLUMNS)][:3] == ["county", "name", "built"]
    assert sheet["A2"].fill.fgColor.rgb != sheet["D2"].fill.fgColor.rgb
    assert sheet.freeze_panes == "A3"


def test_every_column_has_its_check_and_note() -> None:
    book = opened(template())
    sheet = book["导入"]
    checks = {str(check.sqref): check for check in sheet.data_validations.dataValidation}
    last = GUARDED_ROWS + 1
    assert set(checks) == {f"{letter}2:{letter}{last}" for letter in "ABCDEFGH"}
    assert checks[f"A2:A{last}"].formula1 == "_lists!$A$1:$A$235"
    assert checks[f"E2:E{last}"].formula1 == '"城市(建成区),县城(城关镇)"'
    built = checks[f"C2:C{last}"]
    assert (built.type, built.operator or "between", built.formula1, built.formula2) == (
        "whole",
        "between",
        "1949",
        "2005",
    )
    assert checks[f"G2:G{last}"].type == "date"
    assert checks[f"H2:H{last}"].formula1 == '"Yes,No"'
    assert "与门牌或产权证一致" in checks[f"B2:B{last}"].prompt
    assert "与门牌或产权证一致" in sheet["B1"].comment.text
    assert "Whole number" in sheet["C1"].comment.text
    assert (book["_lists"].sheet_state, book["_lists"]["A235"].value) == ("veryHidden", COUNTIES[-1])


def test_text_columns_keep_leading_zeros() -> None:
    sheet = opened(template())["导入"]
    assert sheet.column_dimensions["B"].number_format == "@"


def test_instructions_show_a_sample_row() -> None:
    def translate(message: Message) -> str:
        return f"译{message}"

    sheet = opened(template(instructions=["每行一个小区"], translate=translate))["译Instructions"]
    texts = [[cell.value or None for cell in row] for row in sheet.iter_rows()]
    assert texts[0][0] == "每行一个小区"
    assert ["建成时间(年)", "译Yes", "译Whole number", None, "1993"] in [row[:5] for row in texts]
    assert texts[-2][:3] == ["区县", "小区名称", "建成时间(年)"]
    assert texts[-1][:3] == ["鼎城区", "司法局院落", "1993"]


def test_an_empty_template_reads_as_an_empty_table() -> None:
    table = read_rows(template(title="模板"), COLUMNS, filename="模板.xlsx")
    assert (table.rows, table.missing, table.unknown, table.sheet_name) == ((), (), (), "导入")


def test_one_column_makes_a_template() -> None:
    stream = io.BytesIO()
    write_template(stream, COLUMNS[:1], sheet_name="一", title="标题")
    assert read_rows(stream.getvalue(), COLUMNS[:1]).rows == ()


BAD = (
    BadRow(
        7,
        (None, "鼎城区", "=甲", None, "98户", "0.66", dt.date(2024, 5, 1), None),
        (msg("Must be a number."),),
        frozenset({"built"}),
    ),
    BadRow(
        40,
        ("007", "鼎城区", "+乙", None, "1993", "01.5", "2024年", "是"),
        (msg("A"), msg("At most %(n)s.", n=3)),
        frozenset({"name"}),
    ),
)


@pytest.mark.req("D4")
def test_bad_rows_come_back_with_their_cells_and_reasons() -> None:
    stream = io.BytesIO()
    assert write_errors(stream, COLUMNS, iter(BAD), sheet_name="错误行") == 2
    sheet = opened(stream.getvalue())["错误行"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][-2:] == ["Original row", "Error"]
    assert rows[1][1:6] == ["鼎城区", "=甲", None, "98户", 0.66]
    assert rows[1][-2:] == [7, "Must be a number."]
    assert rows[2] == ["007", "鼎城区", "+乙", None, 1993, "01.5", "2024年", "是", 40, "A\nAt most 3."]
    assert [sheet[place].data_type for place in ("C2", "C3")] == ["s", "s"]
    assert sheet["C2"].quotePrefix and sheet["C3"].quotePrefix and not sheet["E2"].quotePrefix
    assert sheet["E2"].fill.fgColor.rgb == sheet["C3"].fill.fgColor.rgb != sheet["B2"].fill.fgColor.rgb
    assert len(sheet.data_validations.dataValidation) == len(COLUMNS)


def test_bad_rows_can_be_mended_and_read_again() -> None:
    stream = io.BytesIO()
    write_errors(stream, COLUMNS, BAD)
    table = read_rows(stream.getvalue(), COLUMNS)
    assert (table.missing, table.unknown, table.repeated) == ((), (), ())
    assert table.rows == tuple(tuple(bad.cells) for bad in BAD)


def test_heads_are_never_formulas() -> None:
    stream = io.BytesIO()
    write_template(
        stream, [SheetColumn("a", "=1+1", example="=2", note="=3")], sheet_name="s", instructions=["=4"]
    )
    for sheet in opened(stream.getvalue()).worksheets:
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)

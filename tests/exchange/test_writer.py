"""The streamed writer against plain XlsxWriter, cell for cell, and against what users type (D4, M1.L)."""

from __future__ import annotations

import datetime as dt
import io
import tracemalloc
import zipfile
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
import python_calamine
import xlsxwriter
from openpyxl.utils.escape import unescape

from app.exchange import package
from app.exchange.columns import Column, Sheet
from app.exchange.writer import write_workbook

pytestmark = pytest.mark.req("D4", "M1.L")

COLUMNS = (
    Column("name", "小区名称", width=24),
    Column("households", "居民户数", "int", unit="户"),
    Column("area", "建筑面积", "decimal", unit="万㎡", decimals=4),
    Column("built", "竣工日期", "date"),
    Column("saved", "填报时间", "datetime"),
    Column("month", "月份", "month"),
    Column("elevator", "加装电梯", "bool"),
    Column("historic", "历史街区", "bool", labels=("是", "否")),
)


def make_row(number: int) -> tuple[Any, ...]:
    return (
        f"司法局院落{number}",
        number * 7,
        Decimal(number) / 10_000,
        dt.date(1999, 1, 1) + dt.timedelta(days=number),
        dt.datetime(2024, 5, 1, 8, 30) + dt.timedelta(seconds=number * 977),
        dt.date(2024, number % 12 + 1, 1),
        number % 2 == 0,
        number % 3 == 0,
    )


AWKWARD_ROWS = [
    (None, None, None, None, None, None, None, None),
    ("", "", "", "", "", "", "", ""),
    (
        "=1+1",
        0,
        Decimal("0.00"),
        dt.date(1900, 1, 1),
        dt.datetime(1900, 2, 28, 12),
        dt.date(2024, 2, 1),
        True,
        None,
    ),
    ("＝cmd|' /C calc'!A0", -5, Decimal("-1E+3"), dt.date(1899, 12, 31), None, None, None, True),
    (
        "+86 13800000000",
        10**12,
        Decimal("1E-7"),
        dt.date(1900, 3, 1),
        dt.datetime(1900, 3, 1),
        None,
        False,
        False,
    ),
    ("-备注", 1.5, 0.1, dt.datetime(2020, 2, 29, 23, 59), dt.date(2020, 2, 29), None, False, False),
    ("@SUM(A1)", "一百户", "约3万", "2020年", "昨天", "2024-05", "是", "否"),
    ("\t=1", True, False, "=2", "+3", "@4", 1, 0),
    ("\r=1", Decimal("NaN"), float("inf"), None, None, None, None, None),
    (" 前后空格 ", 1, 2, None, None, None, None, None),
    ("<b>&amp;\"'</b>", 1, 2, None, None, None, None, None),
    ("第一行\r\n第二行", 1, 2, None, None, None, None, None),
    ("_x0041_ 与 _x000D_", 1, 2, None, None, None, None, None),
    ("控\x00制\x1b字\ufffe符\ud800", 1, 2, None, None, None, None, None),
    ("𠮷野家🏠", 1, 2, None, None, None, None, None),
    ("长" * 40_000, 1, 2, None, None, None, None, None),
    (430703, 1, 2, None, None, None, None, None),
]


def streamed(sheets: list[Sheet], **options: Any) -> bytes:
    stream = io.BytesIO()
    write_workbook(stream, sheets, **options)
    return stream.getvalue()


def cells(data: bytes, *, inline: bool = False) -> list[list[tuple[Any, ...]]]:
    """Value, type, number format and quotePrefix of every cell, by openpyxl.

    openpyxl undoes ``_x005F_`` in shared strings only, Excel and calamine in inline strings too, as does
    ``inline``.
    """
    book = openpyxl.load_workbook(io.BytesIO(data))
    return [
        [
            (
                cell.coordinate,
                unescape(cell.value) if inline and isinstance(cell.value, str) else cell.value,
                cell.data_type,
                cell.number_format,
                cell.quotePrefix,
            )
            for row in sheet.iter_rows()
            for cell in row
        ]
        for sheet in book.worksheets
    ]


def calamine_rows(data: bytes, index: int = 0) -> list[list[Any]]:
    book = python_calamine.load_workbook(io.BytesIO(data))
    return book.get_sheet_by_index(index).to_python(skip_empty_area=False)


def xml_of(data: bytes, name: str = "xl/worksheets/sheet1.xml") -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return archive.read(name).decode()


def test_equals_xlsxwriter_used_directly() -> None:
    rows = [make_row(number) for number in range(1, 1201)] + [(None,) * len(COLUMNS)]
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet("台账")
    for index, column in enumerate(COLUMNS):
        style = book.add_format({"num_format": column.excel_format})
        sheet.write(0, index, column.heading)
        for number, row in enumerate(rows, 1):
            value = row[index]
            if column.labels and value is not None:
                value = column.labels[0] if value else column.labels[1]
            sheet.write(number, index, value, style)
    book.close()
    expected, actual = cells(stream.getvalue()), cells(streamed([Sheet("台账", COLUMNS, iter(rows))]))
    head = len(COLUMNS)
    assert actual[0][head:] == expected[0][head:]
    assert [cell[:3] for cell in actual[0][:head]] == [cell[:3] for cell in expected[0][:head]]
    assert calamine_rows(streamed([Sheet("台账", COLUMNS, rows)])) == calamine_rows(stream.getvalue())


@pytest.mark.parametrize("padding", [0, 499, 1500])
def test_equals_the_plain_path_on_awkward_values(padding: int) -> None:
    rows = [make_row(number) for number in range(padding)] + AWKWARD_ROWS

    def sheet() -> Sheet:
        return Sheet("台账", COLUMNS, iter(rows), title="改造台账", notes=("单位: 万元",), freeze_columns=1)

    fast, plain = streamed([sheet()]), streamed([sheet()], plain=True)
    assert cells(fast, inline=True) == cells(plain)
    assert calamine_rows(fast) == calamine_rows(plain)


def test_nothing_typed_becomes_a_formula() -> None:
    signs = ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"]
    rows = [(f"{sign}1+1",) for sign in signs]
    data = streamed([Sheet("s", [Column("name", "=名称")], rows, title="=1", notes=["=2"])])
    assert "<f>" not in xml_of(data)
    found = cells(data)[0]
    assert {cell[2] for cell in found} == {"s"}
    assert [cell[4] for cell in found[3:]] == [True] * len(signs)
    harmless = cells(streamed([Sheet("s", [Column("name", "名称")], [("1-2-3",), ("a=b",)])]))[0]
    assert [cell[4] for cell in harmless[1:]] == [False, False]


def test_text_is_inline_with_cell_references() -> None:
    sheet = ElementTree.fromstring(xml_of(streamed([Sheet("s", COLUMNS, [make_row(1), make_row(2)])])))
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    rows = sheet.findall(f"{space}sheetData/{space}row")
    assert [row.get("r") for row in rows] == ["1", "2", "3"]
    assert [cell.get("r") for cell in rows[2]] == [f"{letter}3" for letter in "ABCDEFGH"]
    assert rows[2][0].get("t") == "inlineStr"
    assert sheet.find(f"{space}dimension").get("ref") == "A1:H3"  # type: ignore[union-attr]
    assert sheet.find(f"{space}autoFilter").get("ref") == "A1:H3"  # type: ignore[union-attr]


def test_decimals_keep_their_exact_digits() -> None:
    column = Column("area", "面积", "decimal", decimals=4)
    xml = xml_of(streamed([Sheet("s", [column], [(Decimal("12345678901234.5678"),), (Decimal("0.1000"),)])]))
    assert "<v>12345678901234.5678</v>" in xml and "<v>0.1000</v>" in xml


def test_title_groups_widths_and_frozen_head() -> None:
    columns = [
        Column("name", "项目名称", width=30),
        Column("planned", "计划", "int", group="投资", unit="万元"),
        Column("paid", "完成", "int", group="投资", unit="万元"),
    ]
    data = streamed([Sheet("表", columns, [("甲", 1, 2)], title="年度计划情况表", freeze_columns=1)])
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert {str(area) for area in sheet.merged_cells.ranges} == {"A1:C1", "A2:A3", "B2:C2"}
    assert [cell.value for cell in sheet[2]][:2] == ["项目名称", "投资"]
    assert [cell.value for cell in sheet[3]][1:] == ["计划(万元)", "完成(万元)"]
    assert [cell.value for cell in sheet[4]] == ["甲", 1, 2]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("B4", "A3:C4")
    assert round(sheet.column_dimensions["A"].width) == 31
    assert sheet.print_title_rows == "$2:$3"


@pytest.mark.parametrize("plain", [False, True])
def test_long_sheets_continue_on_further_worksheets(plain: bool) -> None:
    rows = [(f"小区{number}", number) for number in range(1, 1206)]
    sheets = [Sheet("台账", COLUMNS[:2], iter(rows)), Sheet("台账", COLUMNS[:2], [])]
    stream = io.BytesIO()
    written = write_workbook(stream, sheets, max_rows=602, plain=plain)
    assert written.sheet_names == ("台账", "台账 (2)", "台账 (3)", "台账 (4)")
    assert written.rows == 1205
    lengths = [len(calamine_rows(stream.getvalue(), index)) for index in range(4)]
    assert lengths == [602, 602, 4, 1]
    together = [row for index in range(3) for row in calamine_rows(stream.getvalue(), index)[1:]]
    assert together == [list(row) for row in rows]


def test_a_full_worksheet_begins_no_empty_one() -> None:
    stream = io.BytesIO()
    written = write_workbook(stream, [Sheet("s", COLUMNS[1:2], [(n,) for n in range(10)])], max_rows=11)
    assert written.sheet_names == ("s",)


def test_sheet_names_are_made_acceptable() -> None:
    names = ["a/b:c", "", "A b c", "长" * 40, "长" * 40, "History"]
    written = write_workbook(io.BytesIO(), [Sheet(name, COLUMNS[:1], []) for name in names])
    assert written.sheet_names == (
        "a b c",
        "Sheet",
        "A b c (2)",
        "长" * 31,
        "长" * 27 + " (2)",
        "History (2)",
    )


def test_a_failing_query_leaves_no_workbook(tmp_path: Any) -> None:
    def broken() -> Any:
        yield from (make_row(number) for number in range(700))
        raise RuntimeError("connection lost")

    target = tmp_path / "export.xlsx"
    target.write_bytes(b"older")
    with pytest.raises(RuntimeError, match="connection lost"):
        write_workbook(target, [Sheet("s", COLUMNS, broken())])
    assert target.read_bytes() == b"older"
    assert [path.name for path in tmp_path.iterdir()] == ["export.xlsx"]
    stream = io.BytesIO()
    with pytest.raises(RuntimeError):
        write_workbook(stream, [Sheet("s", COLUMNS, broken())])
    assert stream.getvalue() == b""


@pytest.mark.parametrize("rows", [[("甲",)], [("甲", 1), ("乙",)], [("甲", 1, 2)]])
def test_rows_must_fit_the_columns(rows: list[tuple[Any, ...]]) -> None:
    for plain in (False, True):
        with pytest.raises(ValueError):
            write_workbook(io.BytesIO(), [Sheet("s", COLUMNS[:2], rows)], plain=plain)


def test_a_workbook_needs_sheets_and_columns() -> None:
    for sheets in ([], [Sheet("s", [], [])]):
        with pytest.raises(ValueError):
            write_workbook(io.BytesIO(), sheets)


def test_targets_need_no_seeking() -> None:
    class Pipe:
        def __init__(self) -> None:
            self.data = b""

        def write(self, data: bytes) -> None:
            self.data += data

    pipe = Pipe()
    write_workbook(pipe, [Sheet("s", COLUMNS, [make_row(1)])])  # type: ignore[arg-type]
    assert len(calamine_rows(pipe.data)) == 2


def test_without_isal_the_standard_library_compresses(monkeypatch: pytest.MonkeyPatch) -> None:
    import zlib

    rows = [make_row(number) for number in range(1100)]
    fast = cells(streamed([Sheet("s", COLUMNS, rows)]))
    monkeypatch.setattr(package, "_fast_zlib", zlib)
    data = streamed([Sheet("s", COLUMNS, rows)])
    assert cells(data) == fast
    assert xml_of(data)


@pytest.mark.parametrize("lengths", [(0, 0), (1, 0), (0, 7), (3, 1), (1000, 65_537)])
def test_joined_checksums(lengths: tuple[int, int]) -> None:
    first, second = (bytes(n % 251 for n in range(length)) for length in lengths)
    whole = package.crc32(first + second)
    assert package.crc32_combine(package.crc32(first), package.crc32(second), lengths[1]) == whole


def test_memory_stays_flat(tmp_path: Any) -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        write_workbook(tmp_path / "big.xlsx", [Sheet("s", COLUMNS, map(make_row, range(count)))])
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(10)
    assert peak(20_000) < peak(2_000) + 4_000_000

"""Reading what counties send: any layout, any program, and files made to hurt (M1.4.2)."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt

from app.exchange import guard, reader
from app.exchange.columns import SheetColumn
from app.exchange.guard import ReaderError
from app.exchange.reader import ReadTable, read_rows
from app.exchange.values import number_text

pytestmark = pytest.mark.req("M1.4.2")

COLUMNS = (
    SheetColumn("city", "市州", required=True, fill_merged=True),
    SheetColumn("name", "小区名称", required=True),
    SheetColumn("built", "建成时间", aliases=("小区建成时间(年)",), kind="int", unit="年"),
    SheetColumn("area", "建筑面积", kind="decimal", unit="万㎡", required=True),
    SheetColumn("started", "开工时间", kind="date"),
)
HEADS = ["市州", "小区名称", "小区建成时间(年)", "建筑面积（万㎡）", "开工时间"]

Rows = Sequence[Sequence[Any]]


def xlsx(rows: Rows, merged: Sequence[str] = (), prepare: Callable[[Any], None] | None = None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(list(row))
    for area in merged:
        sheet.merge_cells(area)
    if prepare:
        prepare(book)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def xls(rows: Rows) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("摸底表")
    date = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for number, row in enumerate(rows):
        for index, value in enumerate(row):
            if value is not None:
                sheet.write(number, index, value, *([date] if isinstance(value, dt.date) else []))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def repacked(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The package with one part changed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, change(old.read(part)) if part == name else old.read(part))
    return stream.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
ROW = ["常德市", "司法局院落", 1993, 0.66, dt.date(2024, 5, 1)]
READ = ("常德市", "司法局院落", "1993", "0.66", dt.date(2024, 5, 1))


@pytest.mark.parametrize("make", [xlsx, xls])
def test_a_plain_table(make: Callable[[Rows], bytes]) -> None:
    table = read_rows(make([HEADS, ROW, [None] * 5, ["常德市", "金山玉苑", 1986.0, 1.7, None]]), COLUMNS)
    assert table.rows == (READ, ("常德市", "金山玉苑", "1986", "1.7", None))
    assert table.row_numbers == (2, 4)
    assert (table.head_row, table.missing, table.unknown, table.repeated) == (1, (), (), ())
    assert table.by_column()["name"] == ["司法局院落", "金山玉苑"]


def test_from_a_path(tmp_path: Path) -> None:
    path = tmp_path / "摸底表.xlsx"
    path.write_bytes(xlsx([HEADS, ROW]))
    assert read_rows(path, COLUMNS).rows == (READ,)


def test_head_below_merged_titles() -> None:
    rows = [["鼎城区老旧小区摸底表"], ["填报单位:某局", None, None, "单位:万元"], [], HEADS, ROW]
    table = read_rows(xlsx(rows, ["A1:E1", "A2:C2"]), COLUMNS)
    assert (table.head_row, table.row_numbers, table.rows) == (4, (5,), (READ,))


def test_merged_head_of_two_rows_with_units_and_column_numbers() -> None:
    rows = [
        ["序号", "市州", "小区名称", "基本情况", None, "开工时间"],
        [None, None, None, "建成时间", "建筑面积", None],
        [None, None, None, "年", "(万㎡)", None],
        [1, 2, 3, 4, 5, 6],
        [1, *ROW],
    ]
    merged = ["A1:A3", "B1:B3", "C1:C3", "D1:E1", "F1:F3"]
    table = read_rows(xlsx(rows, merged), COLUMNS)
    assert table.rows == (READ,)
    assert table.row_numbers == (5,)
    assert (table.missing, table.unknown) == ((), ())


def test_headings_match_in_any_order_and_dress() -> None:
    heads = ["建筑面积\n（ 万㎡ ）", "＊小区名称", "建成时间", "备 注", " 市 州 ", "小区名称"]
    table = read_rows(xlsx([heads, [0.66, "甲", 1993, "x", "常德市", "乙"]]), COLUMNS)
    assert table.rows == (("常德市", "甲", "1993", "0.66", None),)
    assert table.unknown == ("备 注",)
    assert table.repeated == ("小区名称",)
    assert [column.key for column in table.missing] == ["started"]
    assert table.missing_required == ()


def test_heading_that_could_mean_two_columns_means_none() -> None:
    columns = [SheetColumn("a", "面积(㎡)"), SheetColumn("b", "面积(亩)"), SheetColumn("c", "名称")]
    table = read_rows(xlsx([["面积", "面积(亩)", "名称"], ["1", "2", "3"]]), columns)
    assert table.rows == ((None, "2", "3"),)
    assert table.unknown == ("面积",)


def test_missing_required_columns_are_named() -> None:
    table = read_rows(xlsx([["小区名称", "市州"], ["甲", "常德市"]]), COLUMNS)
    assert [column.key for column in table.missing_required] == ["area"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("１９９３", "1993"),
        ("1995年", "1995年"),
        (" 98户 ", "98户"),
        ("\u3000", None),
        (75.0, "75"),
        (216.10000000000002, "216.1"),
        ("1，234．5", "1,234.5"),
        (True, "TRUE"),
        (dt.datetime(1993, 5, 1), "1993-05-01"),
        (-3, "-3"),
    ],
)
def test_numbers_as_typed(typed: Any, expected: str | None) -> None:
    table = read_rows(xlsx([HEADS, ["常德市", "甲", typed, 1, None]]), COLUMNS)
    assert table.rows[0][2] == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("甲小区 ", "甲小区"),
        ("甲\u200b  小区\n", "甲 小区"),
        (430703.0, "430703"),
        ("城市（建成区）", "城市（建成区）"),
    ],
)
def test_texts_as_typed(typed: Any, expected: str) -> None:
    assert read_rows(xlsx([HEADS, ["常德市", typed, 1993, 1, None]]), COLUMNS).rows[0][1] == expected


@pytest.mark.parametrize(
    ("kind", "typed", "expected"),
    [
        ("date", dt.datetime(2024, 5, 1, 8), dt.date(2024, 5, 1)),
        ("month", dt.datetime(2024, 5, 1), dt.date(2024, 5, 1)),
        ("datetime", dt.datetime(2024, 5, 1, 8, 30), dt.datetime(2024, 5, 1, 8, 30)),
        ("text", dt.datetime(2024, 5, 1, 8, 30), "2024-05-01T08:30:00"),
        ("date", "２０２４.5.1", "2024.5.1"),
        ("bool", True, True),
    ],
)
def test_dates_and_booleans(kind: Any, typed: Any, expected: Any) -> None:
    columns = [SheetColumn("name", "名称"), SheetColumn("value", "值", kind=kind)]
    assert read_rows(xlsx([["名称", "值"], ["甲", typed]]), columns).rows == (("甲", expected),)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.5, "-0.5"),
        (0.1 + 0.2, "0.3"),
        (1e-7, "0.0000001"),
        (1e15, "1000000000000000"),
        (1e300, "1e+300"),
    ],
)
def test_number_text(number: float, text: str) -> None:
    assert number_text(number) == text
    table = read_rows(
        xlsx([["名称", "值"], ["甲", number]]), [SheetColumn("a", "名称"), SheetColumn("b", "值")]
    )
    assert table.rows[0][1] == text


def test_merged_values_reach_their_rows_only_where_wanted() -> None:
    rows = [
        HEADS,
        ["常德市", "甲", 1993, 10, None],
        [None, "乙", None, None, None],
        ["益阳市", "丙", 1, 2, None],
    ]
    table = read_rows(xlsx(rows, ["A2:A3", "D2:D3"]), COLUMNS)
    assert [row[0] for row in table.rows] == ["常德市", "常德市", "益阳市"]
    assert [row[3] for row in table.rows] == ["10", None, "2"]


def test_a_table_far_from_the_corner_with_values_merged_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_SLICE", 2)
    columns = (*COLUMNS[:2], SheetColumn("county", "区县", fill_merged=True), *COLUMNS[2:4])
    rows = [[], [], [None, None, "区县", "市州", "小区名称", "建筑面积"], [None, None, "鼎城区", None, "甲", 1]]
    rows += [[None, None, None, None, name, number] for number, name in enumerate("乙丙丁", 2)]
    table = read_rows(xlsx([*rows, [], [None, None, "汉寿县", "常德市", "戊", 5]], ["C4:D6"]), columns)
    assert table.row_numbers == (4, 5, 6, 7, 9)
    assert [(row[0], row[2]) for row in table.rows] == [
        (None, "鼎城区"), ("鼎城区", "鼎城区"), ("鼎城区", "鼎城区"), (None, None), ("常德市", "汉寿县"),
    ]  # fmt: skip
    assert [row[4] for row in table.rows] == ["1", "2", "3", "4", "5"]


def test_the_visible_sheet_that_fits_is_read() -> None:
    def prepare(book: Any) -> None:
        book.active.sheet_state = "hidden"
        book.create_sheet("填报说明").append(["请先阅读"])
        data = book.create_sheet("数据")
        data.append(HEADS)
        data.append(ROW)

    table = read_rows(xlsx([HEADS, ["隐藏"] * 5], prepare=prepare), COLUMNS)
    assert (table.sheet_name, table.rows) == ("数据", (READ,))


def test_formatted_but_empty_cells_far_out_do_no_harm() -> None:
    def prepare(book: Any) -> None:
        book.active.cell(1_048_576, 2).number_format = "0.00"
        book.active.cell(2, 16_384).number_format = "0.00"

    assert read_rows(xlsx([HEADS, ROW], prepare=prepare), COLUMNS).rows == (READ,)


def refusal(data: bytes, filename: str = "", **options: Any) -> str:
    with pytest.raises(ReaderError) as refused:
        read_rows(data, COLUMNS, filename=filename, **options)
    return str(refused.value.message)


@pytest.mark.parametrize("cell", ["XFD1048576", "A1048576", "ZZZ2", "B600000"])
def test_a_single_far_cell_is_refused_before_parsing(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MAX_CELLS", 100_000)

    def prepare(book: Any) -> None:
        book.active[cell] = 1
        book.active["AB700"] = 1

    assert "Clear everything outside of the table" in refusal(xlsx([HEADS, ROW], prepare=prepare))


@pytest.mark.parametrize("piece", [16, 61, 512 << 10])
@pytest.mark.parametrize(
    "dressed", [b"r='XFD1048576'", b'r = "XFD1048576"', b'\nr\t=\n"XFD1048576"', b'r=%s"XFD1048576"' % (b" " * 200)]
)
def test_unusual_xml_hides_no_far_cell(dressed: bytes, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_PIECE", piece)
    data = repacked(xlsx([HEADS, ROW]), SHEET, lambda xml: xml.replace(b'r="B2"', dressed))
    assert "Clear everything outside of the table" in refusal(data)


def test_a_far_row_with_cells_without_references_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MAX_CELLS", 1_000_000)

    def change(xml: bytes) -> bytes:
        return xml.replace(b"</sheetData>", b'<row r="1048576"><c><v>1</v></c></row></sheetData>')

    assert "1048576" in refusal(repacked(xlsx([HEADS, ROW]), SHEET, change))


def test_wide_but_honest_tables_pass() -> None:
    heads = HEADS + [f"附加{number}" for number in range(40)]
    table = read_rows(xlsx([heads, ROW + list(range(40))]), COLUMNS)
    assert table.rows == (READ,)
    assert len(table.unknown) == 40


@pytest.mark.parametrize("place", [(65_535, 255), (65_535, 60)])
def test_a_far_cell_of_an_old_workbook_is_refused(place: tuple[int, int]) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("摸底表")
    sheet.write(0, 0, "市州")
    sheet.write(*place, 1)
    stream = io.BytesIO()
    book.save(stream)
    assert "row 65536" in refusal(stream.getvalue(), "a.xls")


def test_worksheets_of_an_old_workbook_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    book = xlwt.Workbook()
    for name in ("一", "二", "三"):
        book.add_sheet(name).write(999, 9, 1)
    stream = io.BytesIO()
    book.save(stream)
    monkeypatch.setattr(guard, "MAX_CELLS", 20_000)
    assert "row 1000, column J" in refusal(stream.getvalue())


def test_formats_far_out_in_an_old_workbook_do_no_harm() -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("摸底表")
    for number, row in enumerate([HEADS, ROW[:4]]):
        for index, value in enumerate(row):
            sheet.write(number, index, value)
    sheet.write(65_535, 255, None, xlwt.easyxf("font: bold on"))
    stream = io.BytesIO()
    book.save(stream)
    assert read_rows(stream.getvalue(), COLUMNS).rows == ((*READ[:4], None),)


def test_large_and_locked_old_workbooks() -> None:
    rows = [HEADS, *([f"市{n}", f"小区{n}", n, n / 100, None] for n in range(1, 9_001))]
    data = xls(rows)
    assert len(data) > 109 * 512 * 8
    assert read_rows(data, COLUMNS).rows[-1] == ("市9000", "小区9000", "9000", "90", None)
    start = data.index(struct.pack("<2H", 0x0809, 16))
    codepage = data.index(struct.pack("<3H", 0x0042, 2, 0x04B0), start)
    locked = data[:codepage] + struct.pack("<2H", 0x002F, 2) + data[codepage + 4 :]
    assert "password" in refusal(locked)


def test_zip_bombs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MAX_UNPACKED_BYTES", 1 << 20)
    data = repacked(xlsx([HEADS, ROW]), SHEET, lambda xml: xml + b" " * (2 << 20))
    assert "unpacks to more than" in refusal(data)


@pytest.mark.parametrize("size", [0, 63, 64, 65, 128, 5_000])
def test_content_in_pieces_is_the_content(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_PIECE", 64)
    for content in (b"a" * size, bytes(n * n % 251 for n in range(size))):
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = packer.compress(content) + packer.flush()
        for fed in (1, 7, 1_000):
            monkeypatch.setattr(guard, "_FED", fed)
            pieces = list(guard._inflate(memoryview(packed)))
            assert b"".join(pieces) == content and all(len(piece) <= 64 for piece in pieces)


def test_sizes_are_measured_not_believed() -> None:
    data = bytearray(repacked(xlsx([HEADS, ROW]), SHEET, lambda xml: xml + b" " * (1 << 20)))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        member = archive.getinfo(SHEET)
        true_size, claimed = struct.pack("<I", member.file_size), struct.pack("<I", 1_000)
        content = archive.read(SHEET)
    assert data.count(true_size) >= 1
    lying = (
        bytes(data)
        .replace(true_size, claimed)
        .replace(struct.pack("<I", zlib.crc32(content)), struct.pack("<I", zlib.crc32(content[:1_000])))
    )
    assert "unpacks to more than" in refusal(lying)


def encrypted() -> bytes:
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + b"\x00" * 504
        + "EncryptedPackage".encode("utf-16-le")
        + b"\x00" * 500
    )


def flagged() -> bytes:
    """A package whose first member says that it is encrypted."""
    data = bytearray(xlsx([HEADS, ROW]))
    central = data.index(b"PK\x01\x02")
    data[central + 8] |= 1
    data[6] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        (b"", "", "empty"),
        (b"\x00\x01\x02" * 100, "a.xlsx", "damaged"),
        (b"%PDF-1.7\n%\xe2\xe3" + b"\x00" * 100, "a.xls", "damaged"),
        (b"<html><table><tr><td>\xe5\xb8\x82\xe5\xb7\x9e</td></tr></table></html>", "a.xls", "web page"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Workbook/>", "a.xls", "web page"),
        ("市州,小区名称\n常德市,甲\n".encode("gbk"), "a.xls", "text file"),
        (encrypted(), "a.xlsx", "password"),
        (flagged(), "a.xlsx", "password"),
        (xlsx([HEADS, ROW]), "a.xls", "named .xls but holds a .xlsx"),
        (xls([HEADS, ROW]), "a.xlsx", "named .xlsx but holds a .xls"),
        (xlsx([HEADS, ROW]), "a.docx", "Only .xlsx and .xls"),
        (xlsx([HEADS, ROW])[:-200], "a.xlsx", "damaged"),
        (xls([HEADS, ROW])[:1500], "a.xls", "damaged"),
        (xlsx([["姓名", "电话"], ["陈某", "13800000000"]]), "a.xlsx", "No head was found"),
        (xlsx([]), "a.xlsx", "No head was found"),
        (xlsx([["标题"]] * 25 + [HEADS, ROW]), "a.xlsx", "No head was found"),
    ],
)
def test_files_that_are_no_such_table(data: bytes, name: str, says: str) -> None:
    assert says in refusal(data, name)


def test_broken_xml_is_refused() -> None:
    data = repacked(xlsx([HEADS, ROW]), SHEET, lambda xml: xml[: len(xml) // 2] + b'<c r="A\x00')
    assert "damaged" in refusal(data, "a.xlsx")


@pytest.mark.parametrize("name", ["a.XLSX", "b.xlsm", ""])
def test_extensions_that_agree(name: str) -> None:
    assert read_rows(xlsx([HEADS, ROW]), COLUMNS, filename=name).rows == (READ,)
    assert read_rows(xls([HEADS, ROW]), COLUMNS, filename="WPS.et").rows == (READ,)


def test_too_many_rows_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    data = xlsx([HEADS, ROW, [None] * 5, ROW, ROW])
    assert len(read_rows(data, COLUMNS, 3).rows) == 3
    assert "3 rows; at most 2" in refusal(data, max_rows=2)
    monkeypatch.setattr(guard, "MAX_FILE_BYTES", 1_000)
    assert "larger than" in refusal(data)


@pytest.mark.parametrize("make", [xlsx, xls])
def test_every_single_damaged_byte_is_either_read_or_refused(make: Callable[[Rows], bytes]) -> None:
    data = make([HEADS, ROW])
    for place in range(0, len(data), 37):
        broken = bytearray(data)
        broken[place] ^= 0xFF
        try:
            table = read_rows(bytes(broken), COLUMNS)
        except ReaderError:
            continue
        assert isinstance(table, ReadTable)

"""How close the workbook writer and reader come to the libraries below them.

Run from the top of the repository: ``python -m bench.floor_exchange``. Times are the best and the median of
several warm runs in ms; memory is what a fresh process grew by at its peak (resident set, Linux only).
"""

from __future__ import annotations

import datetime as dt
import io
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import python_calamine
import xlsxwriter

from app.exchange.columns import Column, Kind, Sheet, SheetColumn
from app.exchange.reader import read_rows
from app.exchange.writer import write_workbook

EXPORT_ROWS, IMPORT_ROWS, RUNS = 60_000, 20_000, 7
KINDS: tuple[Kind, ...] = (
    *(("text",) * 6), *(("int",) * 5), *(("decimal",) * 3), "date", "date", "datetime", *(("text",) * 3),
)  # fmt: skip
COLUMNS = tuple(Column(f"c{index}", f"列{index + 1}", kind) for index, kind in enumerate(KINDS))
IMPORT_KINDS: tuple[Kind, ...] = (
    *(("text",) * 3), *(("int",) * 3), *(("decimal",) * 2), *(("int",) * 3), "text",
)  # fmt: skip
TEMPLATE = tuple(
    SheetColumn(f"c{index}", f"列{index + 1}", kind=kind) for index, kind in enumerate(IMPORT_KINDS)
)


def export_rows(count: int) -> Iterator[tuple[Any, ...]]:
    """Rows as an export query gives them: repeating regions, unique names, dates, empty cells."""
    first, moment = dt.date(2020, 1, 1), dt.datetime(2022, 1, 1)
    for n in range(count):
        yield (
            f"司法局院落{n}", "常德市", "鼎城区", "430703", "城市(建成区)", "桥南街道",
            1990 + n % 15, n % 40, n % 900, n % 30, n % 20,
            Decimal(n % 500) / 100, Decimal(n % 90_000) / 100, Decimal(n % 77),
            first + dt.timedelta(n % 700), first if n % 3 else None, moment + dt.timedelta(seconds=n * 977),
            "陈某", "13800000000", None if n % 5 else "备注",
        )  # fmt: skip


def write_ours(path: Path, rows: Any) -> None:
    write_workbook(path, [Sheet("台账", COLUMNS, rows)])


def write_floor(path: Path, rows: Any) -> None:
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    sheet = book.add_worksheet("台账")
    styles = [book.add_format({"num_format": column.excel_format}) for column in COLUMNS]
    sheet.write_row(0, 0, [column.heading for column in COLUMNS])
    for number, row in enumerate(rows, 1):
        for index, value in enumerate(row):
            if value is None:
                sheet.write_blank(number, index, None, styles[index])
            elif isinstance(value, str):
                sheet.write_string(number, index, value, styles[index])
            elif isinstance(value, dt.date):
                sheet.write_datetime(number, index, value, styles[index])
            else:
                sheet.write_number(number, index, value, styles[index])
    book.close()


def import_file() -> bytes:
    """A filled-in workbook as Excel writes it: shared strings, numbers as floats."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, [column.label for column in TEMPLATE])
    for n in range(1, IMPORT_ROWS + 1):
        row = [
            "常德市",
            "鼎城区",
            f"司法局院落{n}",
            1990 + n % 15,
            n % 40,
            n % 900,
            n * 0.01,
            n * 3.5,
            n % 7,
            n % 3,
            0,
        ]
        sheet.write_row(n, 0, [*row, "桥南街道"])
    book.close()
    return stream.getvalue()


def read_ours(data: bytes) -> None:
    if len(read_rows(data, TEMPLATE, filename="a.xlsx").rows) != IMPORT_ROWS:
        raise SystemExit("the reader lost rows")


def read_floor(data: bytes) -> None:
    with python_calamine.load_workbook(io.BytesIO(data)) as book:
        book.get_sheet_by_index(0).to_python()


def timed(action: Callable[[], None], runs: int) -> tuple[float, float]:
    """Best and median in ms after one warm-up run."""
    action()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        times.append((time.perf_counter() - start) * 1_000)
    return min(times), statistics.median(times)


def peak_kilobytes() -> int:
    """Peak resident set of this program; ``ru_maxrss`` will not do, a child inherits its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(status.partition("VmHWM:")[2].split()[0])


def _resident_growth(name: str, argument: Any, result: Any) -> None:
    action = globals()[name]
    with tempfile.TemporaryDirectory() as folder:
        if name.startswith("write"):
            path = Path(folder, "out.xlsx")
            action(path, export_rows(1_000))
            before = peak_kilobytes()
            action(path, export_rows(argument))
        else:
            before = peak_kilobytes()
            action(argument)
    result.put(peak_kilobytes() - before)


def resident_growth(name: str, argument: Any) -> float:
    """Peak growth of the resident set in MB while the named function runs in a fresh process."""
    context = multiprocessing.get_context("spawn")
    result = context.Queue()
    process = context.Process(target=_resident_growth, args=(name, argument, result))
    process.start()
    kilobytes = result.get(timeout=300)
    process.join()
    return float(kilobytes) / 1_024


def report(label: str, times: tuple[float, float], memory: float, note: str = "") -> None:
    print(f"{label:<44}{times[0]:>8.0f}{times[1]:>8.0f} ms{memory:>8.1f} MB  {note}")


def main(arguments: Sequence[str]) -> None:
    rows, data = list(export_rows(EXPORT_ROWS)), import_file()
    runs = int(arguments[0]) if arguments else RUNS
    print(f"{'':<44}{'best':>8}{'median':>8}{'':>3}{'memory':>8}")
    with tempfile.TemporaryDirectory() as folder:
        ours, floor = Path(folder, "ours.xlsx"), Path(folder, "floor.xlsx")
        for label, name, path, count in (
            ("write 60,000 x 20, streamed", "write_ours", ours, runs),
            ("write 60,000 x 20, XlsxWriter constant_memory", "write_floor", floor, min(runs, 2)),
        ):
            action = globals()[name]
            times = timed(lambda action=action, path=path: action(path, rows), count)  # type: ignore[misc]
            report(
                label, times, resident_growth(name, EXPORT_ROWS), f"{path.stat().st_size / 1e6:.1f} MB file"
            )
    report(
        "read 20,000 x 12, guarded and cleaned",
        timed(lambda: read_ours(data), runs),
        resident_growth("read_ours", data),
    )
    report(
        "read 20,000 x 12, raw calamine",
        timed(lambda: read_floor(data), runs),
        resident_growth("read_floor", data),
    )


if __name__ == "__main__":
    main(sys.argv[1:])

"""Workbooks for the tests of imports, as counties fill them in."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

import config
from app.exchange.columns import Column, Sheet
from app.exchange.writer import write_workbook

HEAD = (
    "市州", "区县", "小区名称", "小区建成时间(年)", "楼栋数(栋)", "居民户数(户)", "建筑面积(万㎡)", "计划投资金额(万元)",
    "单元数", "无电梯单元数", "筒子楼、简易楼等非成套住宅居民户数(户)",
)  # fmt: skip


def dingcheng_rows() -> list[list[str]]:
    """The 15 rows of the template as 鼎城区 filled it in."""
    path = config.ROOT / "seed" / "demo" / "import-dingcheng.csv"
    with path.open(encoding="utf-8", newline="") as source:
        return list(csv.reader(source))[1:]


def row(name: str, **changes: Any) -> list[Any]:
    """One faultless row of 鼎城区; figures follow from the name, so that no two rows look alike."""
    seed = sum(map(ord, name)) % 400
    values = dict(zip(HEAD, ["常德市", "鼎城区", name, 1995, 4, 100 + seed, f"{1 + seed / 400:.4f}", 300 + seed, 8, 8, 0],
                      strict=True))  # fmt: skip
    unknown = set(changes) - set(values)
    assert not unknown, unknown
    return list({**values, **changes}.values())


def workbook(rows: Sequence[Sequence[Any]], head: Sequence[str] = HEAD) -> bytes:
    """The rows as .xlsx, every value as it is."""
    out = io.BytesIO()
    write_workbook(
        out, [Sheet("小区", [Column(str(i), label, "decimal") for i, label in enumerate(head)], rows)]
    )
    return out.getvalue()


def upload(client: Any, data: bytes, name: str = "小区.xlsx") -> Any:
    """Send a workbook as a browser does."""
    head = f'--cut\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + data + b"\r\n--cut--\r\n"
    return client.post("/communities/import/", data=body, content_type="multipart/form-data; boundary=cut")


def uploaded(client: Any, data: bytes, name: str = "小区.xlsx") -> str:
    """The address of the batch that an upload made."""
    answer = upload(client, data, name)
    assert answer.status_code == 303, plain(answer)
    return str(answer.headers["Location"])


def plain(answer: Any) -> str:
    """The words of a page."""
    html = re.sub(r"<script.*?</script>", "", answer.get_data(as_text=True), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def version_of(client: Any, address: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', client.get(address).get_data(as_text=True))
    assert found
    return found[1]


def confirm(client: Any, address: str, **more: str) -> Any:
    """Press 写入 on the present preview."""
    data = {"version": version_of(client, address), "seen": "1", **more}
    return client.post(address + "/write", data=data, follow_redirects=True)

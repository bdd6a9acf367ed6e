"""Importing communities through the pages, on both databases (M1.4.2)."""

from __future__ import annotations

import io
import threading
from decimal import Decimal

import openpyxl
import pytest
import sqlalchemy as sa

from app.audit.models import AuditEvent
from app.communities import queries
from app.communities.models import Community
from app.exchange.models import ImportBatch, ImportChunk
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from tests.communities.import_helpers import (
    HEAD,
    confirm,
    dingcheng_rows,
    plain,
    row,
    upload,
    uploaded,
    version_of,
    workbook,
)  # fmt: skip
from tests.conftest import actor_named

pytestmark = pytest.mark.req("M1.4.2")
TABLE = Community.__table__


@pytest.fixture
def clerk(signed_in):
    return signed_in("dingcheng")


@pytest.fixture
def stored(app_db):
    """``stored("name")`` gives the living rows of a name; ``stored()`` the number of all."""

    def look(name: str | None = None):
        with app_db.app_context(), acting_as(SYSTEM):
            statement = sa.select(TABLE).where(TABLE.c.deleted_at.is_(None)).order_by(TABLE.c.id)
            if name is None:
                return len(db.session.execute(statement).all())
            return db.session.execute(statement.where(TABLE.c.name == name)).all()

    return look


@pytest.fixture
def batches(app_db):
    def look():
        with app_db.app_context(), acting_as(SYSTEM):
            table = ImportBatch.__table__
            return db.session.execute(sa.select(table).order_by(table.c.id)).all()

    return look


def sound(app) -> None:
    from app.cli.verify import faults

    with app.app_context(), acting_as(SYSTEM):
        assert faults(db.session()) == []


# ── the walk ──
@pytest.mark.req("D4", "R03")
def test_the_counties_own_rows_are_written_and_change_nothing_the_second_time(app_db, clerk, stored, batches):
    before = stored()
    data = workbook(dingcheng_rows())
    address = uploaded(clerk, data)
    page = plain(clerk.get(address + "?show=all"))
    assert "可直接写入 5 行" in page
    assert "有提醒，可写入 8 行" in page
    assert "少于楼栋数 12" in page
    assert stored() == before
    done = plain(confirm(clerk, address))
    assert "已写入 13 行：新增 13 行，更新 0 行。" in done
    assert stored() == before + 13
    found = stored("司法局院落")[0]
    assert (found.county_code, found.built_year, found.floor_area) == ("430703", 1993, Decimal("0.6600"))
    assert (found.planned_investment, found.is_complete, found.place_state) == (
        Decimal("225.00"),
        False,
        "free",
    )
    assert found.missing.startswith("place_kind,property_kind")
    assert found.import_batch_id == batches()[0].id
    assert "unit_count" in found.confirmed_warnings
    again = uploaded(clerk, data)
    page = plain(clerk.get(again))
    assert "另有 15 行与库中一致" in page
    assert "写入过" in page
    assert "没有可写入的行" in plain(confirm(clerk, again))
    assert stored() == before + 13
    sound(app_db)


def test_the_history_of_an_imported_community_begins_with_its_batch(clerk, stored, batches):
    confirm(clerk, uploaded(clerk, workbook([row("有来历的小区")]), "第一批.xlsx"))
    first = batches()[-1].id
    number = stored("有来历的小区")[0].id
    begun = f"由导入批次 {first} 新增，文件“第一批.xlsx”"
    assert begun in plain(clerk.get(f"/communities/show/{number}?part=history"))
    confirm(clerk, uploaded(clerk, workbook([row("有来历的小区", **{"楼栋数(栋)": 5})]), "第二批.xlsx"))
    assert stored("有来历的小区")[0].import_batch_id > first
    later = plain(clerk.get(f"/communities/show/{number}?tab=history"))
    assert begun in later and "第二批" not in later and "楼栋数" in later


def test_confirming_twice_writes_once(app_db, clerk, stored, batches):
    before, address = stored(), uploaded(clerk, workbook([row("双击小区")]))
    version = version_of(clerk, address)
    for _ in range(2):
        answer = clerk.post(address + "/write", data={"version": version})
        assert answer.status_code == 303
    assert stored() == before + 1
    assert batches()[0].state == "written"
    with app_db.app_context():
        events = db.session.execute(
            sa.select(AuditEvent).where(AuditEvent.action == "import", AuditEvent.label != "demo")
        )
        event = events.scalars().one()
        assert event.after["digest"] == batches()[0].digest
        assert (event.after["added"], event.after["changed"], event.after["rows"]) == (1, 0, 1)
    sound(app_db)


def test_two_confirmations_at_once_write_once(app_db, signed_in, stored, batches):
    before = stored()
    clients = [signed_in("dingcheng"), signed_in("dingcheng")]
    address = uploaded(clients[0], workbook([row(f"并发小区{i}甲") for i in range(40)]))
    version = version_of(clients[0], address)
    gate, answers = threading.Barrier(2), []

    def press(client):
        gate.wait()
        answers.append(client.post(address + "/write", data={"version": version, "seen": "1"}).status_code)

    threads = [threading.Thread(target=press, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [303, 303]
    assert stored() == before + 40
    assert batches()[0].state == "written"
    sound(app_db)


# ── what a row may be ──
def test_every_kind_of_row_is_told_apart(clerk, stored, batches):
    known = stored("接待处宿舍")[0]
    rows = [
        row("全新小区"),
        row("接待处宿舍", **{"居民户数(户)": known.household_count + 5, "无电梯单元数": 0}),
        row("重复的小区"),
        row("重复的小区"),
        row("同名异值"),
        row("同名异值", **{"楼栋数(栋)": 7}),
        row("外县小区", 区县="汉寿县"),
        row("无此区县", 区县="不存在县"),
        row(""),
        row("单元过多", 无电梯单元数=15),
        row("年份过晚", **{"小区建成时间(年)": 2012}),
        row("户数带字", **{"居民户数(户)": "98户"}),
    ]
    address = uploaded(clerk, workbook(rows))
    batch = batches()[0]
    counts = (batch.row_count, batch.new_count, batch.changed_count, batch.duplicate_count, batch.bad_count)
    assert counts == (12, 3, 1, 1, 7)
    page = plain(clerk.get(address + "?show=bad"))
    for words in ("汉寿县不属于鼎城区", "没有“常德市不存在县”这个区县", "小区名称不能为空", "晚于 2005", "须为整数",
                  "与第 6 行同名但内容不同"):  # fmt: skip
        assert words in page, words
    everything = plain(clerk.get(address + "?show=all"))
    assert f"{known.household_count} → {known.household_count + 5}" in everything
    assert "重复" in everything


def test_only_good_rows_are_written_and_the_others_come_back_as_a_workbook(app_db, clerk, stored, batches):
    rows = [row("好的小区"), row("坏的小区", **{"居民户数(户)": "98户"}), row("外县小区", 区县="汉寿县")]
    address = uploaded(clerk, workbook(rows))
    confirm(clerk, address)
    assert (len(stored("好的小区")), len(stored("坏的小区"))) == (1, 0)
    with clerk.get(address + "/errors") as answer:
        sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0]
    cells = [[cell.value for cell in line] for line in sheet.iter_rows()]
    assert cells[0][-1] == "错误"
    assert [line[2] for line in cells[1:3]] == ["坏的小区", "外县小区"]
    assert "居民户数：须为整数" in cells[1][-1]
    assert [line[-2] for line in cells[1:3]] == [3, 4]
    sheet["F2"].value = 98
    mended = io.BytesIO()
    sheet.parent.save(mended)
    again = uploaded(clerk, mended.getvalue(), "更正.xlsx")
    assert (batches()[1].new_count, batches()[1].bad_count) == (1, 1)
    confirm(clerk, again)
    assert stored("坏的小区")[0].household_count == 98
    sound(app_db)


def test_an_update_records_what_was_and_empty_cells_change_nothing(app_db, clerk, stored):
    known = stored("接待处宿舍")[0]
    head = ("小区名称", "居民户数", "计划投资金额(万元)", "街道")
    address = uploaded(clerk, workbook([["接待处宿舍", 51, None, None]], head))
    assert "更新 1 行" in plain(confirm(clerk, address))
    now = stored("接待处宿舍")[0]
    assert (now.household_count, now.version) == (51, known.version + 1)
    same = (
        "built_year",
        "planned_investment",
        "town_code",
        "address",
        "supervisor_phone",
        "search_grams",
        "missing",
    )
    assert [getattr(now, key) for key in same] == [getattr(known, key) for key in same]
    with app_db.app_context():
        event = db.session.execute(
            sa.select(AuditEvent).where(AuditEvent.entity_id == str(known.id), AuditEvent.entity == "Community")
        ).scalars().one()  # fmt: skip
        assert (event.before, event.after) == (
            {"household_count": known.household_count},
            {"household_count": 51},
        )
    sound(app_db)


@pytest.mark.req("R02")
def test_an_update_is_judged_with_what_is_stored(clerk, stored, batches):
    known = stored("接待处宿舍")[0]
    head = ("小区名称", "无电梯单元数")
    uploaded(clerk, workbook([["接待处宿舍", known.unit_count + 3]], head))
    assert (batches()[0].bad_count, batches()[0].changed_count) == (1, 0)


def test_rows_changed_by_somebody_since_the_preview_are_a_conflict(app_db, clerk, stored, batches):
    known = stored("接待处宿舍")[0]
    rows = [row("接待处宿舍", 无电梯单元数=0), row("别的小区")]
    address = uploaded(clerk, workbook(rows))
    version = version_of(clerk, address)
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        session.get(Community, known.id).household_count = 77
    answer = clerk.post(address + "/write", data={"version": version, "seen": "1"}, follow_redirects=True)
    page = plain(answer)
    assert "他人改动了文件涉及的记录，未写入任何数据" in page
    assert "第 2 行对应的小区刚被他人改动" in page
    assert stored("别的小区") == []
    assert stored("接待处宿舍")[0].household_count == 77
    assert batches()[0].state == "staged"
    assert "77 →" in plain(clerk.get(address + "?show=all"))
    confirm(clerk, address)
    assert len(stored("别的小区")) == 1
    sound(app_db)


def test_a_community_added_meanwhile_is_not_added_twice(app_db, clerk, stored):
    first = uploaded(clerk, workbook([row("抢先小区")]))
    second = uploaded(clerk, workbook([row("抢先小区"), row("随后小区")]))
    confirm(clerk, first)
    page = plain(confirm(clerk, second))
    assert "未写入任何数据" in page
    assert len(stored("抢先小区")) == 1
    confirm(clerk, second)
    assert (len(stored("抢先小区")), len(stored("随后小区"))) == (1, 1)


def test_unrelated_changes_do_not_stop_an_import(app_db, clerk, stored):
    address = uploaded(clerk, workbook([row("不相干小区")]))
    version = version_of(clerk, address)
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        session.get(Community, stored("接待处宿舍")[0].id).address = "换了地址"
    clerk.post(address + "/write", data={"version": version, "seen": "1"})
    assert len(stored("不相干小区")) == 1


# ── corrections ──
def correct(client, address: str, index: int, key: str, value: str):
    data = {"key": key, "value": value, "columns": "name,household_count,unit_count"}
    return client.post(f"{address}/rows/{index}", data=data)


def test_a_corrected_cell_is_checked_at_once(clerk, batches, stored):
    rows = [row("可改小区", **{"居民户数(户)": "98户"}), row("好小区")]
    address = uploaded(clerk, workbook(rows))
    assert (batches()[0].bad_count, batches()[0].new_count) == (1, 1)
    still = correct(clerk, address, 0, "household_count", "九十八").get_data(as_text=True)
    assert 'value="九十八"' in still
    assert "须为整数" in still
    mended = correct(clerk, address, 0, "household_count", "９８").get_data(as_text=True)
    assert "须为整数" not in mended
    assert "写入 2 行" in mended
    assert (batches()[0].bad_count, batches()[0].new_count) == (0, 2)
    confirm(clerk, address)
    assert stored("可改小区")[0].household_count == 98


def test_a_correction_is_refused_once_the_batch_is_written(clerk, stored):
    address = uploaded(clerk, workbook([row("写完小区")]))
    confirm(clerk, address)
    answer = correct(clerk, address, 0, "name", "晚到小区")
    assert answer.headers["HX-Reswap"] == "none"
    assert "showToast" in answer.headers["HX-Trigger"]
    assert stored("晚到小区") == []


def test_a_correction_makes_an_earlier_preview_stale(clerk, stored):
    address = uploaded(clerk, workbook([row("旧预览"), row("旧预览二")]))
    version = version_of(clerk, address)
    correct(clerk, address, 0, "name", "新预览")
    page = plain(clerk.post(address + "/write", data={"version": version}, follow_redirects=True))
    assert "他人" in page
    assert stored("旧预览二") == []


@pytest.mark.parametrize("where", ["99/x", "99/name", "0/nothing"])
def test_cells_that_do_not_exist_change_nothing(clerk, batches, where):
    address = uploaded(clerk, workbook([row("一行")]))
    index, key = where.split("/")
    assert correct(clerk, address, int(index), key, "1").headers["HX-Reswap"] == "none"
    assert batches()[0].version == 1


def test_warnings_must_be_confirmed(clerk, stored):
    address = uploaded(clerk, workbook([row("少单元", 单元数=1, 无电梯单元数=1)]))
    page = plain(confirm(clerk, address, seen=""))
    assert "请先勾选“提醒已核对”" in page
    assert stored("少单元") == []
    confirm(clerk, address)
    assert len(stored("少单元")) == 1


# ── whose ──
@pytest.mark.req("D1")
def test_another_countys_batch_does_not_exist(clerk, signed_in, stored):
    address = uploaded(clerk, workbook([row("保密小区"), row("坏", **{"居民户数(户)": "x"})]))
    other = signed_in("hanshou")
    for path in ("", "/errors", "/progress"):
        assert other.get(address + path).status_code == 404
    for path in ("/write", "/abandon", "/rows/0"):
        assert (
            other.post(address + path, data={"version": "1", "key": "name", "value": "x"}).status_code == 404
        )
    assert "保密" not in other.get("/communities/import/").get_data(as_text=True)
    assert stored("保密小区") == []


@pytest.mark.parametrize("who", ["dingcheng_review", "changde", "yuxia", "hunan_zj", "sysadmin"])
def test_roles_without_the_permission_cannot_import(signed_in, who):
    client = signed_in(who)
    assert client.get("/communities/import/").status_code in (302, 403, 404)
    assert upload(client, workbook([row("x")])).status_code in (302, 403, 404)


def test_the_province_imports_for_its_counties_only(app_db, signed_in, stored, batches):
    def counted() -> int:
        """What the county's list says it holds; it looks anew only after an event of its own."""
        with app_db.app_context(), acting_as(actor_named("hanshou")):
            number = queries.counted()[1].totals[0]
            db.session.remove()
        return number

    client, before = signed_in("hunan"), counted()
    rows = [
        row("省导小区"),
        row("省导汉寿", 区县="汉寿县"),
        row("外省", 市州="毕节市", 区县="纳雍县"),
        row("无区县", 区县=""),
    ]
    address = uploaded(client, workbook(rows))
    assert (batches()[0].new_count, batches()[0].bad_count) == (2, 2)
    assert "纳雍县不属于湖南省" in plain(client.get(address + "?show=bad"))
    confirm(client, address)
    assert [stored(name)[0].county_code for name in ("省导小区", "省导汉寿")] == ["430703", "430722"]
    assert stored("外省") == [] and counted() == before + 1


# ── end of a batch ──
def test_an_abandoned_import_leaves_nothing(app_db, clerk, stored, batches):
    before, address = stored(), uploaded(clerk, workbook([row("放弃小区")]))
    for _ in range(2):
        assert clerk.post(address + "/abandon").status_code == 303
    assert "已放弃导入" in plain(clerk.get(address))
    assert stored() == before
    assert batches()[0].state == "abandoned"
    with app_db.app_context(), acting_as(SYSTEM):
        assert db.session.execute(sa.select(sa.func.count()).select_from(ImportChunk.__table__)).scalar() == 0


def test_expired_batches_are_forgotten_but_not_what_was_written(app_db, clerk, batches):
    written = uploaded(clerk, workbook([row("过期已写")]))
    confirm(clerk, written)
    uploaded(clerk, workbook([row("过期未写")]))
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        session.execute(sa.update(ImportBatch.__table__).values(expires_at=utcnow()))
    uploaded(clerk, workbook([row("新的")]))
    assert [batch.state for batch in batches()] == ["written", "staged"]
    assert batches()[0].bad_count == 0
    with app_db.app_context(), acting_as(SYSTEM):
        assert db.session.execute(sa.select(sa.func.count()).select_from(ImportChunk.__table__)).scalar() == 1


def test_unreadable_uploads_say_what_to_do(clerk, batches):
    for data, name, words in (
        (b"", "空.xlsx", "文件是空的"),
        (b"hello, world\n1,2", "文本.xlsx", "文本文件"),
        (workbook([row("x")]), "改名.xls", "扩展名"),
        (workbook([]), "无行.xlsx", "表头以下没有数据"),
        (workbook([["a", "b"]], ("区县", "楼栋数")), "缺列.xlsx", "缺少“小区名称”列"),
        (b"x" * ((20 << 20) + 1), "大.xlsx", "文件超过 20 MB"),
    ):
        answer = upload(clerk, data, name)
        assert answer.status_code == 422
        assert words in plain(answer), name
    answer = clerk.post("/communities/import/", data={})
    assert (answer.status_code, "请先选择工作簿文件" in plain(answer)) == (422, True)
    assert batches() == []


def test_head_and_template_agree(clerk):
    with clerk.get("/communities/import/template") as answer:
        sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0]
    heads = [cell.value for cell in sheet[1]]
    assert [head.lstrip("*") for head in heads[:11]] == list(HEAD)
    assert len(heads) == 25
    checks = {check.formula1 for check in sheet.data_validations.dataValidation if check.type == "list"}
    assert any("商品房" in (formula or "") for formula in checks)
    assert '"鼎城区"' in checks


@pytest.mark.req("M1.4.4", "R07")
def test_sums_of_projects_and_plans_follow_an_import(app_db, clerk):
    with app_db.app_context(), acting_as(SYSTEM):
        linked = sa.select(TABLE.c.name, TABLE.c.household_count).where(
            TABLE.c.county_code == "430703", TABLE.c.place_state != "free", TABLE.c.deleted_at.is_(None)
        )
        rows = [[name, number + 7] for name, number in db.session.execute(linked)]
    assert rows
    address = uploaded(clerk, workbook(rows, ("小区名称", "居民户数")))
    assert f"更新 {len(rows)} 行" in plain(confirm(clerk, address))
    sound(app_db)

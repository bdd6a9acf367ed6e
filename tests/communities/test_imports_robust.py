"""Imports that are large, interrupted, hostile or our own: nothing half done, nothing twice (M1.4.2)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
import sqlalchemy as sa

import config
from app.communities.models import Community
from app.exchange import files, services
from app.exchange.models import ImportBatch, ImportChunk
from app.extensions import db
from app.jobs.models import Job
from app.jobs.services import run_waiting
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from tests.communities.import_helpers import HEAD, confirm, plain, row, uploaded, version_of, workbook

pytestmark = pytest.mark.req("M1.4.2")
TABLE = Community.__table__


@pytest.fixture
def clerk(signed_in):
    return signed_in("dingcheng")


@pytest.fixture
def look(app_db):
    """``look(statement)``: the rows of a statement, past the scope."""

    def run(statement):
        with app_db.app_context(), acting_as(SYSTEM):
            return db.session.execute(statement).all()

    return run


def living(look) -> int:
    return look(sa.select(sa.func.count()).select_from(TABLE).where(TABLE.c.deleted_at.is_(None)))[0][0]


def states(look) -> list[str]:
    return [
        row.state
        for row in look(sa.select(ImportBatch.__table__.c.state).order_by(ImportBatch.__table__.c.id))
    ]


@pytest.fixture
def by_job(app_db, monkeypatch):
    """Every file is one for a job, and nothing else waits: the demo world leaves pictures to be worked on."""
    with app_db.app_context(), db.engine.begin() as connection:
        connection.execute(sa.delete(Job.__table__))
    monkeypatch.setattr(services, "INLINE_BYTES", 0)
    monkeypatch.setattr(services, "INLINE_ROWS", 0)


# ── our own workbooks ──
@pytest.mark.req("D4")
def test_our_own_export_changes_nothing(app_db, clerk, look):
    before = living(look)
    listing = app_db.view_functions["CommunityView.list"].__self__.listing
    columns = [column.key for column in listing.columns]
    with clerk.post("/communities/export/", data={"range": "all", "columns": columns}) as answer:
        data = answer.data
    address = uploaded(clerk, data, "导出.xlsx")
    batch = look(sa.select(ImportBatch.__table__))[0]
    assert batch.row_count > 20
    assert (batch.unchanged_count, batch.bad_count) == (batch.row_count, 0), plain(
        clerk.get(address + "?show=all")
    )
    assert living(look) == before


# ── by a job ──
def test_large_files_are_staged_and_written_by_jobs(app_db, clerk, look, by_job):
    before, address = living(look), uploaded(clerk, workbook([row("作业小区"), row("作业二")]))
    assert states(look) == ["uploaded"]
    assert "正在核对文件" in plain(clerk.get(address))
    assert "正在核对" in plain(clerk.get(address + "/progress"))
    with app_db.app_context():
        assert run_waiting() == 1
    assert states(look) == ["staged"]
    assert clerk.get(address + "/progress").headers["HX-Redirect"] == address
    assert "正在写入" in plain(confirm(clerk, address))
    assert (states(look), living(look)) == (["confirmed"], before)
    assert clerk.post(address + "/write", data={"version": "2", "seen": "1"}).status_code == 303
    with app_db.app_context():
        assert run_waiting() == 1
    assert (states(look), living(look)) == (["written"], before + 2)


def test_a_job_tells_why_a_file_cannot_be_read(app_db, clerk, look, by_job):
    address = uploaded(clerk, b"a,b\n1,2", "坏.xlsx")
    with app_db.app_context():
        run_waiting()
    assert states(look) == ["failed"]
    assert "文本文件" in plain(clerk.get(address))


# ── killed ──
_CHILD = """
import os, signal, sys
from app import create_app
app = create_app()
from app.accounts.principal import actor_of
from app.communities.imports import IMPORTER
from app.exchange import services, files
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from app.persistence.work import unit_of_work
import sqlalchemy as sa

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

what, path, batch, version = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with app.app_context():
    with acting_as(SYSTEM):
        user = db.session.execute(sa.text("SELECT id FROM ab_user WHERE username = 'dingcheng'")).scalar_one()
        actor = actor_of(user)
        db.session.rollback()
    with acting_as(actor), unit_of_work() as session:
        if what == "stage":
            insert = services._insert_chunks
            services._insert_chunks = lambda *a: (insert(*a), die())
            with open(path, "rb") as source:
                services.open_batch(session, actor, IMPORTER, files.receive(source, "k.xlsx", services.data_dir()))
        else:
            services.audit.record = die
            services.confirm(session, actor, IMPORTER, batch, version, True)
"""


def _kill(app, tmp_path, data: bytes, what: str, batch: int = 0, version: int = 0) -> None:
    book, script = tmp_path / "k.xlsx", tmp_path / "child.py"
    book.write_bytes(data)
    script.write_text(_CHILD)
    url = str(app.config["SQLALCHEMY_DATABASE_URI"]).replace("postgresql+psycopg://", "postgresql://")
    environment = {**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(config.ROOT)}
    command = [sys.executable, str(script), what, str(book), str(batch), str(version)]
    child = subprocess.run(
        command, env=environment, cwd=config.ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert child.returncode == -signal.SIGKILL, child.stderr[-2000:]


def test_a_kill_leaves_nothing_half_done_and_the_import_goes_on(app_db, clerk, look, tmp_path):
    before, data = living(look), workbook([row(f"断电小区{i}甲") for i in range(30)])
    _kill(app_db, tmp_path, data, "stage")
    assert (states(look), look(sa.select(ImportChunk.__table__.c.id))) == ([], [])
    address = uploaded(clerk, data)
    batch, version = int(address.rsplit("/", 1)[1]), int(version_of(clerk, address))
    _kill(app_db, tmp_path, data, "write", batch, version)
    assert (states(look), living(look)) == (["staged"], before)
    confirm(clerk, address)
    assert (states(look), living(look)) == (["written"], before + 30)
    from app.cli.verify import faults

    with app_db.app_context(), acting_as(SYSTEM):
        assert faults(db.session()) == []


def test_an_upload_is_stored_whole_or_not_at_all(tmp_path, monkeypatch):
    import io

    def fail(*_args):
        raise OSError("disk full")

    monkeypatch.setattr(files.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        files.receive(io.BytesIO(b"PK"), "x.xlsx", str(tmp_path))
    assert list((tmp_path / "imports").iterdir()) == []


# ── hostile and odd ──
def test_odd_workbooks_are_read_as_they_are_meant(clerk, look):
    head = list(HEAD)
    rows = [
        [
            "常德市",
            "鼎城区",
            "  全角　数字小区  ",
            "１９９５年",
            "４",
            "１２０",
            "１.２５",
            "３６０",
            8,
            8,
            0,
        ],
        [None] * 11,
        ["常德", "鼎城", "文本数字小区", "1996", "5", "1,200", "1.5", "3,600.00", "8", "8", "0"],
        ["", "", "默认区县小区", 1997, 4, 130, 1.6, 390, 8, 8, 0],
        ["常德市", "鼎城区", '=HYPERLINK("http://x")小区', 1998, 4, 131, 1.7, 391, 8, 8, 0],
        [
            "常德市",
            "鼎城区",
            "<script>alert(1)</script>'; DROP TABLE community;--",
            1998,
            4,
            132,
            1.8,
            392,
            8,
            8,
            0,
        ],
        ["常德市", "鼎城区", "长" * 121, 1998, 4, 133, 1.9, 393, 8, 8, 0],
        ["常德市", "鼎城区", "大数小区", 1998, 10**12, 134, 2.0, 394, 8, 8, 0],
        ["常德市", "鼎城区", "小数小区", 1998, 2.5, 135, 2.1, 395, 8, 8, 0],
        ["常德市", "鼎城区", "负数小区", 1998, 3, 136, -2, 396, 8, 8, 0],
    ]
    address = uploaded(clerk, workbook(rows, head), "怪.xlsx")
    batch = look(sa.select(ImportBatch.__table__))[0]
    assert (batch.row_count, batch.new_count, batch.bad_count) == (9, 5, 4), plain(
        clerk.get(address + "?show=bad")
    )
    page = clerk.get(address + "?show=all").get_data(as_text=True)
    assert "<script>alert(1)" not in page
    confirm(clerk, address)
    found = {r.name: r for r in look(sa.select(TABLE).where(TABLE.c.import_batch_id == batch.id))}
    assert (found["全角 数字小区"].built_year, found["全角 数字小区"].household_count) == (1995, 120)
    assert found["文本数字小区"].household_count == 1200
    assert found["默认区县小区"].county_code == "430703"


@pytest.mark.parametrize(
    "query", ["page=abc", "page=-1", "page=99999999", "size=7", "show=nothing", "q=%00", "q=12"]
)
def test_addresses_of_a_preview_never_fail(clerk, query):
    address = uploaded(clerk, workbook([row("地址小区")]))
    assert clerk.get(f"{address}?{query}").status_code == 200


@pytest.mark.parametrize("path", ["/abc", "/0", "/99999999999999999999", "/1/rows/x", "/1/nothing"])
def test_addresses_that_do_not_exist_are_404(clerk, path):
    method = clerk.post if "rows" in path else clerk.get
    assert method("/communities/import" + path).status_code == 404


# ── size ──
def test_fifty_thousand_rows(app_db, clerk, look, by_job):
    names = ["常德市", "鼎城区"]
    rows = [
        [*names, f"大批{i}号甲", 1980 + i % 20, 1 + i % 40, 50 + i % 977, f"{1 + i % 9973 / 10000:.4f}", 200 + i % 997,
         80, 80, 0]
        for i in range(50_000)
    ]  # fmt: skip
    data, before = workbook(rows), living(look)
    address = uploaded(clerk, data)
    with app_db.app_context():
        run_waiting()
    page = clerk.get(address + "?show=all&page=900&size=50")
    assert page.status_code == 200
    assert len(page.data) < 150_000
    assert "大批44999号甲" in plain(page)
    assert "大批49999号甲" in plain(clerk.get(address + "?show=all&q=50001"))
    confirm(clerk, address)
    with app_db.app_context():
        run_waiting()
    assert (states(look), living(look)) == (["written"], before + 50_000)

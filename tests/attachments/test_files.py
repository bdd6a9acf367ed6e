"""Serving, scope, recycle bin, thumbnails, upkeep, joining: on both databases."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image

from app.attachments import owners, queries, services, upkeep
from app.attachments.models import Attachment, StoredFile
from app.communities.models import Community
from app.extensions import db
from app.jobs.services import run_waiting
from app.kernel.actor import SYSTEM
from app.kernel.errors import NotAllowed, OutOfScope, RuleViolation, msg
from app.persistence.context import acting_as
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from tests.attachments import samples
from tests.attachments.conftest import files_below
from tests.attachments.samples import upload

pytestmark = pytest.mark.req("R21", "M1.6.4")


def sent(
    client: Any, owner: int, name: str = "方案.pdf", content: bytes | None = None, purpose: str = "evidence"
) -> int:
    answer = upload(client, owner, name, samples.pdf() if content is None else content, purpose)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return int(answer.get_json()["id"])


def test_ranges_etags_and_names(editor: Any, mine: int) -> None:
    content = samples.pdf(size=5000)
    number = sent(editor, mine, "小区改造方案 “终稿”;'.pdf", content)
    whole = editor.get(f"/attachments/download/{number}")
    assert (whole.status_code, whole.data, whole.mimetype) == (200, content, "application/pdf")
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert "filename*=UTF-8''%E5%B0%8F%E5%8C%BA" in whole.headers["Content-Disposition"]
    assert whole.headers["Content-Disposition"].startswith("attachment")
    part = editor.get(f"/attachments/download/{number}", headers={"Range": "bytes=1000-1999"})
    assert (part.status_code, part.data) == (206, content[1000:2000])
    assert part.headers["Content-Range"] == "bytes 1000-1999/5000"
    assert (
        editor.get(f"/attachments/download/{number}", headers={"Range": "bytes=-100"}).data == content[-100:]
    )
    assert editor.get(f"/attachments/download/{number}", headers={"Range": "bytes=9000-"}).status_code == 416
    same = editor.get(f"/attachments/download/{number}", headers={"If-None-Match": whole.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    assert editor.head(f"/attachments/download/{number}").headers["Content-Length"] == "5000"


def test_nothing_a_user_sent_can_act_as_a_page(app_db: Flask, editor: Any, mine: int) -> None:
    document, picture = sent(editor, mine), sent(editor, mine, "图.png", samples.png())
    zipped = sent(editor, mine, "资料.zip", samples.archive())
    read, view = editor.get(f"/attachments/read/{document}"), editor.get(f"/attachments/view/{picture}")
    assert read.headers["Content-Disposition"].startswith("inline")
    for answer in (read, view, editor.get(f"/attachments/download/{zipped}")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "no-cache" in answer.headers["Cache-Control"]
        assert "private" in answer.headers["Cache-Control"]
    for answer in (read, view):
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "sandbox" in view.headers["Content-Security-Policy"]
    assert editor.get(f"/attachments/view/{document}").status_code == 404
    assert editor.get(f"/attachments/view/{zipped}").status_code == 404
    assert editor.get(f"/attachments/read/{picture}").status_code == 404


def test_foreign_files_do_not_exist(app_db: Flask, store: Path, mine: int, signed_in: Any) -> None:
    me, other, city, province = (signed_in(who) for who in ("dingcheng", "hanshou", "changde", "hunan"))
    number = sent(me, mine, "照片.jpg", samples.jpeg(), "photo_before")
    with app_db.app_context():
        run_waiting()
    paths = [f"/attachments/{what}/{number}" for what in ("download", "view", "thumbnail")]
    paths.append(f"/attachments/of/Community/{mine}/photo_before")
    for path in paths:
        assert me.get(path).status_code == 200, path
        assert other.get(path).status_code == 404, path
        assert city.get(path).status_code == 200, path
        assert province.get(path).status_code == 200, path
        assert app_db.test_client().get(path).status_code in {302, 401}, path
    for what in ("delete", "restore"):
        assert other.post(f"/attachments/{what}/{number}").status_code == 404
        # the city may delete files of its own inspections, none of the county's; this one is in no bin
        assert city.post(f"/attachments/{what}/{number}").status_code == (403 if what == "delete" else 404)
    for bad in ("0", "x", "9" * 18, "-1"):
        assert me.get(f"/attachments/download/{bad}").status_code == 404


def test_files_of_a_binned_record_are_gone_with_it(app_db: Flask, editor: Any) -> None:
    with app_db.app_context(), acting_as(SYSTEM):
        free = sa.select(Community.id).where(
            Community.county_code == "430703", Community.place_state == "free"
        )
        mine = db.session.scalar(free.order_by(Community.id).limit(1))
    number = sent(editor, mine)
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        session.get_one(Community, mine).deleted_at = utcnow()
    assert editor.get(f"/attachments/download/{number}").status_code == 404
    assert editor.post(f"/attachments/delete/{number}").status_code == 404


def test_delete_and_restore_with_a_trace(app_db: Flask, editor: Any, mine: int) -> None:
    number = sent(editor, mine)
    answer = editor.post(f"/attachments/delete/{number}")
    assert answer.status_code == 200
    assert editor.get(f"/attachments/download/{number}").status_code == 404
    assert "回收站（1）" in editor.get(f"/attachments/of/Community/{mine}/evidence").get_data(as_text=True)
    again = sent(editor, mine)
    assert editor.post(answer.get_json()["restore"]).status_code == 422
    editor.post(f"/attachments/delete/{again}")
    assert editor.post(answer.get_json()["restore"]).status_code == 200
    assert editor.post(answer.get_json()["restore"]).status_code == 404
    assert editor.get(f"/attachments/download/{number}").status_code == 200
    with app_db.app_context(), acting_as(SYSTEM):
        trail = db.session.execute(
            sa.text(
                "SELECT action FROM audit_event WHERE entity = 'Attachment' AND entity_id = :n ORDER BY id"
            ),
            {"n": str(number)},
        )
        assert list(trail.scalars())[-3:] == ["create", "delete", "restore"]


def test_erased_attachments_take_the_last_copy_with_them(
    app_db: Flask, store: Path, mine: int, foreign: int, signed_in: Any
) -> None:
    me, other = signed_in("dingcheng"), signed_in("hanshou")
    content = samples.jpeg()
    first, second = sent(me, mine, "a.jpg", content), sent(other, foreign, "b.jpg", content)
    later = utcnow() + dt.timedelta(days=400)
    with app_db.app_context():
        run_waiting()
        assert len(files_below(store, "thumbnails")) == 1
        me.post(f"/attachments/delete/{first}")
        assert upkeep.tidy() == (0, 0, 0)
        assert upkeep.tidy(later) == (1, 0, 0)
    assert other.get(f"/attachments/download/{second}").data == content
    with app_db.app_context(), acting_as(SYSTEM):
        with unit_of_work() as session:
            session.delete(session.get_one(Community, foreign))
        assert upkeep.tidy(later) == (1, 1, 0)
        assert db.session.scalars(sa.select(StoredFile)).all() == []
    assert files_below(store) == []


def test_verify_names_lost_contents_and_removes_what_nobody_knows(
    app_db: Flask, editor: Any, mine: int, store: Path
) -> None:
    number = sent(editor, mine)
    stray = store / "files" / "zz" / "stray.tmp"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"x")
    loose = store / "uploads" / ("0" * 32)
    loose.write_bytes(b"x")
    now = dt.timedelta(seconds=-1)
    with app_db.app_context(), acting_as(SYSTEM):
        found = upkeep.verify_files(db.session(), older_than=now)
        assert len(found) == 2
        assert not stray.exists()
        assert not loose.exists()
        assert upkeep.verify_files(db.session(), older_than=now) == []
        files_below(store, "files")[0].unlink()
        (said,) = upkeep.verify_files(db.session(), older_than=now)
        assert "is missing" in said
    answer = editor.get(f"/attachments/download/{number}", headers={"Accept": "application/json"})
    assert answer.status_code == 410
    assert sent(editor, mine, "方案.pdf", samples.pdf(), "scheme_consent")
    assert editor.get(f"/attachments/download/{number}").status_code == 200


def test_the_command_verifies_and_tidies(app_db: Flask, editor: Any, mine: int, store: Path) -> None:
    sent(editor, mine)
    run = app_db.test_cli_runner()
    assert "verified" in run.invoke(args=["portal", "verify", "--files"]).output
    files_below(store, "files")[0].unlink()
    answer = run.invoke(args=["portal", "verify", "--files"])
    assert answer.exit_code == 1
    assert "its content is missing" in answer.output
    assert "0 attachments erased" in run.invoke(args=["portal", "tidy"]).output


@pytest.mark.req("R20")
def test_thumbnails_and_hashes_are_made_by_a_job(app_db: Flask, editor: Any, mine: int) -> None:
    content = samples.jpeg(1600, 900)
    number = sent(editor, mine, "改造前.jpg", content, "photo_before")
    assert editor.get(f"/attachments/thumbnail/{number}").status_code == 404
    smaller = io.BytesIO()
    with Image.open(io.BytesIO(content)) as picture:
        picture.resize((800, 450)).save(smaller, "JPEG", quality=70)
    sent(editor, mine, "改造后.jpg", smaller.getvalue(), "photo_after")
    with app_db.app_context():
        assert run_waiting() == 2
    answer = editor.get(f"/attachments/thumbnail/{number}")
    assert answer.mimetype == "image/jpeg"
    with Image.open(io.BytesIO(answer.data)) as picture:
        assert max(picture.size) == 360
    with app_db.app_context(), acting_as(SYSTEM):
        one, two = db.session.scalars(sa.select(StoredFile)).all()
        assert bin(int(one.perceptual_hash, 16) ^ int(two.perceptual_hash, 16)).count("1") <= 6


def test_required_attachments_and_joining(
    app_db: Flask, store: Path, mine: int, as_user: Any, tmp_path: Path
) -> None:
    path = tmp_path / "made.pdf"
    path.write_bytes(samples.pdf())
    with app_db.app_context(), as_user("dingcheng") as actor:
        second = db.session.scalar(
            sa.select(Community.id).where(Community.id != mine).order_by(Community.id).limit(1)
        )
        with unit_of_work() as session:
            services.attach_file(session, actor, "Community", mine, "scheme_consent", "同意书.pdf", path)
            services.attach_file(session, actor, "Community", second, "evidence", "说明.pdf", path)
        missing = queries.required_attachments(
            session, "Community", mine, ("scheme_consent", "scheme_approval")
        )
        assert [(f.rule, f.field) for f in missing] == [("R10", "scheme_approval")]
        with unit_of_work() as session:
            joined = services.copy_attachments(session, actor, ("Community", mine), ("Community", second))
            assert joined == 1
            assert services.copy_attachments(session, actor, ("Community", mine), ("Community", second)) == 0
        assert queries.present(session, "Community", second) == {"evidence": 1, "scheme_consent": 1}
        assert path.exists()


def test_a_closed_record_keeps_its_files(app_db: Flask, editor: Any, mine: int) -> None:
    import dataclasses

    number = sent(editor, mine)
    owner = owners._owners["Community"]
    owners.declare(dataclasses.replace(owner, closed=lambda _row: msg("Not found.")))
    assert editor.post(f"/attachments/delete/{number}").status_code == 409
    assert samples.begin(editor, mine, "b.pdf", 100).status_code == 409
    assert editor.get(f"/attachments/download/{number}").status_code == 200
    files = editor.get(f"/communities/show/{mine}?part=files").get_data(as_text=True)
    assert "data-uploads " in files and "data-uploads-input" not in files


def test_services_ask_for_the_right_themselves(app_db: Flask, store: Path, mine: int, as_user: Any) -> None:
    path = store / "made.pdf"
    path.write_bytes(samples.pdf())
    with app_db.app_context():
        with as_user("dingcheng_review") as actor, pytest.raises(NotAllowed), unit_of_work() as session:
            services.attach_file(session, actor, "Community", mine, "evidence", "a.pdf", path)
        with as_user("hanshou") as actor, pytest.raises(OutOfScope), unit_of_work() as session:
            services.attach_file(session, actor, "Community", mine, "evidence", "a.pdf", path)
        with as_user("dingcheng") as actor:
            with unit_of_work() as session:
                services.attach_file(session, actor, "Community", mine, "evidence", "a.pdf", path)
            with pytest.raises(RuleViolation, match="already"), unit_of_work() as session:
                services.attach_file(session, actor, "Community", mine, "evidence", "a.pdf", path)


def test_the_record_page_lists_files_in_few_statements(
    app_db: Flask, editor: Any, mine: int, query_counter: Any
) -> None:
    def statements() -> int:
        with query_counter() as sql:
            page = editor.get(f"/communities/show/{mine}?part=files")
        assert page.status_code == 200
        return len(sql)

    statements()
    before = statements()
    for number in range(5):
        sent(editor, mine, f"材料{number}.pdf", samples.pdf(str(number)))
    assert statements() == before
    for asked in ("part=files", "files=1"):
        assert "材料4.pdf" in editor.get(f"/communities/show/{mine}?{asked}").get_data(as_text=True)
    assert "材料4.pdf" not in editor.get(f"/communities/show/{mine}").get_data(as_text=True), "fetched when seen"


def test_nginx_sends_the_file_when_told_to(
    app_db: Flask, editor: Any, mine: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = sent(editor, mine)
    monkeypatch.setitem(app_db.config, "X_ACCEL_PREFIX", "/stored/")
    answer = editor.get(f"/attachments/download/{number}")
    assert answer.headers["X-Accel-Redirect"].startswith("/stored/files/")
    assert answer.data == b""


@pytest.mark.req("M1.1")
def test_row_policies_cover_files_and_uploads(app_db: Flask, editor: Any, mine: int, as_user: Any) -> None:
    sent(editor, mine)
    samples.begin(editor, mine, "b.pdf", 100)
    if app_db.extensions["test_backend"] != "postgresql":
        pytest.skip("row-level security is PostgreSQL's")
    for who, seen in (("dingcheng", 1), ("hanshou", 0)):
        with app_db.app_context(), as_user(who):
            db.session.execute(sa.select(Community.id).limit(1))
            for table in ("attachment", "upload_session"):
                assert db.session.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() == seen
            db.session.rollback()


def test_the_audited_name_is_the_file_name(app_db: Flask, editor: Any, mine: int) -> None:
    number = sent(editor, mine, "证明.pdf")
    with app_db.app_context(), acting_as(SYSTEM):
        assert db.session.get_one(Attachment, number).name == "证明.pdf"
        label = db.session.execute(
            sa.text("SELECT label FROM audit_event WHERE entity = 'Attachment' AND entity_id = :n ORDER BY id"),
            {"n": str(number)},
        ).scalars()
    assert list(label)[-1] == "证明.pdf"

"""Uploads in pieces, on both databases: order, repeats, interruption, refusals, quotas, scope."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.attachments import parts, services, upkeep
from app.attachments.models import Attachment, StoredFile, UploadSession
from app.attachments.rules import MB
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from app.persistence.types import utcnow
from tests.attachments import samples
from tests.attachments.conftest import files_below
from tests.attachments.samples import begin, complete, put, upload

pytestmark = pytest.mark.req("R21", "M1.6.4")


WELL = {"entity": "Community", "owner_id": 1, "purpose": "evidence", "name": "a.pdf", "size": 5}


def rows(app: Flask, model: Any = Attachment) -> list[Any]:
    with app.app_context(), acting_as(SYSTEM):
        return list(db.session.scalars(sa.select(model).execution_options(with_deleted=True)))


def test_a_file_arrives_in_pieces_and_is_attached(app_db: Flask, editor: Any, mine: int, store: Path) -> None:
    content = samples.pdf(size=3 * MB + 17)
    answer = upload(editor, mine, "居民同意书.pdf", content)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    (attachment,) = rows(app_db)
    assert (attachment.name, attachment.county_code, attachment.uploader) == (
        "居民同意书.pdf",
        "430703",
        "鼎城区填报员",
    )
    assert attachment.file.size == len(content)
    assert (store / attachment.file.storage_key).read_bytes() == content
    assert rows(app_db, UploadSession) == []
    assert files_below(store, "uploads") == []
    got = editor.get(answer.get_json()["url"])
    assert got.data == content


def test_pieces_out_of_order_are_refused_and_repeats_are_harmless(
    editor: Any, mine: int, store: Path
) -> None:
    content = samples.pdf(size=2000)
    url = begin(editor, mine, "a.pdf", len(content)).get_json()["url"]
    gap = put(editor, url, 500, content[500:1000])
    assert (gap.status_code, gap.get_json()["received"]) == (409, 0)
    assert put(editor, url, 0, content[:1000]).get_json()["received"] == 1000
    assert put(editor, url, 0, content[:1000]).get_json()["received"] == 1000
    assert put(editor, url, 400, content[400:1500]).get_json()["received"] == 1500
    early = complete(editor, url, content)
    assert (early.status_code, early.get_json()["received"]) == (409, 1500)
    assert editor.get(url).get_json()["received"] == 1500
    assert put(editor, url, 1500, content[1500:] + b"more").status_code == 413
    assert put(editor, url, 1500, content[1500:]).get_json()["received"] == 2000
    assert complete(editor, url, content).status_code == 200


def test_a_damaged_file_is_sent_again(app_db: Flask, editor: Any, mine: int) -> None:
    content = samples.pdf()
    url = begin(editor, mine, "a.pdf", len(content)).get_json()["url"]
    put(editor, url, 0, content[:-30] + b"?" + content[-29:])
    answer = complete(editor, url, content)
    assert (answer.status_code, answer.get_json()["received"]) == (409, 0)
    assert rows(app_db) == []
    put(editor, url, 0, content)
    assert complete(editor, url, content).status_code == 200


@pytest.mark.parametrize("digest", ["", "x" * 64, "A" * 64, None, 5])
def test_without_a_digest_nothing_is_taken(app_db: Flask, editor: Any, mine: int, digest: Any) -> None:
    content = samples.pdf()
    url = begin(editor, mine, "a.pdf", len(content)).get_json()["url"]
    put(editor, url, 0, content)
    assert editor.post(f"{url}/complete", json={"sha256": digest}).status_code == 409
    assert rows(app_db) == []


def test_completing_twice_gives_the_same_attachment(app_db: Flask, editor: Any, mine: int) -> None:
    content = samples.pdf()
    url = begin(editor, mine, "a.pdf", len(content)).get_json()["url"]
    put(editor, url, 0, content)
    first, second = complete(editor, url, content), complete(editor, url, content)
    assert first.get_json() == second.get_json()
    assert len(rows(app_db)) == 1


def test_completing_at_the_same_moment_attaches_once(
    app_db: Flask, store: Path, mine: int, signed_in: Any
) -> None:
    content = samples.pdf(size=MB)
    clients = [signed_in("dingcheng") for _ in range(4)]
    url = begin(clients[0], mine, "a.pdf", len(content)).get_json()["url"]
    put(clients[0], url, 0, content)
    gate = threading.Barrier(len(clients))

    def go(client: Any) -> Any:
        gate.wait()
        return complete(client, url, content)

    with ThreadPoolExecutor(len(clients)) as pool:
        answers = list(pool.map(go, clients))
    assert [a.status_code for a in answers] == [200] * 4, [a.get_data(as_text=True) for a in answers]
    assert len({a.get_json()["id"] for a in answers}) == 1
    assert len(rows(app_db)) == 1


def test_the_same_content_twice_is_refused_here_and_stored_once_elsewhere(
    app_db: Flask, store: Path, mine: int, foreign: int, signed_in: Any
) -> None:
    content, mine_client, other = samples.pdf(), signed_in("dingcheng"), signed_in("hanshou")
    assert upload(mine_client, mine, "a.pdf", content).status_code == 200
    again = upload(mine_client, mine, "b.pdf", content)
    assert again.status_code == 422
    assert "已经上传" in again.get_json()["message"]
    assert rows(app_db, UploadSession) == []
    assert upload(mine_client, mine, "c.pdf", content, "scheme_consent").status_code == 200
    assert upload(other, foreign, "d.pdf", content).status_code == 200
    assert len(rows(app_db)) == 3
    assert len(rows(app_db, StoredFile)) == 1
    assert len(files_below(store, "files")) == 1


@pytest.mark.parametrize(
    ("name", "content", "purpose"),
    [
        ("假的.pdf", b"MZ\x90\x00" + b"\0" * 400, "scheme_consent"),
        ("假的.pdf", samples.png(), "scheme_consent"),
        ("图.jpg", b"<svg onload=alert(1)>", "scheme_site_plan"),
        ("断.pdf", samples.pdf(size=3000)[:2000], "scheme_consent"),
        ("炸弹.png", samples.png_bomb(), "scheme_site_plan"),
        ("方案.zip", samples.archive("word/document.xml"), "scheme_document"),
    ],
)
def test_content_against_its_name_leaves_nothing(
    app_db: Flask, editor: Any, mine: int, store: Path, name: str, content: bytes, purpose: str
) -> None:
    answer = upload(editor, mine, name, content, purpose)
    assert answer.status_code == 422
    assert answer.get_json()["findings"][0]["rule"] == "R21"
    assert rows(app_db) == rows(app_db, UploadSession) == rows(app_db, StoredFile) == []
    assert files_below(store) == []


def test_a_picture_with_another_ending_gets_its_own(editor: Any, mine: int, store: Path) -> None:
    assert (
        upload(editor, mine, "总平面图.jpg", samples.png(), "scheme_site_plan").get_json()["name"]
        == "总平面图.png"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"size": 0}, {"size": 200 * MB + 1}, {"name": "a.exe"},
    ],
)  # fmt: skip
def test_what_is_announced_is_judged(editor: Any, mine: int, store: Path, change: dict[str, Any]) -> None:
    values = {"name": "a.pdf", "size": 100} | change
    assert begin(editor, mine, **values).status_code == 422
    assert files_below(store) == []


@pytest.mark.parametrize(
    "body",
    [
        None, [], {}, {"entity": "Community"},
        {"entity": "Community", "owner_id": "1", "purpose": "evidence", "name": "a.pdf", "size": 5},
        {"entity": "Community", "owner_id": 1, "purpose": "evidence", "name": "a.pdf", "size": True},
        {"entity": "Community", "owner_id": 2**80, "purpose": "evidence", "name": "a.pdf", "size": 5},
        {"entity": "Community", "owner_id": 1, "purpose": "evidence", "name": "", "size": 5},
        WELL | {"lng": "x"}, WELL | {"lng": "NaN", "lat": 1}, WELL | {"lng": 1, "lat": 91}, WELL | {"lng": 1},
        WELL | {"taken_at": "2025-01-01"}, WELL | {"taken_at": "x"},
        WELL | {"taken_at": "2999-01-01T00:00:00Z"},
    ],
)  # fmt: skip
def test_malformed_announcements_are_answered_400(editor: Any, body: Any) -> None:
    assert editor.post("/attachments/uploads/", json=body).status_code == 400


@pytest.mark.parametrize("entity", ["Nothing", "Account", "community"])
def test_an_undeclared_owner_does_not_exist(editor: Any, mine: int, entity: str) -> None:
    body = {"entity": entity, "owner_id": mine, "purpose": "evidence", "name": "a.pdf", "size": 5}
    assert editor.post("/attachments/uploads/", json=body).status_code == 404
    assert begin(editor, mine, "a.pdf", 5, "nothing").status_code == 404
    assert editor.get(f"/attachments/of/{entity}/{mine}/evidence").status_code == 404


@pytest.mark.req("R20")
def test_time_and_place_told_by_the_page_are_kept(app_db: Flask, editor: Any, mine: int) -> None:
    told = {"taken_at": "2025-06-01T09:30:00+08:00", "lng": 111.6875, "lat": 29.025}
    assert upload(editor, mine, "现场.jpg", samples.jpeg(), "photo_before", **told).status_code == 200
    (attachment,) = rows(app_db)
    assert attachment.told_at == dt.datetime(2025, 6, 1, 1, 30, tzinfo=dt.UTC)
    assert (float(attachment.told_lng), float(attachment.told_lat)) == (111.6875, 29.025)


def test_an_upload_belongs_to_one_person(store: Path, mine: int, foreign: int, signed_in: Any) -> None:
    me, other, reviewer = signed_in("dingcheng"), signed_in("hanshou"), signed_in("dingcheng_review")
    content = samples.pdf()
    url = begin(me, mine, "a.pdf", len(content)).get_json()["url"]
    assert begin(other, mine, "a.pdf", 10).status_code == 404
    assert begin(me, foreign, "a.pdf", 10).status_code == 404
    assert begin(reviewer, mine, "a.pdf", 10).status_code == 403
    assert other.get(url).status_code == 404
    assert put(other, url, 0, content).status_code == 404
    assert complete(other, url, content).status_code == 404
    assert other.delete(url).status_code == 404
    assert me.get("/attachments/uploads/" + "0" * 32).status_code == 404
    assert me.get("/attachments/uploads/..%2f..%2fportal.db").status_code == 404
    assert put(me, url, 0, content).status_code == 200
    assert me.put(f"{url}?offset=-1", data=b"x").status_code == 400


def test_without_the_token_of_the_page_nothing_changes(editor: Any, mine: int) -> None:
    del editor.environ_base["HTTP_X_CSRFTOKEN"]
    assert begin(editor, mine, "a.pdf", 10).status_code == 400


def test_giving_up_leaves_nothing(app_db: Flask, editor: Any, mine: int, store: Path) -> None:
    url = begin(editor, mine, "a.pdf", 100).get_json()["url"]
    put(editor, url, 0, b"%PDF-")
    assert editor.delete(url).status_code == 204
    assert rows(app_db, UploadSession) == []
    assert files_below(store) == []
    assert editor.get(url).status_code == 404


def test_a_lost_part_begins_anew(editor: Any, mine: int, store: Path) -> None:
    content = samples.pdf()
    url = begin(editor, mine, "a.pdf", len(content)).get_json()["url"]
    put(editor, url, 0, content[:20])
    files_below(store, "uploads")[0].unlink()
    lost = put(editor, url, 20, content[20:])
    assert (lost.status_code, lost.get_json()["received"]) == (409, 0)
    assert put(editor, url, 0, content).status_code == 200
    assert complete(editor, url, content).status_code == 200


def test_a_full_disk_is_said_before_anything_is_sent(
    app_db: Flask, editor: Any, mine: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_RESERVE", 1 << 62)
    assert begin(editor, mine, "a.pdf", 100).status_code == 507
    assert rows(app_db, UploadSession) == []


def test_a_cut_connection_keeps_what_came(app_db: Flask, editor: Any, mine: int) -> None:
    class Cut:
        def __init__(self) -> None:
            self.pieces = [b"%PDF-1.7\n" * 10]

        def read(self, _size: int) -> bytes:
            if self.pieces:
                return self.pieces.pop()
            raise ConnectionResetError

    url = begin(editor, mine, "a.pdf", 1000).get_json()["url"]
    with app_db.app_context(), pytest.raises(ConnectionResetError):
        parts.append(url.rsplit("/", 1)[-1], 0, Cut(), 1000)  # type: ignore[arg-type]
    assert editor.get(url).get_json()["received"] == 90


def test_two_pieces_at_once_do_not_mix(app_db: Flask, editor: Any, mine: int) -> None:
    key = begin(editor, mine, "a.pdf", 1000).get_json()["id"]
    with app_db.app_context(), parts.held(key), pytest.raises(parts.WrongPlace):
        parts.append(key, 0, __import__("io").BytesIO(b"x"), 1000)


def test_a_kill_between_content_and_row_leaves_an_orphan_that_verify_removes(
    app_db: Flask, editor: Any, mine: int, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = samples.pdf()
    url = begin(editor, mine, "a.pdf", len(content)).get_json()["url"]
    put(editor, url, 0, content)

    class Killed(BaseException):
        pass

    def die(*_args: Any, **_more: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(services, "attach_upload", die)
        with pytest.raises(Killed):
            complete(editor, url, content)
    assert rows(app_db) == rows(app_db, StoredFile) == []
    assert len(files_below(store, "files")) == 1
    with app_db.app_context(), acting_as(SYSTEM):
        assert upkeep.verify_files(db.session()) == []
        (said,) = upkeep.verify_files(db.session(), older_than=dt.timedelta(seconds=-1))
        assert "was removed" in said
        assert upkeep.verify_files(db.session(), older_than=dt.timedelta(seconds=-1)) == []
    assert files_below(store, "files") == []
    assert editor.get(url).get_json()["received"] == len(content)
    assert complete(editor, url, content).status_code == 200


def test_old_uploads_are_swept(app_db: Flask, editor: Any, mine: int, store: Path) -> None:
    begin(editor, mine, "a.pdf", 100)
    with app_db.app_context():
        assert upkeep.tidy() == (0, 0, 0)
        assert upkeep.tidy(utcnow() + dt.timedelta(days=8)) == (0, 0, 1)
    assert files_below(store) == []
    assert rows(app_db, UploadSession) == []

"""An S3-compatible store and a virus scanner, played by small local servers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.attachments import upkeep
from app.attachments.s3 import EMPTY, S3Error, S3Storage, signed_headers
from app.extensions import db
from app.jobs.services import run_waiting
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from tests.attachments import samples, stand_ins
from tests.attachments.conftest import files_below
from tests.attachments.samples import upload

pytestmark = pytest.mark.req("R21")


def test_signatures_equal_the_published_example() -> None:
    """The GET Object example of the S3 API reference, "Signature Calculations"."""
    headers = signed_headers(
        "GET", "examplebucket.s3.amazonaws.com", "/test.txt", {}, EMPTY,
        key="AKIAIOSFODNN7EXAMPLE", secret="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", region="us-east-1",
        now=dt.datetime(2013, 5, 24, tzinfo=dt.UTC), extra={"Range": "bytes=0-9"},
    )  # fmt: skip
    assert headers["authorization"].endswith(
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


@pytest.fixture
def remote(app_db: Flask, store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The application on an S3 store."""
    with stand_ins.s3() as server:
        for name, value in (
            ("S3_URL", f"http://127.0.0.1:{server.server_address[1]}"), ("S3_BUCKET", stand_ins.BUCKET),
            ("S3_KEY", stand_ins.KEY), ("S3_SECRET", stand_ins.SECRET), ("S3_REGION", stand_ins.REGION),
        ):  # fmt: skip
            monkeypatch.setitem(app_db.config, name, value)
        yield server


def test_files_live_in_the_store(app_db: Flask, remote: Any, editor: Any, mine: int, store: Path) -> None:
    content = samples.jpeg(1500, 1000)
    number = upload(editor, mine, "照片.jpg", content, "photo_before").get_json()["id"]
    assert list(remote.kept.values()) == [content]
    assert files_below(store) == []
    with app_db.app_context():
        assert run_waiting() == 1
    assert len(remote.kept) == 2
    assert editor.get(f"/attachments/download/{number}").data == content
    remote.ranges.clear()
    part = editor.get(f"/attachments/download/{number}", headers={"Range": "bytes=5000-5099"})
    assert (part.status_code, part.data) == (206, content[5000:5100])
    assert remote.ranges[-1] == "bytes=5000-"
    assert editor.get(f"/attachments/thumbnail/{number}").data.startswith(b"\xff\xd8")


def test_orphans_of_the_store_are_found_page_by_page(
    app_db: Flask, remote: Any, editor: Any, mine: int
) -> None:
    upload(editor, mine, "a.pdf", samples.pdf())
    for number in range(5):
        remote.kept[f"files/00/00/{number:064x}"] = b"x"
    with app_db.app_context(), acting_as(SYSTEM):
        found = upkeep.verify_files(db.session())
        assert len(found) == 5
        assert upkeep.verify_files(db.session()) == []
    assert len(remote.kept) == 1


def test_a_store_that_refuses_or_is_away_is_a_fault_not_a_loss(remote: Any, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"x")
    address = f"http://127.0.0.1:{remote.server_address[1]}"
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        S3Storage(address, stand_ins.BUCKET, stand_ins.KEY, "wrong").put("files/x", path)
    with pytest.raises(S3Error):
        S3Storage("http://127.0.0.1:9", stand_ins.BUCKET, stand_ins.KEY, stand_ins.SECRET).size("files/x")
    with pytest.raises(ValueError, match="S3_URL"):
        S3Storage("ftp://x", "b", "k", "s")
    good = S3Storage(address, stand_ins.BUCKET, stand_ins.KEY, stand_ins.SECRET)
    with pytest.raises(FileNotFoundError):
        good.open("files/y")
    good.remove("files/y")


def test_a_virus_is_refused_and_nothing_is_kept(
    app_db: Flask, editor: Any, mine: int, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stand_ins.clamd() as address:
        monkeypatch.setitem(app_db.config, "CLAMD", address)
        assert upload(editor, mine, "a.pdf", samples.pdf(size=900_000)).status_code == 200
        answer = upload(editor, mine, "b.pdf", samples.pdf("EICAR"))
        assert answer.status_code == 422
        assert "Win.Test.EICAR_HDB-1" in answer.get_json()["message"]
        assert len(files_below(store)) == 1


def test_without_an_answer_of_the_scanner_nothing_is_accepted(
    app_db: Flask, editor: Any, mine: int, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = samples.pdf()
    monkeypatch.setitem(app_db.config, "CLAMD", "127.0.0.1:9")
    url = samples.begin(editor, mine, "a.pdf", len(content)).get_json()["url"]
    samples.put(editor, url, 0, content)
    assert samples.complete(editor, url, content).status_code == 503
    with stand_ins.clamd() as address:
        monkeypatch.setitem(app_db.config, "CLAMD", address)
        assert samples.complete(editor, url, content).status_code == 200
        assert upload(editor, mine, "b.pdf", samples.pdf(size=4 * 1024 * 1024)).status_code == 503

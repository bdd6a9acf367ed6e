"""Uploading in a real browser: several files, a lost network, a reload, the bin, by keyboard, on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.jobs.services import run_waiting
from tests.attachments import samples
from tests.attachments.conftest import community_of, files_below
from tests.communities.test_browser import _sound

pytestmark = pytest.mark.req("R21", "M1.6.4")
WAIT = 15_000
PANEL = "[data-uploads]"


@pytest.fixture
def folder(app_sqlite: Flask, tmp_path: Path) -> Iterator[Path]:
    before = app_sqlite.config["DATA_DIR"]
    app_sqlite.config["DATA_DIR"] = str(tmp_path)
    yield tmp_path
    app_sqlite.config["DATA_DIR"] = before


@pytest.fixture
def record(app_sqlite: Flask, folder: Path, page_as: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """``record(width=360)``: the page of a community of 鼎城区; a fault of a script fails the test."""
    faults: list[str] = []

    def opened(width: int = 1440) -> Any:
        with app_sqlite.app_context():
            number = community_of("430703")
        page = page_as("dingcheng", width=width)
        page.on("pageerror", lambda error: faults.append(f"{error}\n{error.stack}"))
        page.goto(f"/communities/show/{number}")
        page.locator("#files-h").scroll_into_view_if_needed()
        page.wait_for_selector(PANEL, timeout=WAIT)
        return page

    yield opened
    assert faults == []


def chosen(*files: tuple[str, bytes]) -> list[dict[str, Any]]:
    return [
        {"name": name, "mimeType": "application/octet-stream", "buffer": content} for name, content in files
    ]


@pytest.mark.parametrize("width", [1440, 360])
def test_several_files_at_once_with_pictures(
    app_sqlite: Flask, record: Any, folder: Path, width: int
) -> None:
    page = record(width)
    content = samples.pdf(size=2_500_000)
    good = [("居民同意书.pdf", content), ("现场.jpg", samples.jpeg())]
    bad = [("坏.pdf", b"MZ\x90\x00" * 200), ("表.docx", b"x")]
    page.set_input_files(f"{PANEL} input", chosen(*good, *bad))
    page.wait_for_selector("text=现场.jpg >> xpath=ancestor::li[not(.//progress)]", timeout=WAIT)
    page.wait_for_selector(".files-going .file.bad >> nth=1", timeout=WAIT)
    said = page.inner_text(".files-going")
    assert "EXE" in said
    assert "类型不在可接受范围内" in said
    assert page.locator("[data-gallery] .file").count() == 2
    with app_sqlite.app_context():
        run_waiting()
    page.reload()
    page.locator(".file-face img").scroll_into_view_if_needed()
    page.locator(".file-face img").evaluate("image => image.decode()")
    _sound(page)
    page.click(".file-face img")
    page.wait_for_selector(".viewer-canvas img", timeout=WAIT)
    page.keyboard.press("Escape")
    page.wait_for_selector(".viewer-canvas img", state="hidden", timeout=WAIT)
    with page.expect_download() as got:
        page.click('a[aria-label="下载“居民同意书.pdf”"]')
    assert got.value.suggested_filename == "居民同意书.pdf"
    assert Path(got.value.path()).read_bytes() == content


def test_a_lost_network_is_waited_for(record: Any, folder: Path) -> None:
    page = record()
    cut = {"left": 3}

    def now_and_then(route: Any) -> None:
        if route.request.method == "PUT" and cut["left"]:
            cut["left"] -= 1
            route.abort("internetdisconnected")
        else:
            route.continue_()

    page.route("**/attachments/uploads/**", now_and_then)
    page.set_input_files(f"{PANEL} input", chosen(("材料.pdf", samples.pdf(size=1_500_000))))
    page.wait_for_selector("text=网络中断", timeout=WAIT)
    page.wait_for_selector("[data-gallery] >> text=材料.pdf", timeout=4 * WAIT)
    assert cut["left"] == 0


def test_after_a_reload_the_same_file_goes_on(record: Any, folder: Path) -> None:
    page = record()
    content = samples.pdf(size=3_000_000)
    page.route(
        "**/attachments/uploads/*",
        lambda r: r.abort() if "offset=1048576" in r.request.url else r.continue_(),
    )
    page.set_input_files(f"{PANEL} input", chosen(("材料.pdf", content)))
    page.wait_for_selector("text=网络中断", timeout=WAIT)
    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.wait_for_selector("text=已传 34% 时中断", timeout=WAIT)
    _sound(page)
    page.unroute("**/attachments/uploads/*")
    offsets: list[str] = []
    page.on("request", lambda r: offsets.append(r.url.rsplit("=", 1)[1]) if r.method == "PUT" else None)
    page.set_input_files(f"{PANEL} input", chosen(("材料.pdf", content)))
    page.wait_for_selector("[data-gallery] >> text=材料.pdf", timeout=WAIT)
    assert offsets[0] == "1048576"
    (stored,) = files_below(folder, "files")
    assert stored.read_bytes() == content


def test_deleting_restoring_and_cancelling_by_keyboard(record: Any, folder: Path) -> None:
    page = record()
    page.set_input_files(f"{PANEL} input", chosen(("材料.pdf", samples.pdf())))
    page.wait_for_selector("[data-gallery] >> text=材料.pdf", timeout=WAIT)
    page.focus("[data-file-delete]")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Tab")
    page.click("dialog[open] .btn-bad")
    page.wait_for_selector("text=暂无附件", timeout=WAIT)
    assert page.evaluate("document.activeElement.matches('[data-uploads-input]')")
    page.click("#toasts >> text=撤销")
    page.wait_for_selector("[data-gallery] >> text=材料.pdf", timeout=WAIT)
    page.route(
        "**/attachments/uploads/*", lambda r: r.abort() if r.request.method == "PUT" else r.continue_()
    )
    page.set_input_files(f"{PANEL} input", chosen(("另一份.pdf", samples.pdf("y"))))
    page.wait_for_selector("text=网络中断", timeout=WAIT)
    page.focus(".files-going button")
    with page.expect_response(lambda r: r.request.method == "DELETE") as gone:
        page.keyboard.press("Enter")
    assert gone.value.status == 204
    page.wait_for_selector(".files-going .file", state="detached", timeout=WAIT)
    assert files_below(folder, "uploads") == []


def test_a_reader_is_offered_no_upload(app_sqlite: Flask, folder: Path, page_as: Callable[..., Any]) -> None:
    with app_sqlite.app_context():
        number = community_of("430703")
    page = page_as("hunan")
    page.goto(f"/communities/show/{number}")
    page.locator("#files-h").scroll_into_view_if_needed()
    page.wait_for_selector("text=暂无附件")
    assert page.locator("[data-uploads-input]").count() == 0
    _sound(page)

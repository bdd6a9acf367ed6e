"""In a real browser: photos of an inspection that wait for the network on a phone; two phones on one content."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.attachments.models import Attachment
from app.extensions import db
from app.inspections.models import InspectionItem
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from tests.attachments.samples import jpeg, pdf


def settled(page: Any) -> None:
    """Nothing waits to be sent any more."""
    page.wait_for_selector("[data-queue][hidden]", state="attached", timeout=20000)


@pytest.mark.req("M1.6.7.3")
def test_photos_wait_for_the_network(app_sqlite: Flask, page_as: Callable[..., Any], tmp_path: Path) -> None:
    """Taken without a connection: kept, seen, over a reload and a closed page, then sent with time and place."""
    picture, sheet = tmp_path / "a.jpg", tmp_path / "sheet.pdf"
    picture.write_bytes(jpeg(320, 240, seed=77))
    sheet.write_bytes(pdf("sheet"))
    phone = page_as("dingcheng", width=360, height=740)
    phone.context.grant_permissions(["geolocation"])
    phone.context.set_geolocation({"longitude": 111.68, "latitude": 29.01, "accuracy": 8})
    phone.goto("/inspections/list/?state=draft")
    phone.click("td.nm a")
    phone.click("text=手机现场检查")
    phone.wait_for_selector("[data-place-box]:not([data-state=wait])")
    phone.evaluate(
        "navigator.serviceWorker.ready.then(() => caches.open('portal-onsite')).then(async c => {"
        " while (!(await c.match(location.pathname))) { await new Promise(d => setTimeout(d, 100)); } })"
    )
    item = phone.locator("[data-item][data-finding='']").first
    key = int(item.get_attribute("data-item"))
    phone.context.set_offline(True)
    card = f"[data-item='{key}']"
    phone.click(f"{card} .is-problem")
    phone.fill(f"{card} [data-problem]", "3 栋门前路面未修复")
    phone.set_input_files(f"{card} [data-shot]", str(picture))
    phone.wait_for_selector("text=1 张待上传 · 1 条检查结果待上传")
    assert "草稿已存本机" in phone.inner_text("[data-saved-state]")
    phone.reload()
    phone.wait_for_selector(f"{card} .os-photo.waiting")
    assert phone.input_value(f"{card} [data-problem]") == "3 栋门前路面未修复"
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    address, context = phone.url, phone.context
    phone.close()
    context.set_offline(False)
    again = context.new_page()
    again.goto(address)
    settled(again)
    again.set_input_files("[data-sheet]", str(sheet))
    again.wait_for_selector("[data-sheets]:text-is('1')", timeout=20000)
    settled(again)
    with app_sqlite.app_context(), acting_as(SYSTEM):
        content = db.session.get(InspectionItem, key)
        assert (content.finding, content.problem) == ("problem", "3 栋门前路面未修复")
        wanted = (Attachment.owner_entity == "InspectionItem", Attachment.owner_id == key)
        photo = db.session.scalars(select(Attachment).where(*wanted)).one()
        assert (float(photo.told_lng), float(photo.told_lat)) == (111.68, 29.01)
        assert photo.told_at is not None and photo.told_at < photo.created_at
        db.session.remove()


@pytest.mark.req("M1.6.7.3")
def test_a_colleague_was_faster(page_as: Callable[..., Any]) -> None:
    """Two phones on one content: the second is told and chooses; nothing typed is lost."""
    first, second = page_as("dingcheng", width=360), page_as("dingcheng", width=360)
    first.goto("/inspections/list/?state=draft")
    first.click("td.nm a")
    where = f"{first.url.replace('/show', '')}/onsite"
    for page in (first, second):
        page.goto(where)
        page.wait_for_selector("[data-item]")
    card = f"[data-item='{first.locator('[data-item]').last.get_attribute('data-item')}']"
    first.click(f"{card} .is-ok")
    first.wait_for_selector(f"{card}[data-version='2']")
    second.click(f"{card} .is-problem")
    second.fill(f"{card} [data-problem]", "灯杆倾斜")
    second.wait_for_selector("text=同事刚刚修改了这项内容。")
    second.click(f"{card} [data-says] button:has-text('用我的')")
    settled(second)
    first.reload()
    assert first.input_value(f"{card} [data-problem]") == "灯杆倾斜"

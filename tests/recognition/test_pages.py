"""The form of a recognition over HTTP: what was typed survives a colleague who was faster, and a refusal."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.persistence.work import unit_of_work
from app.recognition import services
from tests.areas.helpers import open_window
from tests.recognition.helpers import plan_with_contents


@pytest.mark.req("M1.6.7.1", "R14")
def test_typed_text_is_never_lost(app_db: Flask, signed_in: Callable[[str], FlaskClient], as_user: Any) -> None:
    with app_db.app_context():
        open_window()
        with as_user("dingcheng"), unit_of_work() as session:
            row = services.begin(session, plan_with_contents(session).id, "start")
            number, version = row.id, row.version
    clerk, where = signed_in("dingcheng"), f"/recognitions/edit/{number}"

    def post(**typed: str) -> Any:
        return clerk.post(where, data={"token": typed.pop("token"), "version": str(version), **typed})

    first = post(token="a" * 32, recognisers="甲某")
    assert first.status_code == 302 and first.headers["Location"].endswith(f"/recognitions/show/{number}")
    assert post(token="a" * 32, recognisers="乙某").status_code == 302, "the same form sent twice is one change"
    late = post(token="b" * 32, recognisers="丙某", note="现场已围挡")
    html = late.get_data(as_text=True)
    assert late.status_code == 409 and "甲某" in html and "丙某" in html and "现场已围挡" in html
    version = int(re.search(r'name="version"[^>]*value="(\d+)"', html)[1])
    refused = post(token="c" * 32, recognisers="丙某", recognised_on="昨天")
    html = refused.get_data(as_text=True)
    assert refused.status_code == 422 and 'value="昨天"' in html and "尚未保存" in html
    assert f'value="{version}"' in html
    sent = post(token="d" * 32, recognisers="丙某", then="submit", confirmed="1")
    html = sent.get_data(as_text=True)
    assert sent.status_code == 422 and "已保存为草稿，尚未提交" in html and "丙某" in html
    shown = clerk.get(f"/recognitions/show/{number}").get_data(as_text=True)
    assert 'value="丙某"' in shown

"""The manual stands inside the product and opens without signing in."""

from __future__ import annotations

import pytest


@pytest.mark.req("M1.1")
def test_the_manual_opens_for_everybody(app_sqlite):
    html = app_sqlite.test_client().get("/manual/").get_data(as_text=True)
    assert "县市区填报员" in html
    assert 'href="#c1"' in html
    assert '<h2 id="c1">' in html

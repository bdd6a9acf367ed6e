"""Distances on the ground."""

from __future__ import annotations

import pytest

from app.kernel.geo import haversine_m


@pytest.mark.req("R05", "R20")
def test_known_distances() -> None:
    assert haversine_m(111.683204, 29.013572, 111.683204, 29.013572) == 0
    assert haversine_m(0, 0, 0, 1) == pytest.approx(111_195, abs=1)
    assert haversine_m(0, 60, 1, 60) == pytest.approx(55_597, abs=10)
    assert haversine_m(179.9995, 0, -179.9995, 0) == pytest.approx(111.2, abs=0.1)

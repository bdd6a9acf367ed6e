"""Every delivered row of the requirement register is carried by at least one test, and no test invents a row."""

from __future__ import annotations

import pytest

from tests.guards.register import OWED, known_ids
from tests.guards.source import marked


@pytest.mark.parametrize("row", OWED)
def test_a_delivered_row_has_a_test(row: str) -> None:
    assert row in known_ids(), f"{row} is not in docs/requirements.md or docs/rules.md"
    assert marked().get(row), f"no test carries @pytest.mark.req({row!r})"


def test_markers_name_existing_rows() -> None:
    unknown = {row: where for row, where in marked().items() if row not in known_ids()}
    assert not unknown

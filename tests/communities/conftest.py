"""Rows of the real import template, for the rules without a database."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

SEED = Path(__file__).resolve().parents[2] / "seed"


@pytest.fixture
def import_rows() -> list[list[str]]:
    """The 15 rows of the template as filled in by 鼎城区, without the head."""
    with (SEED / "demo" / "import-dingcheng.csv").open(encoding="utf-8", newline="") as sheet:
        return list(csv.reader(sheet))[1:]

"""Writes tests/accounts/golden_matrix.json from the matrix: run after a change that is meant, and review the diff."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app.accounts.matrix import ROLES  # noqa: E402

GOLDEN = ROOT / "tests" / "accounts" / "golden_matrix.json"


def table() -> dict[str, list[str]]:
    """Role → its permissions as ``action Resource``, sorted."""
    return {
        name: sorted(f"{action} {resource}" for action, resource in spec.permissions)
        for name, spec in ROLES.items()
    }


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(table(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

"""The shape of the program: directions of imports, sizes, and who may write."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import config
from tests.guards.source import APP, imports, modules, named, tree

LONGEST_FILE, LONGEST_FUNCTION = 400, 50


def test_import_contracts() -> None:
    """The contracts of pyproject.toml: pure kernel and rules, directions, stages."""
    run = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"],
        cwd=config.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]


def test_every_capability_stands_in_the_direction_contract() -> None:
    """A new folder with services must be listed, or the contract would not look at it."""
    listed = (config.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    missing = [
        f"app.{p.parent.name}" for p in APP.glob("*/services.py") if f'"app.{p.parent.name}"' not in listed
    ]
    assert not missing, f"add to containers of the contract “direction” in pyproject.toml: {missing}"


def test_only_navigation_imports_views() -> None:
    """Base classes of views (web, exchange) are machinery; a capability's own views are nobody else's business."""
    faults = []
    for path in modules():
        owner = path.relative_to(APP).parts[0]
        for name in imports(path):
            parts = name.split(".")
            foreign = (
                len(parts) >= 3
                and parts[0] == "app"
                and parts[2] == "views"
                and parts[1] not in ("web", "exchange", owner)
            )
            if foreign and path != APP / "navigation.py":
                faults.append(f"{named(path)}: {name}")
    assert not faults


def test_services_never_commit() -> None:
    faults = [
        f"{named(path)}:{node.lineno}"
        for path in modules()
        if path.name == "services.py"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]
    assert not faults


@pytest.mark.parametrize("path", modules(), ids=named)
def test_sizes(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST_FILE, f"{named(path)} has {lines} lines"
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{named(path)}: {node.name} has {length} lines"


def test_no_swallowed_errors() -> None:
    """``except …: pass`` hides faults; where nothing needs doing, a comment says why."""
    faults = []
    for path in modules():
        text = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(tree(path)):
            bare = (
                isinstance(node, ast.ExceptHandler)
                and len(node.body) == 1
                and isinstance(node.body[0], ast.Pass)
            )
            if bare and "#" not in text[node.body[0].lineno - 1]:
                faults.append(f"{named(path)}:{node.lineno}")
    assert not faults

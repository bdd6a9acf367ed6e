"""Writes docs/coverage.md: every row of the requirement register and the tests that carry its number (`make docs`)."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROW = re.compile(r"^\| ((?:M|N|G|D)[0-9A-Za-z.]+) \| ([^|]+) \| (.+) \|$")


def register() -> list[tuple[str, str, str]]:
    """(id, who, requirement) of every row, in order."""
    lines = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8").splitlines()
    return [(m[1], m[2].strip(), m[3].strip()) for line in lines if (m := ROW.match(line))]


def _ids(node: ast.AST) -> list[str]:
    """The ids of ``pytest.mark.req("…")`` anywhere inside a node."""
    return [
        arg.value
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "req"
        for arg in call.args
        if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
    ]


def _tests(node: ast.Module | ast.ClassDef) -> list[ast.FunctionDef]:
    found: list[ast.FunctionDef] = []
    for child in node.body:
        if isinstance(child, ast.FunctionDef) and child.name.startswith("test"):
            found.append(child)
        elif isinstance(child, ast.ClassDef):
            found += _tests(child)
    return found


def proofs() -> dict[str, dict[str, int]]:
    """id → test file → number of test functions that carry the id (their own mark or the file's)."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        whole = {
            one
            for node in tree.body
            if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "pytestmark" for t in node.targets)
            for one in _ids(node)
        }
        name = str(path.relative_to(ROOT))
        for test in _tests(tree):
            own = {one for decorator in test.decorator_list for one in _ids(decorator)}
            for one in whole | own:
                found[one][name] += 1
    return found


def table() -> str:
    """The whole document."""
    have = proofs()
    lines = ["# 需求覆盖表", "", "由 `make docs` 依据测试上的需求编号生成，请勿手工修改。", ""]
    lines += ["| 编号 | 角色 | 需求 | 测试数 | 所在文件 |", "|---|---|---|---|---|"]
    for number, who, text in register():
        files = have.get(number, {})
        where = "<br>".join(f"`{name}`" for name in files) or "—"
        lines.append(f"| {number} | {who} | {text} | {sum(files.values())} | {where} |")
    done = sum(1 for number, _who, _text in register() if have.get(number))
    return "\n".join([*lines, "", f"{len(register())} 条中 {done} 条已有测试。", ""])


if __name__ == "__main__":
    (ROOT / "docs" / "coverage.md").write_text(table(), encoding="utf-8")

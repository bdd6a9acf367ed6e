"""What the guards read of the program itself: modules, templates, catalogues, markers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import config

APP = config.ROOT / "app"
TEMPLATES = config.ROOT / "templates"
CATALOGUES = config.ROOT / "translations" / "zh_Hans_CN" / "LC_MESSAGES"
REGISTER = config.ROOT / "docs" / "requirements.md"
RULES = config.ROOT / "docs" / "rules.md"
_JINJA = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)


def modules() -> list[Path]:
    """Every module of the program; migrations are history and keep their own shape."""
    return sorted(p for p in APP.rglob("*.py") if "versions" not in p.parts)


def named(path: Path) -> str:
    return str(path.relative_to(config.ROOT))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Dotted names of what a module imports, anywhere in it."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def templates() -> list[Path]:
    return sorted(TEMPLATES.rglob("*.html"))


def markup(path: Path) -> str:
    """A template without its Jinja parts: what is left is HTML as written."""
    return _JINJA.sub(" ", path.read_text(encoding="utf-8"))


def marked() -> dict[str, list[str]]:
    """Register id → the test modules that carry it in ``pytest.mark.req``."""
    found: dict[str, list[str]] = {}
    for path in sorted((config.ROOT / "tests").rglob("*.py")):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.req"):
                for arg in node.args:
                    if isinstance(arg, ast.Constant):
                        found.setdefault(str(arg.value), []).append(named(path))
    return found
